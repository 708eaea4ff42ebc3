//! What became of messages, as Python sees it.

use super::counting::PyCounter;
use super::{detached, lock};
use crate::ends::{Ends, Told};
use pyo3::prelude::*;
use std::sync::Mutex;

/// Messages by their groups, what happened and hour.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "Ends")]
#[derive(Default)]
pub struct PyEnds {
    ends: Mutex<Ends>,
}

#[pymethods]
impl PyEnds {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Takes in messages of a part, all of whose rows are there; `lives` counts them too.
    #[pyo3(signature = (rows, lives))]
    fn add(&self, py: Python<'_>, rows: &[u8], lives: Option<&PyCounter>) -> PyResult<()> {
        detached(py, || {
            let mut lives = lives.map(|lives| lock(&lives.counter));
            lock(&self.ends).add(rows, lives.as_deref_mut());
        })
    }

    /// Takes in what another one has counted, which is spent then.
    fn merge(&self, py: Python<'_>, other: &PyEnds) -> PyResult<()> {
        detached(py, || {
            let other = std::mem::take(&mut *lock(&other.ends));
            lock(&self.ends).merge(other);
        })
    }

    /// Label of the group, what happened, hour and how many: see `Ends` of `ses_cli/message/ends.py`.
    fn counts(&self, py: Python<'_>, labels: Vec<(u64, u64)>, edges: Option<Vec<u64>>) -> PyResult<Vec<Told>> {
        detached(py, || {
            lock(&self.ends).counts(&labels.into_iter().collect(), edges.as_deref())
        })
    }

    /// The same of those that failed or were delayed, by what stands for the meaning instead of what happened.
    fn failures(&self, py: Python<'_>, labels: Vec<(u64, u64)>, edges: Option<Vec<u64>>) -> PyResult<Vec<Told>> {
        detached(py, || {
            lock(&self.ends).failures(&labels.into_iter().collect(), edges.as_deref())
        })
    }
}
