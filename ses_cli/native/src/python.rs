//! What Python sees: an engine that makes blocks of bytes, and blocks that answer questions.

mod bounces;
mod messages;

use crate::block::{Bad, Block, Record, Values};
use crate::domains::{Domains, address, split};
use crate::identity::{self, FINGERPRINT};
use crate::scan::{Checks, Scanner};
use crate::select::Selection;
use crate::tally::{KEYS, Key, Tally, Value};
use crate::vocabulary::*;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::RandomState;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// Bytes of a text that is scanned here.
const MOST_TEXT: usize = (1 << 31) - 1;
/// Blocks and buffers kept for the next text.
const SPARE: usize = 2;
/// Bytes that are read beyond those wanted, to find the end of the last line.
#[cfg(unix)]
const SLACK: usize = 64 << 10;

static LANES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

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

type Place = (u32, u32, u32);

/// What is used again for the next text.
#[derive(Default)]
struct Spare {
    blocks: Vec<Block>,
    buffers: Vec<Vec<u8>>,
}

enum Text {
    Bytes(Py<PyBytes>),
    /// The first bytes of a buffer.
    Buffer(Vec<u8>, usize),
}

impl Text {
    fn bytes<'a>(&'a self, py: Python<'a>) -> &'a [u8] {
        match self {
            Text::Bytes(bytes) => bytes.as_bytes(py),
            Text::Buffer(buffer, length) => &buffer[..*length],
        }
    }
}

/// How a domain in another script is compared, and what has been asked so far.
#[derive(Clone)]
struct Names {
    known: Arc<Mutex<Domains>>,
    domain_name: Arc<Py<PyAny>>,
}

