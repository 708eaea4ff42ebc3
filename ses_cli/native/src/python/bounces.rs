//! Bounces, deferrals or drops by address, and deliveries, as Python sees them.

use super::lines::Lines;
use super::{detached, lock, numbers_of, string};
use crate::block::Record;
use crate::bounces::{self, Bounces, Origin, is_known};
use crate::deliveries::Deliveries;
use crate::domains::split;
use crate::local;
use crate::texts::Texts;
use crate::vocabulary::*;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use std::sync::Mutex;

/// Bounces, deferrals or drops by address, batch after batch.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "Bounces")]
pub struct PyBounces {
    event: u8,
    bounce: Option<u8>,
    bounces: Mutex<Bounces>,
}

#[pymethods]
impl PyBounces {
    /// The records of one event type, and of bounces those of one type where one is wanted.
    #[new]
    fn new(event: &str, bounce_type: Option<&str>) -> Self {
        PyBounces {
            event: EVENTS
                .iter()
                .position(|&(name, _)| name == event)
                .map_or(NO_EVENT, |place| place as u8),
            bounce: bounce_type.map(|name| match name {
                HARD_BOUNCE => HARD,
                SOFT_BOUNCE => SOFT,
                _ => UNTYPED,
            }),
            bounces: Mutex::default(),
        }
    }

    /// Takes in the counted events of a batch. Returns its deliveries as `Lines::deliveries` does.
    fn add<'py>(&self, py: Python<'py>, lines: &Lines, is_local: bool) -> PyResult<Told<'py>> {
        let text = lines.text.bytes(py);
        let deliveries = lines.names.with(py, |names| {
            let state = lock(&lines.state);
            let records = state.records().filter(|record| self.takes(record));
            let unknown = records
                .clone()
                .filter(|record| !is_known(&state.block, text, record, names));
            if unknown.count() > 0 {
                return Deliveries::default(); // all this is done again then
            }
            lock(&self.bounces).add(&state.block, text, records, names);
            Deliveries::of(&state.block, text, is_local)
        })?;
        Ok(told(py, deliveries))
    }

    /// Takes in what another one has found later, which is spent then.
    fn merge(&self, py: Python<'_>, later: &PyBounces) -> PyResult<()> {
        detached(py, || {
            let later = std::mem::take(&mut *lock(&later.bounces));
            let mut mine = lock(&self.bounces);
            if mine.rows.is_empty() {
                *mine = later;
            } else {
                mine.merge(&later);
            }
        })
    }

    /// Takes in what another one has found later, in columns as `columns` gives them.
    fn add_columns(&self, py: Python<'_>, speaking: Speaking<'_>, rest: Rest<'_>) -> PyResult<()> {
        let (emails, _, _, kinds, times, reasons, reason_of) = speaking;
        let (firsts, lasts, counts, origins, origin_of, spelt) = rest;
        let columns = [&times, &firsts, &lasts, &counts].map(|column| numbers::<8>(column).map(u64::from_ne_bytes));
        let [times, firsts, lasts, counts] = columns.map(Iterator::collect::<Vec<u64>>);
        let [reason_of, origin_of] =
            [&reason_of, &origin_of].map(|column| numbers::<4>(column).map(u32::from_ne_bytes).collect::<Vec<u32>>());
        let mut later = Bounces::default();
        let origins = origins
            .iter()
            .map(|(names, templates)| later.known_origin(names.iter().map(|name| name.as_bytes()), templates))
            .collect::<Vec<Origin>>();
        for (at, email) in emails.iter().enumerate() {
            let told = bounces::Told {
                email: email.as_bytes(),
                kind: *of(kinds.as_bytes(), at)?,
                time: *of(&times, at)?,
                reason: of(&reasons, *of(&reason_of, at)? as usize)?.as_bytes(),
                first: *of(&firsts, at)?,
                last: *of(&lasts, at)?,
                count: *of(&counts, at)?,
                origin: of(&origins, *of(&origin_of, at)? as usize)?,
                spelt: spelt.get(&(at as u32)).map(|text| text.as_bytes()),
            };
            later.enter(&told);
        }
        detached(py, || {
            let mut mine = lock(&self.bounces);
            if mine.rows.is_empty() {
                *mine = later;
            } else {
                mine.merge(&later);
            }
        })
    }

    /// All that was found, as `ses_cli.batch.BounceColumns` has it, up to `reason_of` and from there on; it is spent
    /// then, unless it is kept.
    fn columns<'py>(&self, py: Python<'py>, is_kept: bool) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyTuple>)> {
        let (found, domains, domain_of, origins, origin_of) = detached(py, || {
            let found = std::mem::take(&mut *lock(&self.bounces));
            let mut domains = Texts::default();
            let domain_of: Vec<u32> = found
                .emails
                .iter()
                .map(|email| domains.number(split(email).1))
                .collect();
            let (origins, origin_of) = origins(&found);
            (found, domains, domain_of, origins, origin_of)
        })?;
        let column = |value: fn(&crate::bounces::Row) -> u64| numbers_of(py, found.rows.iter().map(value));
        let kinds: Vec<u8> = found.rows.iter().map(|row| row.kind).collect();
        let numbers: Vec<u32> = found.rows.iter().map(|row| row.reason).collect();
        let spelt: std::collections::HashMap<u32, Bound<'_, PyString>> =
            found.spelt.iter().map(|(&at, spelt)| (at, string(py, spelt))).collect();
        let speaking = [
            strings(py, &found.emails)?.into_any(),
            strings(py, &domains)?.into_any(),
            packed(py, &domain_of).into_any(),
            PyBytes::new(py, &kinds).into_any(),
            column(|row| row.time).into_any(),
            strings(py, &found.reasons)?.into_any(),
            packed(py, &numbers).into_any(),
        ];
        let rest = [
            column(|row| row.first).into_any(),
            column(|row| row.last).into_any(),
            column(|row| row.count).into_any(),
            origin_list(py, &origins, &found.senders)?.into_any(),
            packed(py, &origin_of).into_any(),
            spelt.into_pyobject(py)?.into_any(),
        ];
        let told = (PyTuple::new(py, speaking)?, PyTuple::new(py, rest)?);
        if is_kept {
            *lock(&self.bounces) = found;
        }
        Ok(told)
    }
}

