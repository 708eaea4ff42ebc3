//! Messages counted, as Python sees them.

use super::{detached, lock};
use crate::counting::{Counter, Found, Listed};
use crate::durations::Durations;
use crate::lives::Life;
use crate::totals::Totals;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use std::sync::Mutex;

/// Messages by their groups.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "MessageCounter")]
pub struct PyCounter {
    pub counter: Mutex<Counter>,
}

#[pymethods]
impl PyCounter {
    /// Groups that have a label are counted by that.
    #[new]
    fn new(labels: Vec<(u64, u64)>) -> Self {
        let counter = Mutex::new(Counter::new(labels.into_iter().collect()));
        PyCounter { counter }
    }

    /// Takes in all rows of some messages. Returns key, group and life of those listed: 0 none, 1 all, 2 impossible,
    /// 3 pending since `until` or longer.
    fn add<'py>(&self, py: Python<'py>, rows: &[u8], listed: u8, until: u64) -> PyResult<Bound<'py, PyList>> {
        let listed = match listed {
            1 => Listed::All,
            2 => Listed::Impossible,
            3 => Listed::Pending,
            _ => Listed::Nothing,
        };
        let found = detached(py, || lock(&self.counter).add(rows, listed, until))?;
        let list = PyList::empty(py);
        for Found { key, group, life } in &found {
            list.append((PyBytes::new(py, key), group, life_tuple(py, life)?))?;
        }
        Ok(list)
    }

    /// Takes in what another one has counted, which is spent then.
    fn merge(&self, py: Python<'_>, other: &PyCounter) -> PyResult<()> {
        detached(py, || {
            let other = std::mem::take(&mut *lock(&other.counter));
            lock(&self.counter).merge(other);
        })
    }

    /// Group, or its label, and what its messages come to.
    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (label, totals) in lock(&self.counter).totals() {
            list.append((*label, totals_tuple(py, totals)?))?;
        }
        Ok(list)
    }

    /// What all messages come to.
    fn whole<'py>(&self, py: Python<'py>) -> PyResult<TotalsTuple<'py>> {
        let mut whole = detached(py, || lock(&self.counter).whole())?;
        totals_tuple(py, &mut whole)
    }
}

type Lengths<'py> = (Bound<'py, PyDict>, Option<u64>);
type TotalsTuple<'py> = (Vec<u64>, Vec<Lengths<'py>>);

/// Counts, and four times the numbers of each length of time with the longest.
fn totals_tuple<'py>(py: Python<'py>, totals: &mut Totals) -> PyResult<TotalsTuple<'py>> {
    let Totals {
        counts,
        to_delivered,
        to_open,
        to_person,
        retries,
    } = totals;
    let times = [to_delivered, to_open, to_person, retries].map(|times| lengths(py, times));
    Ok((counts.to_vec(), times.into_iter().collect::<PyResult<_>>()?))
}

fn lengths<'py>(py: Python<'py>, found: &mut Durations) -> PyResult<Lengths<'py>> {
    let counts = PyDict::new(py);
    for (value, n) in found.counts() {
        counts.set_item(value, n)?;
    }
    Ok((counts, found.most))
}

/// The fields of `ses_cli.message.Life`.
fn life_tuple<'py>(py: Python<'py>, life: &Life) -> PyResult<Bound<'py, PyTuple>> {
    let head = (
        life.sent,
        life.known_from,
        life.since,
        life.delivered,
        life.bounced,
        life.dropped,
        life.deferrals,
        life.retries,
        life.first_open,
    );
    let rest = (
        life.first_person,
        life.opens,
        life.first_click,
        life.clicks,
        life.has_complained,
        life.has_unsubscribed,
        life.end,
        life.flags,
    );
    let (head, rest) = (head.into_pyobject(py)?, rest.into_pyobject(py)?);
    Ok(head.add(rest)?.cast_into::<PyTuple>()?)
}
