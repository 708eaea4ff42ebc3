//! Steps of messages, and messages counted, as Python sees them.

use super::lines::Lines;
use super::tally::key;
use super::{detached, lock, string};
use crate::block::Record;
use crate::lives::{Counter, Durations, Found, Life, Listed, Totals};
use crate::messages::{GROUPED_BY, Messages, Name, PARTS, Proxies};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use std::sync::Mutex;

/// Steps of messages, batch after batch.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "Messages")]
pub struct PyMessages {
    messages: Mutex<Messages>,
    judge: Option<Py<PyAny>>,
}

#[pymethods]
impl PyMessages {
    /// `proxies` are texts of user agents, each with whether it is all of one; `judge` is a `ses_cli.batch.Judge`.
    #[new]
    #[pyo3(signature = (by, has_texts, proxies, judge))]
    fn new(by: Vec<String>, has_texts: bool, proxies: Vec<(String, bool)>, judge: Option<Py<PyAny>>) -> PyResult<Self> {
        let keys: Vec<_> = by.iter().map(|name| key(name)).collect::<PyResult<_>>()?;
        if keys.len() > GROUPED_BY.len() || keys.iter().any(|key| !GROUPED_BY.contains(key)) {
            return Err(PyValueError::new_err(format!("messages are not grouped by {by:?}")));
        }
        Ok(PyMessages {
            messages: Mutex::new(Messages::new(keys, has_texts, judge.is_some(), Proxies::new(&proxies))),
            judge,
        })
    }

    /// Takes in the counted records of a batch; those with domains that are not known yet once Python has said how
    /// these are compared.
    fn add(&self, py: Python<'_>, lines: &Lines) -> PyResult<()> {
        let text = lines.text.bytes(py);
        lines.reasons.begin(py, self.judge.as_ref());
        let mut waiting: Option<Vec<Record>> = None;
        loop {
            let (rest, missing) = detached(py, || {
                let (state, mut known) = (lock(&lines.state), lock(&lines.names.known));
                let (mut messages, mut causes) = (lock(&self.messages), lock(&lines.reasons.causes));
                let rest = match &waiting {
                    Some(records) => messages.add(&state.block, text, records.iter(), &mut known, &mut causes),
                    None => messages.add(&state.block, text, state.records(), &mut known, &mut causes),
                };
                (rest, known.take_missing())
            })?;
            if rest.is_empty() {
                break;
            }
            lines.names.learn(py, missing)?;
            waiting = Some(rest);
        }
        if let Some(judge) = &self.judge {
            lines.reasons.learn(py, judge)?;
            detached(py, || lock(&self.messages).judge(&lock(&lines.reasons.causes)))?;
        }
        Ok(())
    }

    /// Takes in what another one has collected later, which is spent then.
    fn merge(&self, py: Python<'_>, later: &PyMessages) -> PyResult<()> {
        detached(py, || {
            let none = Messages::new(Vec::new(), false, false, Proxies::new(&[]));
            let later = std::mem::replace(&mut *lock(&later.messages), none);
            lock(&self.messages).merge(later);
        })
    }

    /// Bytes held.
    #[getter]
    fn size(&self) -> usize {
        lock(&self.messages).size()
    }

    #[getter]
    fn unassigned(&self) -> u64 {
        lock(&self.messages).unassigned
    }

    /// Rows and texts, each part after part with the sizes of these, the values of each group, and samples of reasons;
    /// they are held no more.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<(Parts<'py>, Parts<'py>, Bound<'py, PyDict>, Bound<'py, PyDict>)> {
        let mut taken = lock(&self.messages).take();
        let samples = PyDict::new(py);
        for (domain, mark, time, text) in taken.samples.iter() {
            samples.set_item((string(py, domain), mark), (time, string(py, text)))?;
        }
        let groups = PyDict::new(py);
        for (group, names) in &taken.names {
            let values: Vec<_> = names.iter().map(|name| value(py, name)).collect::<PyResult<_>>()?;
            groups.set_item(group, PyTuple::new(py, values)?)?;
        }
        let sizes = taken.row_sizes();
        let rows = parts(py, sizes, |out| taken.put_rows(&sizes, out))?;
        let sizes = taken.text_sizes();
        let texts = parts(py, sizes, |out| taken.put_texts(&sizes, out))?;
        Ok((rows, texts, groups, samples))
    }
}

type Parts<'py> = (Bound<'py, PyBytes>, [usize; PARTS]);

fn parts<'py>(py: Python<'py>, sizes: [usize; PARTS], put: impl FnOnce(&mut [u8])) -> PyResult<Parts<'py>> {
    let bytes = PyBytes::new_with(py, sizes.iter().sum(), |out| {
        put(out);
        Ok(())
    })?;
    Ok((bytes, sizes))
}

fn value<'py>(py: Python<'py>, name: &Name) -> PyResult<Bound<'py, PyAny>> {
    Ok(match name {
        Name::None => py.None().into_bound(py),
        Name::Text(text) => PyString::new(py, &String::from_utf8_lossy(text)).into_any(),
        Name::Integer(value) => value.into_pyobject(py)?.into_any(),
    })
}

/// Messages by their groups.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "MessageCounter")]
#[derive(Default)]
pub struct PyCounter {
    counter: Mutex<Counter>,
}

#[pymethods]
impl PyCounter {
    #[new]
    fn new() -> Self {
        Self::default()
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

    /// Group and what its messages come to.
    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (group, totals) in &mut lock(&self.counter).totals {
            list.append((group, totals_tuple(py, totals)?))?;
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
