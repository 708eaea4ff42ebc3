//! The lines of a text, and answers to questions about them.

use super::dedupe::PySeen;
use super::groups::Met;
use super::names::Names;
use super::reasons::Reasons;
use super::state::{Spare, State, Text};
use super::tally::PyTally;
use super::{bounces, detached, fields, lock, rows, settle};
use crate::block::{Bad, Record};
use crate::deliveries::Deliveries;
use crate::select::Selection;
use crate::tally::Tally;
use crate::vocabulary::*;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// Row, start and end of a line.
type Place = (u32, u32, u32);

/// The lines of a text.
#[pyclass(frozen, module = "ses_cli.native._engine")]
pub struct Lines {
    pub text: Text,
    pub state: Mutex<State>,
    pub selection: Arc<Selection>,
    pub names: Names,
    pub reasons: Reasons,
    pub groups: Met,
    pub spare: Arc<Mutex<Spare>>,
}

impl Drop for Lines {
    fn drop(&mut self) {
        let block = std::mem::take(&mut lock(&self.state).block);
        lock(&self.spare).keep(block, &mut self.text);
    }
}

#[pymethods]
impl Lines {
    #[getter]
    fn lines(&self) -> u32 {
        lock(&self.state).block.lines
    }

    #[getter]
    fn blank(&self) -> u32 {
        lock(&self.state).block.blank
    }

    #[getter]
    fn count(&self) -> usize {
        lock(&self.state).len()
    }

    #[getter]
    fn filtered(&self) -> usize {
        lock(&self.state).filtered
    }

    #[getter]
    fn duplicates(&self) -> usize {
        lock(&self.state).duplicates
    }

