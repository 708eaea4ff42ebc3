//! What became of messages, as Python sees it.

use super::{detached, lock};
use crate::ends::Ends;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
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

    /// Takes in messages all of whose rows are there. Returns key, step, time and group of each that failed.
    fn add<'py>(&self, py: Python<'py>, rows: &[u8]) -> PyResult<Bound<'py, PyList>> {
        let found = detached(py, || lock(&self.ends).add(rows))?;
        let list = PyList::empty(py);
        for one in found {
            list.append((PyBytes::new(py, &one.key), one.step, one.time, one.group))?;
        }
        Ok(list)
    }

    /// How many by group (or its label), what happened and hour (or the last of `edges` that is no later).
    fn counts<'py>(&self, py: Python<'py>, labels: Vec<(u64, u64)>, edges: Vec<u64>) -> PyResult<Bound<'py, PyDict>> {
        let found = detached(py, || {
            let labels: HashMap<u64, u64, RandomState> = labels.into_iter().collect();
            lock(&self.ends).counts(&labels, &edges)
        })?;
        let counts = PyDict::new(py);
        for (place, n) in found {
            counts.set_item(place, n)?;
        }
        Ok(counts)
    }
}
