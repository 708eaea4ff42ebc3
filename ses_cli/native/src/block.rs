//! What a scan leaves: a record for each valid line, and which lines were something else.

use crate::escapes::unescape;
use crate::shapes::{NO_SHAPE, Shapes};
use crate::vocabulary::{CODES, EMAIL, KEPT, SLOTS, TIMESTAMP};
use std::borrow::Cow;

/// Where text stands: its beginning, its length, and whether it holds escapes or was put aside.
#[derive(Clone, Copy)]
pub struct Span(u64);

const ESCAPED: u64 = 1 << 31;
const ASIDE: u64 = 1 << 63;

impl Span {
    #[inline(always)]
    pub fn pack(start: usize, end: usize, has_escapes: bool) -> u64 {
        start as u64 | (u64::from(has_escapes) << 31) | ((end - start) as u64) << 32
    }

    #[inline(always)]
    fn range(self) -> std::ops::Range<usize> {
        let start = (self.0 & (ESCAPED - 1)) as usize;
        start..start + ((self.0 & !ASIDE) >> 32) as usize
    }
}

/// At least `SLOTS`: a number taken modulo this one needs no other check.
const ROOM: usize = SLOTS.next_power_of_two();

/// The values of a line while it is read: text as `Span`, integers as they are. What is absent or null has no bit in
/// `present`.
#[derive(Default)]
pub struct Values {
    slots: [u64; ROOM],
    pub present: u32,
    /// Integers that are beyond 63 bits.
    unsigned: u32,
}

impl Values {
    #[inline(always)]
    pub fn has(&self, slot: usize) -> bool {
        self.present >> slot & 1 != 0
    }

    #[inline(always)]
    pub fn set(&mut self, slot: u8, value: u64) {
        self.slots[usize::from(slot) % ROOM] = value;
    }

    /// Whether text is empty.
    #[inline(always)]
    pub fn is_blank(&self, slot: usize) -> bool {
        Span(self.slots[slot]).range().is_empty()
    }

    #[inline(always)]
    pub fn get(&self, slot: usize) -> u64 {
        self.slots[slot]
    }

    pub fn copy_slot(&mut self, from: usize, to: usize) {
        self.slots[to] = self.slots[from];
        self.present = self.present & !(1 << to) | (self.present >> from & 1) << to;
    }

    /// Any integer that JSON readers of 64 bits know.
    pub fn set_integer(&mut self, slot: usize, value: i128) {
        self.slots[slot] = value as u64;
        self.unsigned = self.unsigned & !(1 << slot) | u32::from(value > i128::from(i64::MAX)) << slot;
        self.present |= 1 << slot;
    }

    /// Puts aside what the text in a slot says that holds escapes.
    pub fn unescape_aside(&mut self, slot: usize, text: &[u8], aside: &mut Vec<u8>) {
        let start = aside.len();
        unescape(text.get(Span(self.slots[slot]).range()).unwrap_or_default(), aside);
        self.slots[slot] = Span::pack(start, aside.len(), false) | ASIDE;
    }

    /// The integer in a slot, None where there is none.
    #[inline(always)]
    pub fn integer(&self, slot: usize) -> Option<i128> {
        integer(self.slots[slot], slot, self.present, self.unsigned)
    }

    /// Where the text of a slot stands, None where it holds escapes.
    #[inline(always)]
    pub fn plain_range(&self, slot: usize) -> Option<std::ops::Range<usize>> {
        let span = Span(self.slots[slot]);
        (span.0 & ESCAPED == 0).then(|| span.range())
    }
}

#[inline(always)]
fn integer(bits: u64, slot: usize, present: u32, unsigned: u32) -> Option<i128> {
    if present >> slot & 1 == 0 {
        return None;
    }
    Some(if unsigned >> slot & 1 != 0 {
        i128::from(bits)
    } else {
        i128::from(bits as i64)
    })
}

/// A valid line: what of its values reports ask for.
#[derive(Clone, Copy, Default)]
pub struct Record {
    kept: [u64; KEPT],
    present: u32,
    unsigned: u32,
    /// Of the line, without its end.
    pub start: u32,
    pub end: u32,
    pub row: u32,
    pub shape: u32,
    /// Where the domain of its address begins, in the text or aside; 0 where that is not known.
    pub domain: u32,
    pub event: u8,
    pub bounce: u8,
    /// Its line is not what a reader of today's spelling takes: old spellings, or blanks for integers.
    pub is_odd: bool,
    /// It has values that no field is documented for.
    pub has_others: bool,
}

impl Record {
    /// A record of a line that the definition looked at, without its values yet.
    pub fn of(bad: &Bad) -> Self {
        Record {
            start: bad.start,
            end: bad.end,
            row: bad.row,
            shape: NO_SHAPE,
            is_odd: true,
            has_others: true,
            ..Record::default()
        }
    }