impl PyBounces {
    fn takes(&self, record: &Record) -> bool {
        record.event == self.event && self.bounce.is_none_or(|bounce| bounce == record.bounce)
    }
}

/// See `ses_cli.batch.BounceColumns`, up to `reason_of`.
type Speaking<'py> = (
    Vec<PyBackedStr>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Vec<PyBackedStr>,
    Bound<'py, PyBytes>,
);
/// See `ses_cli.batch.BounceColumns`, from there on.
type Rest<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Vec<(Vec<PyBackedStr>, Vec<i128>)>,
    Bound<'py, PyBytes>,
    std::collections::HashMap<u32, PyBackedStr>,
);

fn numbers<const N: usize>(column: &Bound<'_, PyBytes>) -> impl Iterator<Item = [u8; N]> {
    column.as_bytes().as_chunks().0.iter().copied()
}

fn of<T>(column: &[T], at: usize) -> PyResult<&T> {
    column
        .get(at)
        .ok_or_else(|| PyValueError::new_err("columns that do not fit each other"))
}

/// The distinct origins, and the number of that of each address.
fn origins(found: &Bounces) -> (Vec<Origin>, Vec<u32>) {
    let mut all: Vec<Origin> = Vec::new();
    let mut singles: HashMap<(u32, i128), u32, RandomState> = HashMap::default();
    let mut several: HashMap<Origin, u32, RandomState> = HashMap::default();
    let mut numbers = Vec::with_capacity(found.rows.len());
    for at in 0..found.rows.len() {
        let new = all.len() as u32;
        let number = match found.single(at) {
            Some(single) => *singles.entry(single).or_insert(new),
            None => *several.entry(found.origin(at)).or_insert(new),
        };
        if number == new {
            all.push(found.origin(at));
        }
        numbers.push(number);
    }
    (all, numbers)
}

fn origin_list<'py>(py: Python<'py>, origins: &[Origin], senders: &Texts) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for origin in origins {
        let mut names: Vec<&[u8]> = origin.senders.iter().map(|&at| senders.get(at as usize)).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        let mut templates: Vec<i128> = origin.templates.iter().copied().collect();
        templates.retain(|&template| template != 0);
        list.append((
            PyTuple::new(py, names.iter().map(|name| string(py, name)))?,
            PyTuple::new(py, templates)?,
        ))?;
    }
    Ok(list)
}

fn strings<'py>(py: Python<'py>, texts: &Texts) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, (0..texts.len()).map(|at| string(py, texts.get(at))))
}

fn packed<'py>(py: Python<'py>, numbers: &[u32]) -> Bound<'py, PyBytes> {
    let bytes: Vec<[u8; 4]> = numbers.iter().map(|number| number.to_ne_bytes()).collect();
    PyBytes::new(py, bytes.as_flattened())
}

/// Marks, times, and addresses of which Python has to make the mark.
pub type Told<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<(usize, String)>);

/// Deliveries as Python takes them.
pub fn told(py: Python<'_>, deliveries: Deliveries) -> Told<'_> {
    let packed = |column: &[[u8; 8]]| PyBytes::new(py, column.as_flattened());
    (packed(&deliveries.marks), packed(&deliveries.times), deliveries.odd)
}

/// The marks of recipients as they are told apart, 8 bytes each, which hold in this process alone.
#[pyfunction]
pub fn local_marks<'py>(py: Python<'py>, recipients: Vec<PyBackedStr>) -> Bound<'py, PyBytes> {
    numbers_of(py, recipients.iter().map(|recipient| local::mark(recipient.as_bytes())))
}

/// The places of the marks that are wanted; 8 bytes each.
#[pyfunction]
pub fn matching(py: Python<'_>, marks: &[u8], wanted: &[u8]) -> PyResult<Vec<usize>> {
    detached(py, || {
        let wanted: HashSet<[u8; 8], RandomState> = wanted.as_chunks().0.iter().copied().collect();
        let marks = marks.as_chunks().0.iter().enumerate();
        marks
            .filter(|(_, mark)| wanted.contains(*mark))
            .map(|(at, _)| at)
            .collect()
    })
}
