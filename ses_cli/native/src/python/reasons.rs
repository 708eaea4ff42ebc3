//! What the reasons of failures mean, which Python says.

use super::{detached, lock, string};
use crate::causes::Causes;
use crate::row::step;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex};

/// Causes that were judged so far, and by whom.
#[derive(Clone, Default)]
pub struct Reasons {
    pub causes: Arc<Mutex<Causes>>,
    judge: Arc<Mutex<Option<Py<PyAny>>>>,
}

impl Reasons {
    /// To be called before causes are met: what another judge said is forgotten.
    pub fn begin(&self, py: Python<'_>, judge: Option<&Py<PyAny>>) {
        let Some(judge) = judge else { return };
        let mut known = lock(&self.judge);
        if known.as_ref().is_some_and(|known| known.is(judge)) {
            lock(&self.causes).begin();
        } else {
            *lock(&self.causes) = Causes::default();
            *known = Some(judge.clone_ref(py));
        }
    }

    /// Asks Python about the causes that are new.
    pub fn learn(&self, py: Python<'_>, judge: &Py<PyAny>) -> PyResult<()> {
        let missing: Vec<_> = {
            let causes = lock(&self.causes);
            let told = causes.missing().map(|(cause, email)| {
                let (event, bounce_type) = named(cause.step);
                let (reason, domain) = (string(py, cause.reason), string(py, cause.domain));
                (event, bounce_type, reason, domain, string(py, email))
            });
            told.collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        let asked = missing.len();
        let marks: Vec<u64> = judge.call1(py, (missing,))?.extract(py)?;
        if marks.len() != asked {
            return Err(PyValueError::new_err("a judge answers about each cause"));
        }
        detached(py, || lock(&self.causes).learn(&marks))
    }
}

/// The event and the bounce type of a step.
fn named(step: u8) -> (&'static str, Option<&'static str>) {
    match step {
        step::DEFERRED => ("deferred", None),
        step::DROPPED => ("dropped", None),
        step::SOFT_BOUNCE => ("bounce", Some("soft_bounce")),
        step::HARD_BOUNCE => ("bounce", Some("hard_bounce")),
        _ => ("bounce", None),
    }
}
