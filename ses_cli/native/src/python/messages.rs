//! Steps of messages, as Python sees them.

use super::lines::Lines;
use super::tally::key;
use super::{detached, lock, string};
use crate::block::Record;
use crate::groups::{GROUPED_BY, Name};
use crate::messages::{Known, Messages};
use crate::proxies::Proxies;
use crate::row::PARTS;
use crate::tally::Key;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};
use std::sync::Mutex;

/// Steps of messages, batch after batch.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "Messages")]
pub struct PyMessages {
    keys: Vec<Key>,
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
            keys,
            messages: Mutex::new(Messages::new(has_texts, judge.is_some(), Proxies::new(&proxies))),
            judge,
        })
    }

    /// Takes in the counted records of a batch; those with domains that are not known yet once Python has said how
    /// these are compared.
    fn add(&self, py: Python<'_>, lines: &Lines) -> PyResult<()> {
        let text = lines.text.bytes(py);
        lines.reasons.begin(py, self.judge.as_ref());
        let groups = lines.groups.by(&self.keys);
        lock(&self.messages).name_by(&groups);
        let mut waiting: Option<Vec<Record>> = None;
        loop {
            let (rest, missing) = detached(py, || {
                let (state, mut known) = (lock(&lines.state), lock(&lines.names.known));
                let (mut messages, mut causes, mut groups) =
                    (lock(&self.messages), lock(&lines.reasons.causes), lock(&groups));
                let mut all = Known {
                    groups: &mut groups,
                    domains: &mut known,
                    causes: &mut causes,
                };
                let rest = match &waiting {
                    Some(records) => messages.add(&state.block, text, records.iter(), &mut all),
                    None => messages.add(&state.block, text, state.records(), &mut all),
                };
                if rest.is_empty() && !causes.is_missing() {
                    messages.judge(&causes);
                }
                (rest, known.take_missing())
            })?;
            if rest.is_empty() {
                break;
            }
            lines.names.learn(py, missing)?;
            waiting = Some(rest);
        }
        if let Some(judge) = &self.judge
            && lock(&self.messages).has_unjudged()
        {
            lines.reasons.learn(py, judge)?;
            detached(py, || lock(&self.messages).judge(&lock(&lines.reasons.causes)))?;
        }
        Ok(())
    }

    /// Takes in what another one has collected later, which is spent then.
    fn merge(&self, py: Python<'_>, later: &PyMessages) -> PyResult<()> {
        detached(py, || {
            let none = Messages::new(false, false, Proxies::new(&[]));
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
        for (group, names) in taken.names() {
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
