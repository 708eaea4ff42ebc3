//! Records as replay needs them.

use super::lines::Lines;
use super::lock;
use crate::domains::{address, split};
use crate::identity;
use crate::vocabulary::*;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};
use sha2::{Digest, Sha256};
use std::hash::RandomState;
use std::sync::LazyLock;

static LANES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Line, offset, length, timestamp, event, domain, lane and id of each counted record of a piece that begins there.
pub fn rows<'py>(lines: &Lines, py: Python<'py>, lane: &str, line: u64, offset: u64) -> PyResult<Bound<'py, PyList>> {
    let text = lines.text.bytes(py);
    let found = lines.names.with(py, |names| {
        let state = lock(&lines.state);
        let mut email = Vec::new();
        let mut rows = Vec::new();
        for record in state.records() {
            let field = |slot| state.block.text(text, record, slot).unwrap_or_default();
            email.clear();
            address(names, &field(EMAIL), lane == "email", &mut email);
            let domain = split(&email).1;
            let lane = match lane {
                "message" => Some(identity::lane(&LANES, &[&field(BULK_ID), &email])),
                "email" => Some(identity::lane(&LANES, &[&email])),
                "domain" => Some(identity::lane(&LANES, &[domain])),
                _ => None,
            };
            let id = Sha256::digest(text.get(record.start as usize..record.end as usize).unwrap_or_default());
            rows.push((*record, domain.to_vec(), lane, id));
        }
        rows
    })?;
    let rows = PyList::empty(py);
    let events = EVENTS.map(|(name, _)| PyString::intern(py, name));
    for (record, domain, lane, id) in &found {
        let event = &events[usize::from(record.event)];
        let (length, id) = (record.end - record.start, PyBytes::new(py, &id[..16]));
        let domain = String::from_utf8_lossy(domain);
        rows.append((
            line + u64::from(record.row),
            offset + u64::from(record.start),
            length,
            record.time(),
            event,
            domain,
            *lane,
            id,
        ))?;
    }
    Ok(rows)
}