impl Names {
    /// Does work that compares domains, once all that it meets are known.
    fn with<T: Send>(&self, py: Python<'_>, work: impl Fn(&mut Domains) -> T + Send + Sync) -> PyResult<T> {
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
    fn learn(&self, py: Python<'_>, missing: Vec<Vec<u8>>) -> PyResult<()> {
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

/// Makes blocks. What it has met makes it quicker, and changes no answer.
#[pyclass(frozen, module = "ses_cli.native._engine")]
struct Engine {
    scanner: Mutex<Scanner>,
    selection: Arc<Selection>,
    names: Names,
    spare: Arc<Mutex<Spare>>,
}

#[pymethods]
impl Engine {
    /// `selection` has the fields of `ses_cli.selection.Selection`; `domain_name` is that of `ses_cli.identity`.
    #[new]
    fn new(
        max_line: usize,
        strict: bool,
        explain: bool,
        selection: &Bound<'_, PyAny>,
        domain_name: Py<PyAny>,
    ) -> PyResult<Self> {
        let checks = Checks {
            max_line,
            strict,
            explain,
            shapes: explain,
        };
        Ok(Engine {
            scanner: Mutex::new(Scanner::new(checks)),
            selection: Arc::new(wanted(selection)?),
            names: Names {
                known: Arc::default(),
                domain_name: Arc::new(domain_name),
            },
            spare: Arc::default(),
        })
    }

    /// The lines of a text, of which only the last one may have no end.
    fn scan(&self, py: Python<'_>, text: Bound<'_, PyBytes>) -> PyResult<Lines> {
        let bytes = text.as_bytes();
        if bytes.len() > MOST_TEXT {
            return Err(PyValueError::new_err("a text of more than 2 GiB"));
        }
        let block = detached(py, || self.block(bytes))?;
        Ok(self.lines(Text::Bytes(text.unbind()), block))
    }

    /// The lines of a log from `offset` on, where a line begins, as far as they begin before `end` and fit into about
    /// `size` bytes; and where the next line begins. None where this takes a closer look: a long line, the end of the
    /// log, or an error.
    #[cfg(unix)]
    fn read(&self, py: Python<'_>, log: &Log, offset: u64, end: u64, size: usize) -> PyResult<Option<(Lines, u64)>> {
        let done = detached(py, || {
            let mut buffer = lock(&self.spare).buffers.pop().unwrap_or_default();
            let wanted = usize::try_from(end.saturating_sub(offset))
                .unwrap_or(usize::MAX)
                .saturating_add(SLACK);
            let size = size.saturating_add(SLACK).min(MOST_TEXT).min(wanted);
            let length = read_lines(&log.file, offset, end, size, &mut buffer)?;
            let block = self.block(&buffer[..length]);
            Some((buffer, length, block))
        })?;
        Ok(done
            .map(|(buffer, length, block)| (self.lines(Text::Buffer(buffer, length), block), offset + length as u64)))
    }
}

impl Engine {
    fn block(&self, text: &[u8]) -> Block {
        let mut block = lock(&self.spare).blocks.pop().unwrap_or_default();
        block.clear();
        lock(&self.scanner).scan(text, &mut block);
        block
    }

    fn lines(&self, text: Text, block: Block) -> Lines {
        let state = State {
            block,
            counted: None,
            filtered: 0,
            duplicates: 0,
            marks: None,
        };
        let (selection, names, spare) = (self.selection.clone(), self.names.clone(), self.spare.clone());
        Lines {
            text,
            state: Mutex::new(state),
            selection,
            names,
            spare,
        }
    }
}

/// A plain log that is read here.
#[cfg(unix)]
#[pyclass(frozen, module = "ses_cli.native._engine")]
struct Log {
    file: std::fs::File,
}

#[cfg(unix)]
#[pymethods]
impl Log {
    #[new]
    fn new(path: std::path::PathBuf) -> PyResult<Self> {
        Ok(Log {
            file: std::fs::File::open(path)?,
        })
    }

    /// Device and inode.
    #[getter]
    fn identity(&self) -> PyResult<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        let status = self.file.metadata()?;
        Ok((status.dev(), status.ino()))
    }

    /// Where the first line begins that begins at `offset` or later, None where that takes a closer look.
    fn line_start(&self, py: Python<'_>, offset: u64) -> PyResult<Option<u64>> {
        use std::os::unix::fs::FileExt;
        let Some(before) = offset.checked_sub(1) else {
            return Ok(Some(0));
        };
        detached(py, || {
            let mut bytes = vec![0; SLACK];
            let n = self.file.read_at(&mut bytes, before).ok()?;
            memchr::memchr(b'\n', &bytes[..n]).map(|at| before + at as u64 + 1)
        })
    }
}

/// The length of the whole lines that were read: see `Engine::read`.
#[cfg(unix)]
fn read_lines(file: &std::fs::File, offset: u64, end: u64, size: usize, buffer: &mut Vec<u8>) -> Option<usize> {
    use std::os::unix::fs::FileExt;
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
    let mut length = 0;
    while length < size {
        match file.read_at(&mut buffer[length..size], offset + length as u64) {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let text = &buffer[..length];
    // the line that ends here is the last one that begins before `end`
    let last = usize::try_from(end.checked_sub(offset + 1)?).ok()?;
    if let Some(rest) = text.get(last..)
        && let Some(at) = memchr::memchr(b'\n', rest)
    {
        return Some(last + at + 1);
    }
    memchr::memrchr(b'\n', text).map(|at| at + 1)
}

fn wanted(selection: &Bound<'_, PyAny>) -> PyResult<Selection> {
    let names = |field: &str| -> PyResult<hashbrown::HashSet<Vec<u8>, _>> {
        let names: HashSet<String> = selection.getattr(field)?.extract()?;
        Ok(names.into_iter().map(String::into_bytes).collect())
    };
    let events: HashSet<String> = selection.getattr("events")?.extract()?;
    let bits = events
        .iter()
        .map(|name| event(name.as_bytes()))
        .filter(|&event| event != NO_EVENT);
    let emails = names("emails")?;
    Ok(Selection {
        events: (!events.is_empty()).then(|| bits.fold(0, |bits, event| bits | 1 << event)),
        since: selection.getattr("since")?.extract()?,
        until: selection.getattr("until")?.extract()?,
        domains: names("domains")?,
        from_domains: names("from_domains")?,
        locals: emails.iter().map(|email| split(email).0.to_vec()).collect(),
        emails,
        bulk_ids: names("bulk_ids")?,
        message_ids: names("message_ids")?,
        templates: names("templates")?,
    })
}

/// Counts of records by keys, batch after batch.
#[pyclass(frozen, module = "ses_cli.native._engine", name = "Tally")]
struct PyTally {
    tally: Mutex<Tally>,
}

#[pymethods]
impl PyTally {
    #[new]
    fn new(keys: Vec<String>) -> PyResult<Self> {
        let tally = Tally::new(keys.iter().map(|name| key(name)).collect::<PyResult<_>>()?);
        Ok(PyTally {
            tally: Mutex::new(tally),
        })
    }

    /// Counts the records of a batch.
    fn add(&self, py: Python<'_>, lines: &Lines) -> PyResult<()> {
        lines.count_into(py, &mut lock(&self.tally))
    }

    /// Adds what another one has counted later.
    fn merge(&self, py: Python<'_>, later: &PyTally) -> PyResult<()> {
        detached(py, || {
            let later = std::mem::replace(&mut *lock(&later.tally), Tally::new(Vec::new()));
            lock(&self.tally).merge(&later);
        })
    }

    /// A tuple of values -> n.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        tally_dict(py, &lock(&self.tally))
    }
}

/// The callbacks met so far, by fingerprint.
#[pyclass(frozen, module = "ses_cli.native._engine")]
#[derive(Default)]
struct Seen {
    marks: Mutex<hashbrown::HashSet<[u8; FINGERPRINT], foldhash::fast::RandomState>>,
}

#[pymethods]
impl Seen {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Enters fingerprints, 16 bytes each, in order; a byte for each, 1 where it is new.
    fn add<'py>(&self, py: Python<'py>, fingerprints: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let (marks, _) = fingerprints.as_chunks();
        let is_new: Vec<u8> = detached(py, || {
            let mut seen = lock(&self.marks);
            marks.iter().map(|mark| u8::from(seen.insert(*mark))).collect()
        })?;
        Ok(PyBytes::new(py, &is_new))
    }
}

/// The lines of a text, and answers to questions about them.
#[pyclass(frozen, module = "ses_cli.native._engine")]
struct Lines {
    text: Text,
    state: Mutex<State>,
    selection: Arc<Selection>,
    names: Names,
    spare: Arc<Mutex<Spare>>,
}

struct State {
    block: Block,
    /// Places of the records that are counted; None for all.
    counted: Option<Vec<u32>>,
    filtered: usize,
    duplicates: usize,
    /// The fingerprints of the counted records, once they were asked for.
    marks: Option<Vec<[u8; FINGERPRINT]>>,
}

impl Drop for Lines {
    fn drop(&mut self) {
        let mut spare = lock(&self.spare);
        if spare.blocks.len() < SPARE {
            spare.blocks.push(std::mem::take(&mut lock(&self.state).block));
        }
        if let Text::Buffer(buffer, _) = &mut self.text
            && spare.buffers.len() < SPARE
        {
            spare.buffers.push(std::mem::take(buffer));
        }
    }
}

impl State {
    fn records(&self) -> impl Iterator<Item = &Record> {
        let all = self.counted.is_none().then_some(self.block.records.iter());
        let some = self
            .counted
            .iter()
            .flatten()
            .map(|&at| &self.block.records[at as usize]);
        all.into_iter().flatten().chain(some)
    }

    fn len(&self) -> usize {
        self.counted.as_ref().map_or(self.block.records.len(), Vec::len)
    }

    /// Leaves the counted records for which the answer is true.
    fn keep(&mut self, mut answers: impl Iterator<Item = bool>) {
        let places: Vec<u32> = match self.counted.take() {
            Some(places) => places,
            None => (0..self.block.records.len() as u32).collect(),
        };
        self.counted = Some(places.into_iter().filter(|_| answers.next().unwrap_or(true)).collect());
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
        let found = state
            .block
            .records
            .iter()
            .filter(|record| warned.next_if_eq(&&record.row).is_some());
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
        let mut state = lock(&self.state);
        let block = &mut state.block;
        if let Some(at) = block.unsure.iter().position(|bad| bad.row == row) {
            let bad = block.unsure.remove(at);
            let place = block.invalid.partition_point(|other| other.row < row);
            block.invalid.insert(place, bad);
            enter(&mut block.problems, &codes);
        }
    }

    /// Enters an unsure line as a record, with the values of the documented fields and the codes of its warnings.
    fn accept(&self, row: u32, values: Vec<Bound<'_, PyAny>>, codes: Vec<String>, is_explained: bool) -> PyResult<()> {
        let mut state = lock(&self.state);
        let block = &mut state.block;
        let Some(at) = block.unsure.iter().position(|bad| bad.row == row) else {
            return Err(PyValueError::new_err("no such line"));
        };
        let bad = block.unsure.remove(at);
        let (mut record, mut kept) = (Record::of(&bad), Values::default());
        let (mut event_name, mut bounce) = (String::new(), String::new());
        for (slot, value) in values.iter().enumerate().filter(|(_, value)| !value.is_none()) {
            match (slot, FIELDS[slot].1) {
                (EVENT, _) => event_name = value.extract()?,
                (BOUNCE_TYPE, _) => bounce = value.extract()?,
                (_, Kind::Integer) => kept.set_integer(slot, value.extract()?),
                _ => block.put_aside(&mut kept, slot, value.extract::<String>()?.as_bytes()),
            }
        }
        record.keep(&kept);
        record.event = event(event_name.as_bytes());
        record.bounce = match (record.event, bounce.as_str()) {
            (BOUNCE, HARD_BOUNCE) => HARD,
            (BOUNCE, SOFT_BOUNCE) => SOFT,
            _ => UNTYPED,
        };
        let place = block.records.partition_point(|other| other.row < row);
        block.records.insert(place, record);
        enter(&mut block.warnings, &codes);
        if is_explained && !codes.is_empty() {
            let place = block.warned.partition_point(|&other| other < row);
            block.warned.insert(place, row);
        }
        Ok(())
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
        let mut state = lock(&self.state);
        state.filtered = state.block.records.len() - selected.len();
        state.counted = (state.filtered > 0).then_some(selected);
        Ok(())
    }

    /// First and last timestamp.
    fn period(&self, py: Python<'_>) -> PyResult<Option<(u64, u64)>> {
        detached(py, || {
            let state = lock(&self.state);
            let widest = state.records().fold((u64::MAX, 0), |(first, last), record| {
                (first.min(record.time()), last.max(record.time()))
            });
            (state.len() > 0).then_some(widest)
        })
    }

    /// The counted records by these keys: a tuple of values -> n.
    fn counts<'py>(&self, py: Python<'py>, keys: Vec<String>) -> PyResult<Bound<'py, PyDict>> {
        let mut tally = Tally::new(keys.iter().map(|name| key(name)).collect::<PyResult<_>>()?);
        self.count_into(py, &mut tally)?;
        tally_dict(py, &tally)
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

    /// Row, start, length, timestamp, event, domain, lane and id of each counted record.
    fn rows<'py>(&self, py: Python<'py>, lane: &str) -> PyResult<Bound<'py, PyList>> {
        let text = self.text.bytes(py);
        let found = self.names.with(py, |names| {
            let state = lock(&self.state);
            let mut email = Vec::new();
            let mut rows = Vec::new();
            for record in state.records() {
                let field = |slot| state.block.text(text, record, slot).unwrap_or_default();
                email.clear();
                address(names, &field(EMAIL), lane == "email", &mut email);
                let domain = split(&email).1;
                let lane = match lane {
                    "message" => Some(identity::lane(&LANES, &[&field(BULK_ID), &email])),
                    "email" => Some(identity::lane(&LANES, &[&email])),
                    "domain" => Some(identity::lane(&LANES, &[domain])),
                    _ => None,
                };
                let id = Sha256::digest(text.get(record.start as usize..record.end as usize).unwrap_or_default());
                rows.push((*record, domain.to_vec(), lane, id));
            }
            rows
        })?;
        let rows = PyList::empty(py);
        let events = EVENTS.map(|(name, _)| PyString::intern(py, name));
        for (record, domain, lane, id) in &found {
            let event = &events[usize::from(record.event)];
            let (length, id) = (record.end - record.start, PyBytes::new(py, &id[..16]));
            let domain = String::from_utf8_lossy(domain);
            rows.append((
                record.row,
                record.start,
                length,
                record.time(),
                event,
                domain,
                *lane,
                id,
            ))?;
        }
        Ok(rows)
    }

    /// A mark and a time for each valid `delivered` record, selected or not, 8 bytes each; and the addresses of which
    /// Python has to make the mark, each with its place.
    fn deliveries<'py>(&self, py: Python<'py>) -> PyResult<Deliveries<'py>> {
        let text = self.text.bytes(py);
        let (marks, times, odd) = self.names.with(py, |names| {
            let state = lock(&self.state);
            let (mut recipients, mut ends) = (Vec::new(), Vec::new());
            let (mut times, mut odd) = (Vec::new(), Vec::new());
            for record in state.block.records.iter().filter(|record| record.event == DELIVERED) {
                let email = state.block.text(text, record, EMAIL).unwrap_or_default();
                if !identity::recipient(&email, names, &mut recipients) {
                    odd.push((ends.len(), String::from_utf8_lossy(&email).into_owned()));
                }
                ends.push(recipients.len());
                times.extend_from_slice(&record.time().to_ne_bytes());
            }
            (identity::marks(&recipients, &ends), times, odd)
        })?;
        Ok((PyBytes::new(py, &marks), PyBytes::new(py, &times), odd))
    }

    /// The fingerprint of each counted record, 16 bytes each.
    fn fingerprints<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let marks = self.marks(py)?;
        let bytes = PyBytes::new(py, marks.as_flattened());
        lock(&self.state).marks = Some(marks);
        Ok(bytes)
    }

    /// Leaves out what was seen before, and enters the rest.
    fn deduplicate(&self, py: Python<'_>, seen: &Seen) -> PyResult<()> {
        let marks = self.marks(py)?;
        detached(py, || {
            let mut known = lock(&seen.marks);
            let is_new: Vec<bool> = marks.iter().map(|mark| known.insert(*mark)).collect();
            drop(known);
            self.leave_out(&is_new);
        })
    }

    /// Leaves out the counted records of which the byte is 0.
    fn keep(&self, is_new: &[u8]) {
        let is_new: Vec<bool> = is_new.iter().map(|&byte| byte != 0).collect();
        self.leave_out(&is_new);
    }

    /// Name, JSON type, first row and number of what is met in the objects of counted and invalid lines.
    fn fields(&self) -> Option<Vec<(String, &'static str, u32, u64)>> {
        let state = lock(&self.state);
        let shapes = &state.block.shapes;
        if !state.block.has_shapes {
            return None;
        }
        let mut met = vec![(u32::MAX, 0u64); shapes.all.len()];
        let records = state.records().map(|record| (record.shape, record.row));
        for (shape, row) in records.chain(state.block.invalid.iter().map(|bad| (bad.shape, bad.row))) {
            if let Some((first, n)) = met.get_mut(shape as usize) {
                (*first, *n) = ((*first).min(row), *n + 1);
            }
        }
        let mut order: Vec<usize> = (0..met.len()).filter(|&at| met[at].1 > 0).collect();
        order.sort_by_key(|&at| met[at].0);
        let names = shapes.name();
        let mut at = hashbrown::HashMap::new();
        let mut found: Vec<(String, &'static str, u32, u64)> = Vec::new();
        for shape in order {
            let (first, n) = met[shape];
            for &(name, type_) in &shapes.all[shape] {
                let known = *at.entry((name, type_)).or_insert(found.len());
                if known == found.len() {
                    let name = String::from_utf8_lossy(names.get(&name).copied().unwrap_or_default()).into_owned();
                    found.push((name, TYPES[type_ as usize], first, 0));
                }
                found[known].3 += n;
            }
        }
        Some(found)
    }
}

