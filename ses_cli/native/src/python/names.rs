//! How domains in other scripts are compared, which Python says.

use super::{detached, lock};
use crate::domains::Domains;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex};

/// How a domain in another script is compared, and what has been asked so far.
#[derive(Clone)]
pub struct Names {
    pub known: Arc<Mutex<Domains>>,
    pub domain_name: Arc<Py<PyAny>>,
}

impl Names {
    /// Does work that compares domains, once all that it meets are known.
    pub fn with<T: Send>(&self, py: Python<'_>, work: impl Fn(&mut Domains) -> T + Send + Sync) -> PyResult<T> {
        loop {
            let (done, missing) = detached(py, || {
                let mut known = lock(&self.known);
                let done = work(&mut known);
                (done, known.take_missing())
            })?;
            if missing.is_empty() {
                return Ok(done);
            }
            self.learn(py, missing)?;
        }
    }

    /// Asks Python how domains are compared.
    pub fn learn(&self, py: Python<'_>, missing: Vec<Vec<u8>>) -> PyResult<()> {
        let mut names = Vec::new();
        for text in missing {
            let name: String = self
                .domain_name
                .call1(py, (String::from_utf8_lossy(&text),))?
                .extract(py)?;
            names.push((text, name.into_bytes()));
        }
        lock(&self.known).learn(names.into_iter());
        Ok(())
    }
}
