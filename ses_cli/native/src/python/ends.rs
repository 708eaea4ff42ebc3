//! What became of messages, as Python sees it.

use super::detached;
use crate::ends::Ends;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

/// Of messages all of whose rows are there: how many by group, what happened and hour; and key, step, time and group of
/// each that failed.
#[pyfunction]
pub fn ends<'py>(py: Python<'py>, rows: &[u8]) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyList>)> {
    let found = detached(py, || Ends::of(rows))?;
    let (counts, failed) = (PyDict::new(py), PyList::empty(py));
    for (key, n) in found.counts {
        counts.set_item(key, n)?;
    }
    for one in found.failed {
        failed.append((PyBytes::new(py, &one.key), one.step, one.time, one.group))?;
    }
    Ok((counts, failed))
}
