//! The callbacks met so far, for `--dedupe`.

use super::lines::Lines;
use super::{detached, lock};
use crate::identity::{self, FINGERPRINT};
use crate::local;
use crate::seen::Seen;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Mutex;

/// The callbacks met so far, by fingerprint.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "Seen")]
pub struct PySeen {
    /// Whether the fingerprints are those of this process alone.
    pub is_local: bool,
    seen: Mutex<Seen>,
}

#[pymethods]
impl PySeen {
    #[new]
    fn new(is_local: bool) -> Self {
        PySeen {
            is_local,
            seen: Mutex::default(),
        }
    }

    /// Enters fingerprints, 16 bytes each, in order; a byte for each, 1 where it is new.
    fn add<'py>(&self, py: Python<'py>, fingerprints: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        if self.is_local && !fingerprints.is_empty() {
            return Err(PyValueError::new_err("fingerprints that are not of this process alone"));
        }
        let (marks, _) = fingerprints.as_chunks();
        let is_new: Vec<u8> = detached(py, || self.enter(marks).into_iter().map(u8::from).collect())?;
        Ok(PyBytes::new(py, &is_new))
    }
}

impl PySeen {
    /// Enters fingerprints. Tells of each whether it is new.
    pub fn enter(&self, marks: &[[u8; FINGERPRINT]]) -> Vec<bool> {
        lock(&self.seen).enter(marks)
    }
}

impl Lines {
    /// The fingerprint of each counted record; with `is_local` one that holds in this process alone.
    pub fn marks(&self, py: Python<'_>, is_local: bool) -> PyResult<Vec<[u8; FINGERPRINT]>> {
        let text = self.text.bytes(py);
        self.names.with(py, |names| {
            let state = lock(&self.state);
            if is_local {
                local::fingerprints(&state.block, text, state.records(), names)
            } else {
                identity::fingerprints(&state.block, text, state.records(), names)
            }
        })
    }
}
