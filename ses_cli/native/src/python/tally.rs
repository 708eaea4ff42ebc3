//! Counts of records by keys, batch after batch.

use super::lines::Lines;
use super::{detached, lock, string};
use crate::order::largest;
use crate::tally::{KEYS, KINDS, Key, Tally, event_and_bounce};
use crate::values::Value;
use crate::vocabulary::*;
use hashbrown::HashMap;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use std::sync::Mutex;

/// Counts of records by keys.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "Tally")]
pub struct PyTally {
    keys: Vec<Key>,
    tally: Mutex<Tally>,
}

#[pymethods]
impl PyTally {
    #[new]
    pub fn new(keys: Vec<String>) -> PyResult<Self> {
        let keys = keys.iter().map(|name| key(name)).collect::<PyResult<Vec<_>>>()?;
        let tally = Mutex::new(Tally::new(grouping(&keys)));
        Ok(PyTally { keys, tally })
    }

    /// Counts the records of a batch.
    pub fn add(&self, py: Python<'_>, lines: &Lines) -> PyResult<()> {
        lines.count_into(py, &mut lock(&self.tally))
    }

    /// Adds what another one has counted later, which is spent then.
    fn merge(&self, py: Python<'_>, later: &PyTally) -> PyResult<()> {
        detached(py, || {
            let later = std::mem::replace(&mut *lock(&later.tally), Tally::new(grouping(&later.keys)));
            lock(&self.tally).merge(later);
        })
    }

    /// Adds groups that were counted elsewhere: their values, one column a key, and of each kind their records.
    fn add_columns(&self, py: Python<'_>, values: Vec<Vec<Option<Known>>>, kinds: Vec<KindOf>) -> PyResult<()> {
        let unfit = || PyValueError::new_err("columns that do not fit each other");
        if values.len() != grouping(&self.keys).len() {
            return Err(unfit());
        }
        let mut later = Tally::new(grouping(&self.keys));
        let groups = (0..values.first().map_or(0, Vec::len)).map(|row| {
            let numbers = values.iter().enumerate().map(|(at, column)| match column.get(row)? {
                Some(Known::Text(text)) => Some(later.known(at, Value::Text(text.as_bytes()))),
                Some(Known::Integer(value)) => Some(later.known(at, Value::Integer(*value))),
                None => Some(later.known(at, Value::None)),
            });
            let numbers: Option<Vec<u32>> = numbers.collect();
            numbers.map(|numbers| later.group(&numbers))
        });
        let groups: Vec<u32> = groups.collect::<Option<_>>().ok_or_else(unfit)?;
        for (event, bounce, counts) in &kinds {
            let kind = kind_named(event, bounce.as_deref()).ok_or_else(unfit)?;
            for (&group, &n) in groups.iter().zip(counts) {
                later.count(group, kind, n);
            }
        }
        detached(py, || lock(&self.tally).merge(later))
    }

    /// A tuple of values -> n.
    pub fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let tally = lock(&self.tally);
        let mut objects = Objects::new(&tally);
        let kinds = kinds_apart(&self.keys);
        let mut numbers = Vec::new();
        for (group, counts) in tally.groups() {
            tally.numbers(group, &mut numbers);
            for kinds in &kinds {
                let n: u64 = kinds.iter().map(|&kind| counts[kind]).sum();
                if n > 0 {
                    let (event, bounce) = event_and_bounce(kinds[0]);
                    let mut others = numbers.iter().copied().enumerate();
                    let mut values = Vec::with_capacity(self.keys.len());
                    for key in &self.keys {
                        values.push(match key {
                            Key::Event => string(py, EVENTS[usize::from(event)].0.as_bytes()).into_any(),
                            Key::BounceType => object(py, bounce_type(bounce))?,
                            _ => match others.next() {
                                Some((at, number)) => objects.get(py, at, number)?,
                                None => py.None().into_bound(py),
                            },
                        });
                    }
                    dict.set_item(PyTuple::new(py, values)?, n)?;
                }
            }
        }
        Ok(dict)
    }

    /// How many groups have records.
    fn __len__(&self) -> usize {
        lock(&self.tally).groups().count()
    }

    /// Event, bounce type and how many, of all records.
    fn sums<'py>(&self, py: Python<'py>) -> PyResult<Vec<Kind<'py, u64>>> {
        let tally = lock(&self.tally);
        kinds_met(&tally).map(|(kind, sum)| of_kind(py, kind, sum)).collect()
    }

    /// The numbers of the groups, 4 bytes each, as `ses_cli.batch.Collected` has it: see there.
    fn largest<'py>(&self, py: Python<'py>, top: Option<usize>) -> PyResult<Bound<'py, PyBytes>> {
        let numbers = detached(py, || largest(&lock(&self.tally), top.unwrap_or(usize::MAX)))?;
        let bytes: Vec<[u8; 4]> = numbers.into_iter().map(u32::to_ne_bytes).collect();
        Ok(PyBytes::new(py, bytes.as_flattened()))
    }

    /// The values of groups by key, in columns.
    fn values<'py>(&self, py: Python<'py>, groups: Vec<u32>) -> PyResult<Vec<Bound<'py, PyList>>> {
        let tally = lock(&self.tally);
        let mut columns: Vec<_> = (0..tally.keys()).map(|_| Vec::with_capacity(groups.len())).collect();
        let mut numbers = Vec::new();
        for group in groups {
            tally.numbers(group, &mut numbers);
            for (at, &number) in numbers.iter().enumerate() {
                columns[at].push(object(py, tally.value(at, number))?);
            }
        }
        columns.into_iter().map(|column| PyList::new(py, column)).collect()
    }

    /// Event, bounce type and the records of each of these groups.
    fn columns<'py>(&self, py: Python<'py>, groups: Vec<u32>) -> PyResult<Vec<Kind<'py, Vec<u64>>>> {
        let tally = lock(&self.tally);
        kinds_met(&tally)
            .map(|(kind, _)| {
                let counts = groups.iter().map(|&group| tally.counts(group)[kind]);
                of_kind(py, kind, counts.collect())
            })
            .collect()
    }
}