    /// The same with the place and the values of a line.
    #[inline(always)]
    pub fn at(&self, place: &Bad, values: &Values) -> Self {
        Record {
            kept: values.slots[EMAIL..].first_chunk().copied().unwrap_or_default(),
            present: values.present,
            unsigned: values.unsigned,
            start: place.start,
            end: place.end,
            row: place.row,
            shape: place.shape,
            ..*self
        }
    }

    #[inline(always)]
    pub fn has(&self, slot: usize) -> bool {
        self.present >> slot & 1 != 0
    }

    #[inline(always)]
    fn value(&self, slot: usize) -> u64 {
        self.kept[slot - EMAIL]
    }

    /// The integer in a slot that is kept, None where there is none.
    #[inline(always)]
    pub fn integer(&self, slot: usize) -> Option<i128> {
        integer(self.value(slot), slot, self.present, self.unsigned)
    }

    /// Where in the log the text of a slot ends that begins here, None where there is none that is written as it is.
    #[inline(always)]
    pub fn end_of(&self, slot: usize, start: usize) -> Option<usize> {
        let span = Span(*self.kept.get(slot.wrapping_sub(EMAIL))?);
        let is_here = self.has(slot) && span.0 & (ESCAPED | ASIDE) == 0 && span.range().start == start;
        is_here.then(|| span.range().end)
    }

    /// When it happened, in Unix seconds: every record has it.
    #[inline(always)]
    pub fn time(&self) -> u64 {
        self.value(TIMESTAMP)
    }
}

/// A line that is no record.
#[derive(Clone, Copy, Debug)]
pub struct Bad {
    pub row: u32,
    /// Of the line, without its end.
    pub start: u32,
    pub end: u32,
    pub shape: u32,
}

#[derive(Default)]
pub struct Block {
    pub lines: u32,
    pub blank: u32,
    pub records: Vec<Record>,
    pub invalid: Vec<Bad>,
    /// Lines that the definition has to look at.
    pub unsure: Vec<Bad>,
    /// Rows of records with warnings, where asked for.
    pub warned: Vec<u32>,
    /// What is wrong with valid lines, by code.
    pub warnings: [u64; CODES.len()],
    /// What is wrong with invalid lines, by code.
    pub problems: [u64; CODES.len()],
    pub has_shapes: bool,
    pub shapes: Shapes,
    /// Text that does not stand in the log.
    pub aside: Vec<u8>,
}

impl Block {
    /// The text in a slot of a record, None where there is none.
    #[inline(always)]
    pub fn text<'a>(&'a self, text: &'a [u8], record: &Record, slot: usize) -> Option<Cow<'a, [u8]>> {
        if !record.has(slot) {
            return None;
        }
        let span = Span(record.value(slot));
        if span.0 & (ESCAPED | ASIDE) == 0 {
            return Some(Cow::Borrowed(text.get(span.range()).unwrap_or_default()));
        }
        Some(self.odd_text(text, span))
    }

    /// The domain of a record's address, None where that takes a closer look.
    #[inline(always)]
    pub fn domain<'a>(&'a self, text: &'a [u8], record: &Record) -> Option<&'a [u8]> {
        if record.domain == 0 {
            return None;
        }
        let span = Span(record.value(EMAIL));
        let text = if span.0 & ASIDE == 0 { text } else { &self.aside };
        Some(text.get(record.domain as usize..span.range().end).unwrap_or_default())
    }

    #[inline(never)]
    fn odd_text<'a>(&'a self, text: &'a [u8], span: Span) -> Cow<'a, [u8]> {
        if span.0 & ASIDE != 0 {
            return Cow::Borrowed(self.aside.get(span.range()).unwrap_or_default());
        }
        let mut out = Vec::new();
        unescape(text.get(span.range()).unwrap_or_default(), &mut out);
        Cow::Owned(out)
    }

    /// Puts text aside for a slot.
    pub fn put_aside(&mut self, values: &mut Values, slot: usize, text: &[u8]) {
        let start = self.aside.len();
        self.aside.extend_from_slice(text);
        values.slots[slot] = Span::pack(start, start + text.len(), false) | ASIDE;
        values.present |= 1 << slot;
    }

    pub fn clear(&mut self) {
        let Block {
            records,
            invalid,
            unsure,
            warned,
            aside,
            ..
        } = std::mem::take(self);
        *self = Block {
            records,
            invalid,
            unsure,
            warned,
            aside,
            ..Block::default()
        };
        self.records.clear();
        self.invalid.clear();
        self.unsure.clear();
        self.warned.clear();
        self.aside.clear();
    }
}

/// The text in a slot whose line is still being read.
#[inline(always)]
pub fn text_at<'a>(text: &'a [u8], values: &Values, slot: usize, scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let span = Span(values.slots[slot]);
    let text = text.get(span.range()).unwrap_or_default();
    if span.0 & ESCAPED == 0 {
        return text;
    }
    scratch.clear();
    unescape(text, scratch);
    scratch
}
