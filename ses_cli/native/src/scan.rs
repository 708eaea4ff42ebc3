//! Lines become records, or what is wrong with them.

use crate::block::{Bad, Block, Span};
use crate::json::{Fault, Window};
use crate::keys::Begins;
use crate::leads::{self, Leads};
use crate::line::{End, Line, short_integer};
use crate::marks::{self, Marks};
use crate::shapes::NO_SHAPE;
use crate::vocabulary::*;
use fearless_simd::Level;

/// Bytes that are worked on at once: they stay in the processor's cache from one pass to the next.
const STEP: usize = 128 << 10;
const BOM: &[u8] = b"\xef\xbb\xbf";

#[derive(Clone, Copy, Debug)]
pub struct Checks {
    /// Bytes of a line, without its newline.
    pub max_line: usize,
    /// Warnings are errors.
    pub strict: bool,
    /// Keep which lines have warnings.
    pub explain: bool,
    /// Keep which keys and types each object has.
    pub shapes: bool,
}

/// Scans texts of whole lines. What it has met makes it quicker, and changes no answer.
pub struct Scanner {
    checks: Checks,
    level: Level,
    leads: Leads,
    marks: Marks,
    line: Line,
}

/// A line that is about to be read.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    /// The end of the whole lines that are known to be there.
    limit: usize,
    row: u32,
}

impl Scanner {
    pub fn new(checks: Checks) -> Self {
        Scanner {
            checks,
            level: Level::new(),
            leads: Leads::new(),
            marks: Marks::default(),
            line: Line::default(),
        }
    }

    /// Adds all lines of a text to an empty block.
    pub fn scan(&mut self, text: &[u8], block: &mut Block) {
        block.has_shapes = self.checks.shapes;
        if self.checks.shapes {
            self.blocks::<true>(text, block);
            block.shapes.names.clone_from(&self.leads.keys.names);
        } else {
            self.blocks::<false>(text, block);
        }
    }

    fn blocks<const SHAPES: bool>(&mut self, text: &[u8], block: &mut Block) {
        let mut marks = std::mem::take(&mut self.marks);
        marks.prepare(text);
        let (mut start, mut marked) = (0, 0);
        while start < text.len() {
            let to = (marked + STEP).min(text.len());
            marks.mark(self.level, text, marked, to);
            let limit = if to == text.len() {
                to
            } else {
                whole_lines(text, marked, to).unwrap_or(start)
            };
            marked = to;
            let is_utf8 = simdutf8::basic::from_utf8(&text[start..limit]).is_ok();
            self.lines::<SHAPES>(
                &Window {
                    text,
                    marks: &marks,
                    level: self.level,
                },
                start,
                limit,
                is_utf8,
                block,
            );
            start = limit;
        }
        self.marks = marks;
    }

    /// Adds the lines of a part of the text.
    fn lines<const SHAPES: bool>(
        &mut self,
        window: &Window,
        mut start: usize,
        limit: usize,
        is_utf8: bool,
        block: &mut Block,
    ) {
        while start < limit {
            let place = Place {
                start,
                limit,
                row: block.lines,
            };
            block.lines += 1;
            let is_readable = is_utf8 || {
                let end = line_end(window, start, limit);
                std::str::from_utf8(&window.text[start..end]).is_ok()
            };
            let done = if is_readable {
                self.object::<SHAPES>(window, place, start, block)
            } else {
                Err(Fault::Malformed)
            };
            start = match done {
                Ok(next) => next,
                Err(fault) => self.look_closer::<SHAPES>(window, place, fault, is_readable, block),
            };
        }
    }

    /// Reads a line with an object on it, from `at`. Returns where the next line starts.
    #[inline(always)]
    fn object<const SHAPES: bool>(
        &mut self,
        window: &Window,
        place: Place,
        at: usize,
        block: &mut Block,
    ) -> Result<usize, Fault> {
        self.line.begin();
        let (mut lead, mut at) = self.leads.find(window, leads::BEGIN, at as u32)?;
        loop {
            let key = self.leads.key(lead);
            self.line.meet(key);
            let (end, type_) = match key.begins {
                Begins::Text => {
                    let end = marks::next(&window.marks.special, at as usize) as u32;
                    self.line.fill(key, Span::pack(at as usize, end as usize, false));
                    (end, Type::String)
                }
                Begins::Integer if let Some((value, end)) = short_integer(window, at) => {
                    self.line.fill(key, value);
                    (end, Type::Integer)
                }
                Begins::Nothing => break,
                _ => {
                    (lead, at) = self.value::<SHAPES>(window, lead, at, block)?;
                    continue;
                }
            };
            (lead, at) = match self.leads.guess(window, lead, end) {
                None if goes_on(window.byte(end as usize)) => self.value::<SHAPES>(window, lead, at, block)?,
                found => {
                    if SHAPES {
                        self.line
                            .step(key, &self.leads.keys.forgotten, type_, &mut block.shapes);
                    }
                    match found {
                        Some(found) => found,
                        None => self.leads.search(window, lead, end)?,
                    }
                }
            };
        }
        let mut at = at as usize;
        if window.byte(at) != b'\n' {
            at = window.skip_space(at);
            if at != place.limit && window.byte(at) != b'\n' {
                return Err(Fault::Malformed);
            }
        }
        if at - place.start > self.checks.max_line {
            return Err(Fault::Malformed);
        }
        self.enter::<SHAPES>(window, place, at, block)?;
        Ok(at + 1)
    }

