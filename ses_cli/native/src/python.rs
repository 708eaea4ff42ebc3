//! What Python sees: an engine that makes lines of bytes, and lines that answer questions.

mod bounces;
mod columns;
mod counting;
mod dedupe;
mod ends;
mod engine;
mod fields;
mod groups;
mod lines;
#[cfg(unix)]
mod log;
mod messages;
mod names;
mod reasons;
mod rows;
mod settle;
mod state;
mod tally;

use crate::vocabulary::*;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Does work without the interpreter's lock. A panic becomes an error that says where.
fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| catch_unwind(AssertUnwindSafe(work)).map_err(|_| PANIC.take()))
        .map_err(|panic| PyRuntimeError::new_err(format!("the native engine failed: {panic}")))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn string<'py>(py: Python<'py>, text: &[u8]) -> Bound<'py, PyString> {
    PyString::new(py, &String::from_utf8_lossy(text))
}

/// Numbers as an `array("Q")` takes them.
fn numbers_of<'py>(py: Python<'py>, numbers: impl Iterator<Item = u64>) -> Bound<'py, PyBytes> {
    let bytes: Vec<[u8; 8]> = numbers.map(u64::to_ne_bytes).collect();
    PyBytes::new(py, bytes.as_flattened())
}

/// Fields, events and codes as they are known here, to be compared with `ses_cli.events`.
#[pyfunction]
fn vocabulary<'py>(py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let fields: Vec<(&str, bool, bool)> = FIELDS
        .iter()
        .enumerate()
        .map(|(slot, (name, kind))| (*name, *kind == Kind::Integer, REQUIRED.contains(&slot)))
        .collect();
    dict.set_item("fields", fields)?;
    dict.set_item("events", EVENTS.to_vec())?;
    dict.set_item("errors", CODES[..ERRORS].to_vec())?;
    dict.set_item("warnings", CODES[ERRORS..].to_vec())?;
    dict.set_item("limits", (MAX_TIMESTAMP, MAX_EMAIL))?;
    Ok(dict)
}

#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    std::panic::set_hook(Box::new(|info| {
        PANIC.with(|panic| *panic.borrow_mut() = info.to_string());
    }));
    module.add_class::<engine::Engine>()?;
    module.add_class::<lines::Lines>()?;
    module.add_class::<dedupe::PySeen>()?;
    module.add_class::<tally::PyTally>()?;
    module.add_class::<bounces::PyBounces>()?;
    module.add_class::<columns::PyColumns>()?;
    module.add_class::<messages::PyMessages>()?;
    module.add_class::<counting::PyCounter>()?;
    module.add_class::<ends::PyEnds>()?;
    module.add_function(wrap_pyfunction!(bounces::matching, module)?)?;
    module.add_function(wrap_pyfunction!(bounces::local_marks, module)?)?;
    #[cfg(unix)]
    module.add_class::<log::Log>()?;
    module.add_function(wrap_pyfunction!(vocabulary, module)?)?;
    Ok(())
}
