//! Columns as Python hands them to Arrow: how many values are missing, which are there, and the values.

use super::lines::Lines;
use super::{detached, lock, string};
use crate::columns::{Column, Columns, Others, Present, Reasons, Strings, Words};
use crate::csv::{self, Told};
use crate::texts::Texts as Distinct;
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
type Repeating<'py> = (usize, Bytes<'py>, Bytes<'py>, Texts<'py>);
/// The same with pairs of texts: where those of a record begin, names and values.
type Pairs<'py> = (usize, Bytes<'py>, Bytes<'py>, Texts<'py>, Texts<'py>);
/// A reason, whether the bounce was soft, and an address of which it is said.
type Reason<'py> = (Bound<'py, PyString>, bool, Bound<'py, PyString>);

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
    fn words<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Repeating<'py>> {
        self.with(name, |column| match column {
            Column::Words(found) => {
                let numbers = numbers(py, &found.present, &found.numbers, u32::to_ne_bytes);
                Some(
                    numbers
                        .and_then(|(nulls, present, numbers)| Ok((nulls, present, numbers, known(py, &found.known)?))),
                )
            }
            _ => None,
        })
    }

    /// The texts that repeat in a column, by its name.
    fn known<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Vec<Bound<'py, PyString>>> {
        self.with(name, |column| match column {
            Column::Words(found) => Some(Ok(found.known.iter().map(|text| string(py, text)).collect())),
            _ => None,
        })
    }

    /// The numbers of a column of texts that repeat, or of what is said, each as the one at its place among `others`.
    fn renumbered<'py>(&self, py: Python<'py>, name: &str, others: Vec<u32>) -> PyResult<Numbers<'py>> {
        self.with(name, |column| match column {
            Column::Words(Words { present, numbers, .. }) | Column::Reasons(Reasons { present, numbers, .. }) => {
                let other = |number: u32| others.get(number as usize).copied().unwrap_or_default().to_ne_bytes();
                Some(self::numbers(py, present, numbers, other))
            }
            _ => None,
        })
    }

    /// A column of integers, by its name; `more` is added to each.
    fn integers<'py>(&self, py: Python<'py>, name: &str, more: i64) -> PyResult<Numbers<'py>> {
        self.with(name, |column| match column {
            Column::Integers(found) => {
                let sum = |value: i64| (value + more).to_ne_bytes();
                Some(numbers(py, &found.present, &found.values, sum))
            }
            _ => None,
        })
    }

    /// What no field is documented for.
    fn others<'py>(&self, py: Python<'py>) -> PyResult<Pairs<'py>> {
        self.with("extra", |column| match column {
            Column::Others(found) => Some(others(py, found)),
            _ => None,
        })
    }

    /// Records of which that is not there: their numbers and lines.
    fn odd<'py>(&self, py: Python<'py>) -> PyResult<Vec<(usize, Bytes<'py>)>> {
        self.with("extra", |column| match column {
            Column::Others(found) => {
                let odd = found.odd.iter().map(|(at, line)| (*at, PyBytes::new(py, line)));
                Some(Ok(odd.collect()))
            }
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

    /// What bounces, deferrals and drops say, in the order of its numbers: the same bytes mean the same.
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bytes<'py>>> {
        self.with("reasons", |column| match column {
            Column::Reasons(found) => Some(Ok(found.told.iter().map(|told| PyBytes::new(py, told)).collect())),
            _ => None,
        })
    }

    /// One of them: the reason, whether the bounce was soft, and an address of which it is said.
    fn reason<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Reason<'py>> {
        self.with("reasons", |column| match column {
            Column::Reasons(found) => {
                let (reason, is_soft, email) = found.get(number)?;
                Some(Ok((string(py, reason), is_soft, string(py, email))))
            }
            _ => None,
        })
    }
}

impl PyColumns {
    fn with<T>(&self, name: &str, ask: impl FnOnce(&Column) -> Option<PyResult<T>>) -> PyResult<T> {
        let columns = lock(&self.columns);
        columns.get(name).and_then(ask).ok_or_else(|| no_column(name))?
    }
}

fn no_column(name: &str) -> PyErr {
    PyValueError::new_err(format!("no column {name}"))
}

fn bits<'py>(py: Python<'py>, present: &Present) -> Bytes<'py> {
    PyBytes::new(py, &present.bits)
}

fn strings<'py>(py: Python<'py>, found: &Strings) -> PyResult<Texts<'py>> {
    let (nulls, present, ends) = numbers(py, &found.present, &found.ends, u32::to_ne_bytes)?;
    Ok((nulls, present, ends, PyBytes::new(py, &found.bytes)))
}

fn numbers<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    present: &Present,
    values: &[T],
    bytes: impl Fn(T) -> [u8; N],
) -> PyResult<Numbers<'py>> {
    Ok((present.nulls, bits(py, present), packed(py, values, bytes)?))
}

fn others<'py>(py: Python<'py>, found: &Others) -> PyResult<Pairs<'py>> {
    let (nulls, present, ends) = numbers(py, &found.present, &found.ends, u32::to_ne_bytes)?;
    Ok((
        nulls,
        present,
        ends,
        strings(py, &found.names)?,
        strings(py, &found.values)?,
    ))
}

/// Texts of which none is missing.
fn known<'py>(py: Python<'py>, found: &Distinct) -> PyResult<Texts<'py>> {
    let (mut strings, none) = (Strings::default(), PyBytes::new(py, b""));
    found.iter().for_each(|text| strings.push(Some(text)));
    Ok((
        0,
        none,
        packed(py, &strings.ends, u32::to_ne_bytes)?,
        PyBytes::new(py, &strings.bytes),
    ))
}

fn packed<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    values: &[T],
    bytes: impl Fn(T) -> [u8; N],
) -> PyResult<Bytes<'py>> {
    PyBytes::new_with(py, values.len() * N, |packed| {
        for (packed, &value) in packed.as_chunks_mut::<N>().0.iter_mut().zip(values) {
            *packed = bytes(value);
        }
        Ok(())
    })
}
