//! The engine as Python sees it: it makes `Lines` of texts and of logs.

use super::groups::Met;
use super::lines::Lines;
#[cfg(unix)]
use super::log::{Log, SLACK, read_lines};
use super::names::Names;
use super::reasons::Reasons;
use super::state::{Spare, State, Text};
use super::{detached, lock};
use crate::block::Block;
use crate::domains::split;
use crate::scan::{Checks, Scanner};
use crate::select::Selection;
use crate::vocabulary::*;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// Bytes of a text that is scanned here.
const MOST_TEXT: usize = (1 << 31) - 1;

/// Makes blocks. What it has met makes it quicker, and changes no answer.
#[pyclass(frozen, module = "ses_cli.native._engine")]
pub struct Engine {
    scanner: Mutex<Scanner>,
    selection: Arc<Selection>,
    names: Names,
    reasons: Reasons,
    groups: Met,
    spare: Arc<Mutex<Spare>>,
}

#[pymethods]
impl Engine {
    /// `selection` has the fields of `ses_cli.selection.Selection`; `domain_name` is that of `ses_cli.identity`.
    #[new]
    fn new(
        max_line: usize,
        strict: bool,
        explain: bool,
        selection: &Bound<'_, PyAny>,
        domain_name: Py<PyAny>,
    ) -> PyResult<Self> {
        let checks = Checks {
            max_line,
            strict,
            explain,
            shapes: explain,
        };
        Ok(Engine {
            scanner: Mutex::new(Scanner::new(checks)),
            selection: Arc::new(wanted(selection)?),
            names: Names {
                known: Arc::default(),
                domain_name: Arc::new(domain_name),
            },
            reasons: Reasons::default(),
            groups: Met::default(),
            spare: Arc::default(),
        })
    }

    /// The lines of a text, of which only the last one may have no end.
    fn scan(&self, py: Python<'_>, text: Bound<'_, PyBytes>) -> PyResult<Lines> {
        let bytes = text.as_bytes();
        if bytes.len() > MOST_TEXT {
            return Err(PyValueError::new_err("a text of more than 2 GiB"));
        }
        let block = detached(py, || self.block(bytes))?;
        Ok(self.lines(Text::Bytes(text.unbind()), block))
    }

    /// The lines of a log from `offset` on, where a line begins, as far as they begin before `end` and fit into about
    /// `size` bytes; and where the next line begins. None where this takes a closer look: a long line, the end of the
    /// log, or an error.
    #[cfg(unix)]
    fn read(&self, py: Python<'_>, log: &Log, offset: u64, end: u64, size: usize) -> PyResult<Option<(Lines, u64)>> {
        let done = detached(py, || {
            let mut buffer = lock(&self.spare).buffers.pop().unwrap_or_default();
            let wanted = usize::try_from(end.saturating_sub(offset))
                .unwrap_or(usize::MAX)
                .saturating_add(SLACK);
            let size = size.saturating_add(SLACK).min(MOST_TEXT).min(wanted);
            let length = read_lines(&log.file, offset, end, size, &mut buffer)?;
            let block = self.block(&buffer[..length]);
            Some((buffer, length, block))
        })?;
        Ok(done
            .map(|(buffer, length, block)| (self.lines(Text::Buffer(buffer, length), block), offset + length as u64)))
    }
}

impl Engine {
    fn block(&self, text: &[u8]) -> Block {
        let mut block = lock(&self.spare).blocks.pop().unwrap_or_default();
        block.clear();
        lock(&self.scanner).scan(text, &mut block);
        block
    }

    fn lines(&self, text: Text, block: Block) -> Lines {
        let (selection, names, spare) = (self.selection.clone(), self.names.clone(), self.spare.clone());
        let (reasons, groups) = (self.reasons.clone(), self.groups.clone());
        Lines {
            text,
            state: Mutex::new(State::new(block)),
            selection,
            names,
            reasons,
            groups,
            spare,
        }
    }
}

fn wanted(selection: &Bound<'_, PyAny>) -> PyResult<Selection> {
    let names = |field: &str| -> PyResult<hashbrown::HashSet<Vec<u8>, _>> {
        let names: HashSet<String> = selection.getattr(field)?.extract()?;
        Ok(names.into_iter().map(String::into_bytes).collect())
    };
    let events: HashSet<String> = selection.getattr("events")?.extract()?;
    let bits = events
        .iter()
        .map(|name| event(name.as_bytes()))
        .filter(|&event| event != NO_EVENT);
    let emails = names("emails")?;
    Ok(Selection {
        events: (!events.is_empty()).then(|| bits.fold(0, |bits, event| bits | 1 << event)),
        since: selection.getattr("since")?.extract()?,
        until: selection.getattr("until")?.extract()?,
        domains: names("domains")?,
        from_domains: names("from_domains")?,
        locals: emails.iter().map(|email| split(email).0.to_vec()).collect(),
        emails,
        bulk_ids: names("bulk_ids")?,
        message_ids: names("message_ids")?,
        templates: names("templates")?,
    })
}
