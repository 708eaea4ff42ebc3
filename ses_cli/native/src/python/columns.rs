//! Columns as Python hands them to Arrow: how many values are missing, which are there, and the values.

use super::lines::Lines;
use super::{detached, lock, string};
use crate::columns::{self, Integers, Others, Present, Reasons, Strings};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

type Bytes<'py> = Bound<'py, PyBytes>;
/// Values that are missing, which are there, where texts begin, and the texts.
pub type Texts<'py> = (usize, Bytes<'py>, Bytes<'py>, Bytes<'py>);
/// The same with integers.
pub type Numbers<'py> = (usize, Bytes<'py>, Bytes<'py>);
/// The same with pairs of texts: where those of a record begin, names and values; and lines that are not there.
pub type Pairs<'py> = (
    usize,
    Bytes<'py>,
    Bytes<'py>,
    Texts<'py>,
    Texts<'py>,
    Vec<(u32, Bytes<'py>)>,
);
/// The same with numbers of reasons, and the reasons.
pub type Said<'py> = (
    usize,
    Bytes<'py>,
    Bytes<'py>,
    Vec<(Bound<'py, PyString>, bool, Bound<'py, PyString>)>,
);

/// A column of texts, by its name.
pub fn texts<'py>(lines: &Lines, py: Python<'py>, name: &str) -> PyResult<Texts<'py>> {
    let text = lines.text.bytes(py);
    let found = lines.names.with(py, |names| {
        let state = lock(&lines.state);
        columns::texts(name, &state.block, text, state.records(), names)
    })?;
    Ok(strings(py, &found.ok_or_else(|| no_column(name))?))
}

/// A column of integers, by its name.
pub fn integers<'py>(lines: &Lines, py: Python<'py>, name: &str) -> PyResult<Numbers<'py>> {
    let found = detached(py, || columns::integers(name, lock(&lines.state).records()))?;
    let Integers { present, values } = found.ok_or_else(|| no_column(name))?;
    Ok((present.nulls, bits(py, &present), packed(py, &values, i64::to_ne_bytes)))
}

/// What no field is documented for.
pub fn others<'py>(lines: &Lines, py: Python<'py>) -> PyResult<Pairs<'py>> {
    let text = lines.text.bytes(py);
    let found = detached(py, || Others::of(text, lock(&lines.state).records()))?;
    let line = |start, end| PyBytes::new(py, text.get(start as usize..end as usize).unwrap_or_default());
    let odd = found.odd.iter().map(|&(at, start, end)| (at, line(start, end)));
    Ok((
        found.present.nulls,
        bits(py, &found.present),
        packed(py, &found.ends, u32::to_ne_bytes),
        strings(py, &found.names),
        strings(py, &found.values),
        odd.collect(),
    ))
}

/// What bounces, deferrals and drops say.
pub fn reasons<'py>(lines: &Lines, py: Python<'py>) -> PyResult<Said<'py>> {
    let text = lines.text.bytes(py);
    let found = detached(py, || {
        let state = lock(&lines.state);
        Reasons::of(&state.block, text, state.records())
    })?;
    let said = found
        .iter()
        .map(|(reason, is_soft, email)| (string(py, reason), is_soft, string(py, email)));
    Ok((
        found.present.nulls,
        bits(py, &found.present),
        packed(py, &found.numbers, u32::to_ne_bytes),
        said.collect(),
    ))
}

fn no_column(name: &str) -> PyErr {
    PyValueError::new_err(format!("no column {name}"))
}

fn bits<'py>(py: Python<'py>, present: &Present) -> Bytes<'py> {
    PyBytes::new(py, &present.bits)
}

fn strings<'py>(py: Python<'py>, found: &Strings) -> Texts<'py> {
    let ends = packed(py, &found.ends, u32::to_ne_bytes);
    (
        found.present.nulls,
        bits(py, &found.present),
        ends,
        PyBytes::new(py, &found.bytes),
    )
}

fn packed<'py, T: Copy, const N: usize>(py: Python<'py>, values: &[T], bytes: fn(T) -> [u8; N]) -> Bytes<'py> {
    let bytes: Vec<[u8; N]> = values.iter().map(|&value| bytes(value)).collect();
    PyBytes::new(py, bytes.as_flattened())
}