type Deliveries<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<(usize, String)>);

impl Lines {
    /// Counts the records; those with domains that are not known yet once Python has said how these are compared.
    fn count_into(&self, py: Python<'_>, tally: &mut Tally) -> PyResult<()> {
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

    fn marks(&self, py: Python<'_>) -> PyResult<Vec<[u8; FINGERPRINT]>> {
        if let Some(marks) = lock(&self.state).marks.take() {
            return Ok(marks);
        }
        let text = self.text.bytes(py);
        self.names.with(py, |names| {
            let state = lock(&self.state);
            let mut scratch = Vec::new();
            let marks = state
                .records()
                .map(|record| identity::fingerprint(&state.block, text, record, names, &mut scratch));
            marks.collect()
        })
    }

    fn leave_out(&self, is_new: &[bool]) {
        if is_new.iter().all(|&new| new) {
            return;
        }
        let mut state = lock(&self.state);
        state.duplicates += is_new.iter().filter(|&&new| !new).count();
        state.keep(is_new.iter().copied());
    }
}

fn place(bad: &Bad) -> Place {
    (bad.row, bad.start, bad.end)
}

fn key(name: &str) -> PyResult<Key> {
    let found = KEYS.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, key)| *key)
        .ok_or_else(|| PyValueError::new_err(format!("no key: {name}")))
}