    /// Reads any value, and the lead behind it.
    #[inline(never)]
    fn value<const SHAPES: bool>(
        &mut self,
        window: &Window,
        lead: u16,
        at: u32,
        block: &mut Block,
    ) -> Result<(u16, u32), Fault> {
        let (key, at) = (*self.leads.key(lead), at as usize);
        if key.bit == 0 {
            self.line.note_other(&self.leads.keys.forgotten, key.kind);
        }
        let (end, type_) = if key.is_string() {
            let (end, has_escapes) = window.string(at)?;
            self.line.text(&key, Span::pack(at, end, has_escapes), end == at);
            (end, Type::String)
        } else {
            self.line.other(window, &key, at)?
        };
        if SHAPES {
            self.line
                .step(&key, &self.leads.keys.forgotten, type_, &mut block.shapes);
        }
        self.leads.find(window, lead, end as u32)
    }

    /// Enters a line that was read to its end.
    #[inline(always)]
    fn enter<const SHAPES: bool>(
        &mut self,
        window: &Window,
        place: Place,
        end: usize,
        block: &mut Block,
    ) -> Result<(), Fault> {
        let has_return = end > place.start && window.byte(end - 1) == b'\r';
        let (start, end) = (place.start, end - usize::from(has_return));
        let verdict = self
            .line
            .judge(window, self.leads.keys.unknown, self.checks.strict, &mut block.aside)?;
        let shape = if SHAPES {
            self.line.shape(&mut block.shapes)
        } else {
            NO_SHAPE
        };
        let line = Bad {
            row: place.row,
            start: start as u32,
            end: end as u32,
            shape,
        };
        match verdict {
            End::Valid => block.records.push(self.line.record(&line)),
            End::Invalid => block.invalid.push(line),
        }
        if self.line.has_flaws {
            self.count(matches!(verdict, End::Valid), place.row, block);
        }
        Ok(())
    }

    #[inline(never)]
    fn count(&self, is_valid: bool, row: u32, block: &mut Block) {
        let total = if is_valid {
            &mut block.warnings
        } else {
            &mut block.problems
        };
        for (total, flaws) in total.iter_mut().zip(self.line.flaws) {
            *total += u64::from(flaws);
        }
        if is_valid && self.checks.explain {
            block.warned.push(row);
        }
    }

    /// Says what a line is that no object could be read from. Returns where the next line starts.
    #[inline(never)]
    fn look_closer<const SHAPES: bool>(
        &mut self,
        window: &Window,
        place: Place,
        fault: Fault,
        is_utf8: bool,
        block: &mut Block,
    ) -> usize {
        let end = line_end(window, place.start, place.limit);
        let line = &window.text[place.start..end];
        let raw = line.strip_suffix(b"\r").unwrap_or(line);
        let body = raw.strip_prefix(BOM).unwrap_or(raw);
        let start = place.start;
        let bad = Bad {
            row: place.row,
            start: start as u32,
            end: (start + raw.len()) as u32,
            shape: NO_SHAPE,
        };
        if line.len() > self.checks.max_line {
            block.problems[Code::TooLong as usize] += 1;
            block.invalid.push(bad);
        } else if body.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
            block.blank += 1;
        } else if fault == Fault::Unsure {
            block.unsure.push(bad);
        } else {
            let has_mark = body.len() < raw.len();
            let at = end - (line.len() - (raw.len() - body.len()));
            if has_mark && is_utf8 {
                self.line.is_marked = true;
                let done = self.object::<SHAPES>(window, place, at, block);
                self.line.is_marked = false;
                match done {
                    Ok(next) => return next,
                    Err(Fault::Unsure) => {
                        block.unsure.push(bad);
                        return end + 1;
                    }
                    Err(Fault::Malformed) => {}
                }
            }
            let is_unended = end == place.limit && window.text.get(end).is_none();
            match broken(window, at, end, body, is_utf8, is_unended) {
                Some(code) => {
                    block.problems[code as usize] += 1;
                    block.problems[Code::ByteOrderMark as usize] += u64::from(has_mark);
                    block.invalid.push(bad);
                }
                None => block.unsure.push(bad),
            }
        }
        end + 1
    }
}

/// Whether a byte behind a string or digits may belong to the same value.
fn goes_on(byte: u8) -> bool {
    matches!(byte, ..b' ' | b'\\' | b'.' | b'e' | b'E')
}

/// Why a line is no object; None where only the definition can say.
fn broken(window: &Window, at: usize, end: usize, body: &[u8], is_utf8: bool, is_unended: bool) -> Option<Code> {
    if !is_utf8 {
        return Some(Code::NotUtf8);
    }
    match window.value(window.skip_space(at)) {
        Ok((past, type_)) if window.skip_space(past) == end => {
            return (type_ != Type::Object).then_some(Code::NotObject);
        }
        Err(Fault::Unsure) => return None,
        _ => {}
    }
    if looks_like_utf16(body) {
        return Some(Code::NotUtf8);
    }
    Some(if is_unended { Code::Truncated } else { Code::NotJson })
}

/// As `ses_cli.schema.document` has it, of what is UTF-8.
fn looks_like_utf16(text: &[u8]) -> bool {
    if text.len() < 4 || memchr::memchr(0, text).is_none() {
        return false;
    }
    let zeros = |from: usize| text.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
    let third = text.len() / 3;
    (zeros(0) > third) != (zeros(1) > third)
}

fn line_end(window: &Window, start: usize, limit: usize) -> usize {
    memchr::memchr(b'\n', &window.text[start..limit]).map_or(limit, |at| start + at)
}

/// Where the last line ends that ends in `from..to`.
fn whole_lines(text: &[u8], from: usize, to: usize) -> Option<usize> {
    memchr::memrchr(b'\n', &text[from..to]).map(|at| from + at + 1)
}
