//! What became of messages, as Python sees it.

use super::{detached, lock};
use crate::ends::{Ends, Labels, Place};
use pyo3::prelude::*;
use pyo3::types::PyDict;
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

    /// Takes in messages all of whose rows are there.
    fn add(&self, py: Python<'_>, rows: &[u8]) -> PyResult<()> {
        detached(py, || lock(&self.ends).add(rows))
    }

    /// How many by group (or its label), what happened and hour (or the last of `edges` that is no later).
    fn counts<'py>(&self, py: Python<'py>, labels: Vec<(u64, u64)>, edges: Vec<u64>) -> PyResult<Bound<'py, PyDict>> {
        self.told(py, labels, |ends, labels| ends.counts(labels, &edges))
    }

    /// How many failed or were delayed, by what stands for the meaning instead of what happened.
    fn failures<'py>(&self, py: Python<'py>, labels: Vec<(u64, u64)>, edges: Vec<u64>) -> PyResult<Bound<'py, PyDict>> {
        self.told(py, labels, |ends, labels| ends.failures(labels, &edges))
    }
}

impl PyEnds {
    fn told<'py>(
        &self,
        py: Python<'py>,
        labels: Vec<(u64, u64)>,
        ask: impl Fn(&mut Ends, &Labels) -> Vec<(Place, u64)> + Send + Sync,
    ) -> PyResult<Bound<'py, PyDict>> {
        let found = detached(py, || ask(&mut lock(&self.ends), &labels.into_iter().collect()))?;
        let counts = PyDict::new(py);
        for (place, n) in found {
            counts.set_item(place, n)?;
        }
        Ok(counts)
    }
}