/// A value as it is told.
#[derive(FromPyObject)]
enum Known {
    Text(PyBackedStr),
    Integer(i128),
}

/// Event, bounce type and the records of each group.
type KindOf = (String, Option<String>, Vec<u64>);

fn kind_named(event: &str, bounce: Option<&str>) -> Option<usize> {
    (0..KINDS).find(|&kind| {
        let (known, of) = event_and_bounce(kind);
        let of = match bounce_type(of) {
            Value::Text(text) => Some(text),
            _ => None,
        };
        EVENTS[usize::from(known)].0 == event && of == bounce.map(str::as_bytes)
    })
}

type Kind<'py, T> = (&'static str, Bound<'py, PyAny>, T);

fn of_kind<'py, T>(py: Python<'py>, kind: usize, value: T) -> PyResult<Kind<'py, T>> {
    let (event, bounce) = event_and_bounce(kind);
    Ok((EVENTS[usize::from(event)].0, object(py, bounce_type(bounce))?, value))
}

/// The kinds that were met, each with its records.
fn kinds_met(tally: &Tally) -> impl Iterator<Item = (usize, u64)> {
    tally.sums.into_iter().enumerate().filter(|(_, sum)| *sum > 0)
}

/// The objects of values, the same one for the same value.
struct Objects<'a, 'py> {
    tally: &'a Tally,
    made: Vec<Vec<Option<Bound<'py, PyAny>>>>,
}

impl<'a, 'py> Objects<'a, 'py> {
    fn new(tally: &'a Tally) -> Self {
        let made = (0..tally.keys()).map(|key| vec![None; tally.len_of(key)]).collect();
        Objects { tally, made }
    }

    fn get(&mut self, py: Python<'py>, key: usize, number: u32) -> PyResult<Bound<'py, PyAny>> {
        let known = &mut self.made[key][number as usize];
        match known {
            Some(value) => Ok(value.clone()),
            None => Ok(known.insert(object(py, self.tally.value(key, number))?).clone()),
        }
    }
}

pub fn key(name: &str) -> PyResult<Key> {
    let found = KEYS.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, key)| *key)
        .ok_or_else(|| PyValueError::new_err(format!("no key: {name}")))
}

/// The keys that make groups.
fn grouping(keys: &[Key]) -> Vec<Key> {
    let is_grouping = |key: &Key| !matches!(key, Key::Event | Key::BounceType);
    keys.iter().copied().filter(is_grouping).collect()
}

/// The kinds, those together that these keys do not tell apart.
fn kinds_apart(keys: &[Key]) -> Vec<Vec<usize>> {
    let mut places = HashMap::new();
    let mut apart: Vec<Vec<usize>> = Vec::new();
    for kind in 0..KINDS {
        let (event, bounce) = event_and_bounce(kind);
        let told = (
            keys.contains(&Key::Event).then_some(event),
            keys.contains(&Key::BounceType).then_some(bounce),
        );
        let place = *places.entry(told).or_insert(apart.len());
        if place == apart.len() {
            apart.push(Vec::new());
        }
        apart[place].push(kind);
    }
    apart
}

fn bounce_type(bounce: u8) -> Value<'static> {
    match bounce {
        HARD => Value::Text(HARD_BOUNCE.as_bytes()),
        SOFT => Value::Text(SOFT_BOUNCE.as_bytes()),
        _ => Value::None,
    }
}

fn object<'py>(py: Python<'py>, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::None => py.None().into_bound(py),
        Value::Text(text) => string(py, text).into_any(),
        Value::Integer(value) => value.into_pyobject(py)?.into_any(),
    })
}