    /// The text.
    fn text<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        match &self.text {
            Text::Bytes(bytes) => bytes.bind(py).clone(),
            buffer => PyBytes::new(py, buffer.bytes(py)),
        }
    }

    /// Part of the text.
    fn cut<'py>(&self, py: Python<'py>, start: usize, end: usize) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.text.bytes(py).get(start..end).unwrap_or_default())
    }

    /// The lines of the counted records as they were captured, each with its end; a newline where the last has none.
    fn captured<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let text = self.text.bytes(py);
        let lines = detached(py, || {
            let (state, mut lines) = (lock(&self.state), Vec::new());
            for record in state.records() {
                let (start, end) = (record.start as usize, record.end as usize);
                lines.extend_from_slice(text.get(start..end).unwrap_or_default());
                lines.extend_from_slice(if text.get(end) == Some(&b'\r') { b"\r\n" } else { b"\n" });
            }
            lines
        })?;
        Ok(PyBytes::new(py, &lines))
    }

    /// Where the line ends of which a part ends here, and whether a newline ends it.
    fn line_end(&self, py: Python<'_>, from: usize) -> (usize, bool) {
        let text = self.text.bytes(py);
        let found = memchr::memchr(b'\n', text.get(from..).unwrap_or_default());
        found.map_or((text.len(), false), |at| (from + at, true))
    }

    /// Row, start and end of the invalid lines.
    fn invalid(&self) -> Vec<Place> {
        lock(&self.state).block.invalid.iter().map(place).collect()
    }

    /// Row, start and end of the lines that the definition has to look at.
    fn unsure(&self) -> Vec<Place> {
        lock(&self.state).block.unsure.iter().map(place).collect()
    }

    /// Row, start and end of the records that have warnings.
    fn warned(&self) -> Vec<Place> {
        let state = lock(&self.state);
        let mut warned = state.block.warned.iter().peekable();
        let is_warned = |record: &&Record| warned.next_if_eq(&&record.row).is_some();
        let found = state.block.records.iter().filter(is_warned);
        found.map(|record| (record.row, record.start, record.end)).collect()
    }

    /// What is wrong with valid lines: code -> n.
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        by_code(py, &lock(&self.state).block.warnings)
    }

    /// What is wrong with invalid lines: code -> n.
    fn problems<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        by_code(py, &lock(&self.state).block.problems)
    }

    /// Enters an unsure line as invalid, with these codes.
    fn reject(&self, row: u32, codes: Vec<String>) {
        settle::reject(&mut lock(&self.state).block, row, &codes);
    }

    /// Enters an unsure line as a record, with the values of the documented fields and the codes of its warnings.
    fn accept(&self, row: u32, values: Vec<Bound<'_, PyAny>>, codes: Vec<String>, is_explained: bool) -> PyResult<()> {
        settle::accept(&mut lock(&self.state).block, row, &values, &codes, is_explained)
    }

    /// Leaves what is selected. To be called once, when no line is unsure any more.
    fn select(&self, py: Python<'_>) -> PyResult<()> {
        if self.selection.is_everything() {
            return Ok(());
        }
        let text = self.text.bytes(py);
        let selected = self
            .names
            .with(py, |names| self.selection.select(&lock(&self.state).block, text, names))?;
        lock(&self.state).select(selected);
        Ok(())
    }

    /// First and last timestamp.
    fn period(&self) -> Option<(u64, u64)> {
        let state = lock(&self.state);
        let widest = state.records().fold((u64::MAX, 0), |(first, last), record| {
            (first.min(record.time()), last.max(record.time()))
        });
        (state.len() > 0).then_some(widest)
    }

    /// The counted records by these keys: a tuple of values -> n.
    fn counts<'py>(&self, py: Python<'py>, keys: Vec<String>) -> PyResult<Bound<'py, PyDict>> {
        let tally = PyTally::new(keys)?;
        tally.add(py, self)?;
        tally.counts(py)
    }

    /// Row, start, end and whether it is spelt in an old way, of each counted record of these event types.
    #[pyo3(signature = (events=None))]
    fn places(&self, py: Python<'_>, events: Option<HashSet<String>>) -> PyResult<Vec<(u32, u32, u32, bool)>> {
        let wanted = events.map(|names| {
            let numbers = names
                .iter()
                .map(|name| event(name.as_bytes()))
                .filter(|&event| event != NO_EVENT);
            numbers.fold(0u32, |bits, event| bits | 1 << event)
        });
        detached(py, || {
            let state = lock(&self.state);
            let found = state
                .records()
                .filter(|record| wanted.is_none_or(|bits| bits >> record.event & 1 != 0));
            found
                .map(|record| (record.row, record.start, record.end, record.is_odd))
                .collect()
        })
    }

    /// Line, offset, length, timestamp, event, domain, lane and id of each counted record of a piece that begins there.
    fn rows<'py>(&self, py: Python<'py>, lane: &str, line: u64, offset: u64) -> PyResult<Bound<'py, PyList>> {
        rows::rows(self, py, lane, line, offset)
    }

    /// A mark and a time for each valid `delivered` record, selected or not, 8 bytes each; and the addresses of which
    /// Python has to make the mark, each with its place. With `is_local` marks hold in this process alone.
    fn deliveries<'py>(&self, py: Python<'py>, is_local: bool) -> PyResult<bounces::Told<'py>> {
        let text = self.text.bytes(py);
        let found = detached(py, || Deliveries::of(&lock(&self.state).block, text, is_local))?;
        Ok(bounces::told(py, found))
    }

    /// The fingerprint of each counted record, 16 bytes each.
    fn fingerprints<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.marks(py, false)?.as_flattened()))
    }

    /// Does what of `deduplicate` needs no turn.
    fn prepare(&self, py: Python<'_>, seen: &PySeen) -> PyResult<()> {
        let marks = self.marks(py, seen.is_local)?;
        lock(&self.state).marks = Some(marks);
        Ok(())
    }

    /// Leaves out what was seen before, and enters the rest.
    fn deduplicate(&self, py: Python<'_>, seen: &PySeen) -> PyResult<()> {
        let prepared = lock(&self.state).marks.take();
        let marks = prepared.map_or_else(|| self.marks(py, seen.is_local), Ok)?;
        detached(py, || {
            let is_new = seen.enter(&marks);
            lock(&self.state).leave_out(&is_new);
        })
    }

    /// Leaves out the counted records of which the byte is 0.
    fn keep(&self, is_new: &[u8]) {
        let is_new: Vec<bool> = is_new.iter().map(|&byte| byte != 0).collect();
        lock(&self.state).leave_out(&is_new);
    }

    /// Name, JSON type, first row and number of what is met in the objects of counted and invalid lines; None where
    /// that was not kept.
    fn fields(&self) -> Option<Vec<(String, &'static str, u32, u64)>> {
        let state = lock(&self.state);
        state.block.has_shapes.then(|| fields::fields(&state))
    }
}

impl Lines {
    /// Counts the records; those with domains that are not known yet once Python has said how these are compared.
    pub fn count_into(&self, py: Python<'_>, tally: &mut Tally) -> PyResult<()> {
        let text = self.text.bytes(py);
        let mut waiting: Option<Vec<Record>> = None;
        loop {
            let (rest, missing) = detached(py, || {
                let (state, mut known) = (lock(&self.state), lock(&self.names.known));
                let rest = match &waiting {
                    Some(records) => tally.add(&state.block, text, records.iter(), &mut known),
                    None => tally.add(&state.block, text, state.records(), &mut known),
                };
                (rest, known.take_missing())
            })?;
            if rest.is_empty() {
                return Ok(());
            }
            self.names.learn(py, missing)?;
            waiting = Some(rest);
        }
    }
}

pub fn place(bad: &Bad) -> Place {
    (bad.row, bad.start, bad.end)
}

fn by_code<'py>(py: Python<'py>, counts: &[u64; CODES.len()]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (code, n) in CODES.iter().zip(counts).filter(|(_, n)| **n > 0) {
        dict.set_item(code, n)?;
    }
    Ok(dict)
}
