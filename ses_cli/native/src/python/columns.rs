//! Columns as Python hands them to Arrow: how many values are missing, which are there, and the values.

use super::lines::Lines;
use super::{detached, lock, string};
use crate::columns::{Column, Columns, Present, Strings};
use crate::csv::{self, Told};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::collections::HashMap;
use std::sync::Mutex;

type Bytes<'py> = Bound<'py, PyBytes>;
/// Values that are missing, which are there, where texts begin, and the texts.
type Texts<'py> = (usize, Bytes<'py>, Bytes<'py>, Bytes<'py>);
/// The same with integers.
type Numbers<'py> = (usize, Bytes<'py>, Bytes<'py>);
/// The same with numbers of texts that repeat, and these.
type Words<'py> = (usize, Bytes<'py>, Bytes<'py>, Vec<Bound<'py, PyString>>);
/// The same with pairs of texts: where those of a record begin, names and values; and lines that are not there.
type Pairs<'py> = (
    usize,
    Bytes<'py>,
    Bytes<'py>,
    Texts<'py>,
    Texts<'py>,
    Vec<(usize, Bytes<'py>)>,
);
/// The same with numbers of reasons, and the reasons.
type Said<'py> = (
    usize,
    Bytes<'py>,
    Bytes<'py>,
    Vec<(Bound<'py, PyString>, bool, Bound<'py, PyString>)>,
);

/// Columns of the counted records, batch after batch.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "Columns")]
pub struct PyColumns {
    columns: Mutex<Columns>,
}

#[pymethods]
impl PyColumns {
    /// `reasons` is what verdicts are made of; the other names are those of the columns.
    #[new]
    fn new(names: Vec<String>) -> PyResult<Self> {
        let mut columns = Vec::new();
        for name in names {
            let column = Column::new(&name).ok_or_else(|| no_column(&name))?;
            columns.push((name, column));
        }
        let columns = Mutex::new(Columns { columns, count: 0 });
        Ok(PyColumns { columns })
    }

    /// Adds the counted records of a batch; `line` is the number of its first line.
    fn add(&self, py: Python<'_>, lines: &Lines, line: u64) -> PyResult<()> {
        let text = lines.text.bytes(py);
        let before = lock(&self.columns).count;
        lines.names.with(py, |names| {
            let (state, mut columns) = (lock(&lines.state), lock(&self.columns));
            columns.truncate(before); // it is done again where a domain was not known
            columns.add(&state.block, text, state.records(), names, line);
        })
    }

    fn __len__(&self) -> usize {
        lock(&self.columns).count
    }

    /// A column of texts, by its name.
    fn texts<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Texts<'py>> {
        self.with(name, |column| match column {
            Column::Texts(found) => Some(strings(py, found)),
            _ => None,
        })
    }

    /// A column of texts that repeat, by its name.
    fn words<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Words<'py>> {
        self.with(name, |column| match column {
            Column::Words(found) => {
                let known = found.known.iter().map(|text| string(py, text)).collect();
                let numbers = packed(py, &found.numbers, u32::to_ne_bytes);
                Some((found.present.nulls, bits(py, &found.present), numbers, known))
            }
            _ => None,
        })
    }

    /// A column of integers, by its name.
    fn integers<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Numbers<'py>> {
        self.with(name, |column| match column {
            Column::Integers(found) => {
                let values = packed(py, &found.values, i64::to_ne_bytes);
                Some((found.present.nulls, bits(py, &found.present), values))
            }
            _ => None,
        })
    }

    /// What no field is documented for.
    fn others<'py>(&self, py: Python<'py>) -> PyResult<Pairs<'py>> {
        self.with("extra", |column| match column {
            Column::Others(found) => Some((
                found.present.nulls,
                bits(py, &found.present),
                packed(py, &found.ends, u32::to_ne_bytes),
                strings(py, &found.names),
                strings(py, &found.values),
                found
                    .odd
                    .iter()
                    .map(|(at, line)| (*at, PyBytes::new(py, line)))
                    .collect(),
            )),
            _ => None,
        })
    }

    /// Rows of CSV or TSV; `words` are what the numbers of some columns stand for, `odd` undocumented values by record.
    #[allow(clippy::too_many_arguments)]
    fn rows<'py>(
        &self,
        py: Python<'py>,
        names: Vec<String>,
        delimiter: char,
        source: String,
        above: i64,
        words: HashMap<String, Vec<String>>,
        odd: HashMap<usize, String>,
    ) -> PyResult<Bytes<'py>> {
        let told = Told {
            source,
            above,
            words,
            odd,
        };
        let rows = detached(py, || csv::rows(&lock(&self.columns), &names, delimiter as u8, &told))?;
        Ok(PyBytes::new(py, &rows.ok_or_else(|| no_column(&names.join(", ")))?))
    }

    /// What bounces, deferrals and drops say.
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Said<'py>> {
        self.with("reasons", |column| match column {
            Column::Reasons(found) => {
                let said = found.iter();
                let said = said.map(|(reason, is_soft, email)| (string(py, reason), is_soft, string(py, email)));
                let numbers = packed(py, &found.numbers, u32::to_ne_bytes);
                Some((found.present.nulls, bits(py, &found.present), numbers, said.collect()))
            }
            _ => None,
        })
    }
}

impl PyColumns {
    fn with<T>(&self, name: &str, ask: impl FnOnce(&Column) -> Option<T>) -> PyResult<T> {
        let columns = lock(&self.columns);
        columns.get(name).and_then(ask).ok_or_else(|| no_column(name))
    }
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