fn by_code<'py>(py: Python<'py>, counts: &[u64; CODES.len()]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (code, n) in CODES.iter().zip(counts).filter(|(_, n)| **n > 0) {
        dict.set_item(code, n)?;
    }
    Ok(dict)
}

fn enter(counts: &mut [u64; CODES.len()], codes: &[String]) {
    for code in codes {
        if let Some(at) = CODES.iter().position(|known| known == code) {
            counts[at] += 1;
        }
    }
}

fn tally_dict<'py>(py: Python<'py>, tally: &Tally) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let mut numbers = Vec::new();
    // the same object for the same value
    let mut made: Vec<Vec<Option<Bound<'py, PyAny>>>> = Vec::new();
    for group in 0..tally.groups() {
        let n = tally.group(group, &mut numbers);
        if n == 0 {
            continue;
        }
        made.resize_with(numbers.len(), Vec::new);
        let mut values = Vec::with_capacity(numbers.len());
        for (at, &number) in numbers.iter().enumerate() {
            let (known, place) = (&mut made[at], number as usize);
            if place >= known.len() {
                known.resize_with(place + 1, || None);
            }
            let value = match &known[place] {
                Some(value) => value.clone(),
                None => {
                    let value = object(py, tally.value(at, number))?;
                    known[place].insert(value).clone()
                }
            };
            values.push(value);
        }
        dict.set_item(PyTuple::new(py, values)?, n)?;
    }
    Ok(dict)
}

fn object<'py>(py: Python<'py>, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::None => py.None().into_bound(py),
        Value::Text(text) => PyString::new(py, &String::from_utf8_lossy(text)).into_any(),
        Value::Integer(value) => value.into_pyobject(py)?.into_any(),
    })
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
    module.add_class::<Engine>()?;
    module.add_class::<Lines>()?;
    module.add_class::<Seen>()?;
    module.add_class::<PyTally>()?;
    module.add_class::<bounces::PyBounces>()?;
    module.add_class::<messages::PyMessages>()?;
    module.add_class::<messages::PyCounter>()?;
    module.add_function(wrap_pyfunction!(bounces::matching, module)?)?;
    #[cfg(unix)]
    module.add_class::<Log>()?;
    module.add_function(wrap_pyfunction!(vocabulary, module)?)?;
    Ok(())
}
