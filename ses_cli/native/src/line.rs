//! The line at hand: what its object says, and what is wrong with it.

use crate::block::{Bad, Record, Values, text_at};
use crate::email;
use crate::json::{Fault, Window};
use crate::keys::{Key, NO_NAME};
use crate::marks;
use crate::shapes::{ROOT, Shapes};
use crate::vocabulary::*;
use std::hash::{BuildHasher, RandomState};

/// What becomes of a line that was read to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    Valid,
    Invalid,
}

#[derive(Default)]
pub struct Line {
    values: Values,
    record: Record,
    pub has_flaws: bool,
    pub flaws: [u32; CODES.len()],
    /// The last step of its shape.
    shape: u32,
    /// A byte order mark stands before it.
    pub is_marked: bool,
    /// Slots of which the value is not null.
    given: u32,
    /// Names met, by number.
    met: u64,
    /// Hashes of the names met that have no number.
    others: Vec<u64>,
    /// Numbers of the names met twice.
    doubled: u64,
    scratch: Vec<u8>,
    hasher: RandomState,
}

impl Line {
    #[inline(always)]
    pub fn begin(&mut self) {
        self.values.present = 0;
        self.record.is_odd = false;
        self.given = 0;
        self.met = 0;
        if self.has_flaws || self.doubled != 0 || !self.others.is_empty() || self.is_marked {
            self.forget();
        }
        self.shape = ROOT;
    }

    #[inline(never)]
    fn forget(&mut self) {
        self.flaws = [0; CODES.len()];
        self.has_flaws = false;
        self.doubled = 0;
        self.others.clear();
        if self.is_marked {
            self.flaw(Code::ByteOrderMark);
        }
    }

    #[inline(always)]
    fn flaw(&mut self, code: Code) {
        self.flaws[code as usize] = self.flaws[code as usize].saturating_add(1);
        self.has_flaws = true;
    }

    /// Notes a key.
    #[inline(always)]
    pub fn meet(&mut self, key: &Key) {
        self.doubled |= self.met & key.bit;
        self.met |= key.bit;
    }

    /// Takes in a value that is right for its key.
    #[inline(always)]
    pub fn fill(&mut self, key: &Key, value: u64) {
        self.values.set(key.slot, value);
        self.values.present |= key.slot_bit;
    }

    /// Takes in any string.
    #[inline(always)]
    pub fn text(&mut self, key: &Key, span: u64, is_empty: bool) {
        self.fill(key, span);
        if key.kind == Kind::Integer {
            self.no_integer(key, is_empty);
        }
    }

    /// Text where an integer is wanted: fine when it is empty, unless the field is required.
    #[inline(never)]
    fn no_integer(&mut self, key: &Key, is_empty: bool) {
        self.values.present &= !key.slot_bit;
        self.given |= key.slot_bit;
        self.record.is_odd = true;
        if !is_empty || usize::from(key.slot) == TIMESTAMP {
            self.flaw(Code::WrongType);
        }
    }

    /// Takes in what is no string. Returns where it ends, and its type.
    #[inline(never)]
    pub fn other(&mut self, window: &Window, key: &Key, at: usize) -> Result<(usize, Type), Fault> {
        let (end, type_) = window.value(at)?;
        self.values.present &= !key.slot_bit;
        self.given &= !key.slot_bit;
        match (key.kind, type_) {
            (Kind::Unknown, _) | (_, Type::Null) => {}
            (Kind::Integer, Type::Integer) => {
                let value = integer(&window.text[at..end]).ok_or(Fault::Unsure)?;
                self.values.set_integer(usize::from(key.slot), value);
            }
            _ => {
                self.given |= key.slot_bit;
                self.flaw(Code::WrongType);
            }
        }
        Ok((end, type_))
    }

    /// Notes a name that has no number.
    #[inline(never)]
    pub fn note_other(&mut self, name: &[u8], kind: Kind) {
        self.others.push(self.hasher.hash_one(name));
        if kind == Kind::Unknown {
            self.flaw(Code::UnknownField);
        }
    }

    /// Takes a step of its shape.
    #[inline(always)]
    pub fn step(&mut self, key: &Key, forgotten: &[u8], type_: Type, shapes: &mut Shapes) {
        let name = if key.name != NO_NAME {
            u32::from(key.name)
        } else {
            shapes.other(forgotten)
        };
        self.shape = shapes.step(self.shape, name, type_);
    }

    /// Its shape, once all of it is known.
    #[inline(always)]
    pub fn shape(&self, shapes: &mut Shapes) -> u32 {
        if self.doubled == 0 {
            self.shape
        } else {
            shapes.single(self.shape)
        }
    }

    /// The record of a valid line.
    #[inline(always)]
    pub fn record(&self, place: &Bad) -> Record {
        self.record.at(place, &self.values)
    }

    /// What the definition says of the object, once all of it is known. `unknown` has the bits of names that no
    /// documentation has.
    #[inline(always)]
    pub fn judge(&mut self, window: &Window, unknown: u64, strict: bool, aside: &mut Vec<u8>) -> Result<End, Fault> {
        if !self.others.is_empty() {
            self.others.sort_unstable();
            if self.others.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(Fault::Unsure);
            }
        }
        self.given |= self.values.present;
        self.record.is_odd |= self.met & 1 << LEGACY_BULK_ID != 0;
        self.record.has_others = self.met >> OTHER != 0 || !self.others.is_empty();
        if self.values.has(BULK_ID) && self.values.is_blank(BULK_ID) {
            self.flaw(Code::BlankBulkId);
        }
        if self.met & (unknown | 1 << LEGACY_BULK_ID) != 0 {
            self.odd_names(unknown);
        }
        const WANTED: u32 = 1 << EVENT | 1 << EMAIL | 1 << BULK_ID | 1 << TIMESTAMP;
        if self.given & WANTED != WANTED {
            for _ in 0..(WANTED & !self.given).count_ones() {
                self.flaw(Code::MissingField);
            }
        }
        self.event(window.text);
        self.email(window, aside);
        self.times();
        if self.values.has(EVENT_ID) {
            self.eventid();
        }
        if self.doubled != 0 {
            self.record.is_odd = true;
            if self.has_flaws {
                return Err(Fault::Unsure); // of the last value only what is wrong counts
            }
            for _ in 0..self.doubled.count_ones() {
                self.flaw(Code::DuplicateKey);
            }
        }
        if !self.has_flaws {
            return Ok(End::Valid);
        }
        let is_invalid = strict || self.flaws[..ERRORS].iter().any(|&n| n > 0);
        Ok(if is_invalid { End::Invalid } else { End::Valid })
    }

    #[inline(never)]
    fn odd_names(&mut self, unknown: u64) {
        for _ in 0..(self.met & unknown).count_ones() {
            self.flaw(Code::UnknownField);
        }
        const LEGACY: u32 = 1 << LEGACY_BULK_ID;
        if self.met & u64::from(LEGACY) == 0 {
            return;
        }
        self.flaw(Code::LegacySpelling);
        if self.values.has(LEGACY_BULK_ID) && self.values.is_blank(LEGACY_BULK_ID) {
            self.flaw(Code::BlankBulkId);
        }
        if self.given & LEGACY != 0 && self.given & 1 << BULK_ID == 0 {
            self.values.copy_slot(LEGACY_BULK_ID, BULK_ID);
            self.given |= 1 << BULK_ID;
        }
    }

    #[inline(always)]
    fn event(&mut self, text: &[u8]) {
        self.record.event = NO_EVENT;
        self.record.bounce = UNTYPED;
        if !self.values.has(EVENT) {
            return;
        }
        let event = self
            .plain_event(text)
            .unwrap_or_else(|| event(text_at(text, &self.values, EVENT, &mut self.scratch)));
        self.record.event = event;
        match event {
            NO_EVENT => self.flaw(Code::UnknownEvent),
            PROCESSED => self.flaw(Code::LegacySpelling),
            BOUNCE => self.bounce(text),
            _ => {}
        }
    }

    /// The number of the event type; None where its name takes a closer look.
    #[inline(always)]
    fn plain_event(&self, text: &[u8]) -> Option<u8> {
        let range = self.values.plain_range(EVENT)?;
        let bytes = text.get(range.start..range.start + 16)?.try_into().ok()?;
        let bits = 8 * range.len() as u32;
        let mask = !u128::MAX.checked_shl(bits).unwrap_or(0);
        (bits <= 128).then(|| event_of(u128::from_le_bytes(bytes) & mask))
    }

    fn bounce(&mut self, text: &[u8]) {
        let is_given = self.given >> BOUNCE_TYPE & 1 != 0;
        if is_given && !self.values.has(BOUNCE_TYPE) {
            return; // of a wrong type
        }
        let name = if is_given {
            text_at(text, &self.values, BOUNCE_TYPE, &mut self.scratch)
        } else {
            b""
        };
        let (bounce, code) = match name {
            b"" => (UNTYPED, Some(Code::MissingBounceType)),
            b"hard_bounce" => (HARD, None),
            b"soft_bounce" => (SOFT, None),
            b"hard" => (HARD, Some(Code::LegacySpelling)),
            b"soft" => (SOFT, Some(Code::LegacySpelling)),
            _ => (UNTYPED, Some(Code::BadBounceType)),
        };
        self.record.bounce = bounce;
        self.record.is_odd |= code == Some(Code::LegacySpelling);
        if let Some(code) = code {
            self.flaw(code);
        }
    }

    #[inline(always)]
    fn email(&mut self, window: &Window, aside: &mut Vec<u8>) {
        self.record.domain = 0;
        if !self.values.has(EMAIL) {
            return;
        }
        if let Some(range) = self.values.plain_range(EMAIL)
            && (3..64).contains(&range.len())
        {
            let odd = marks::window(&window.marks.odd, range.start) & !(u64::MAX << range.len());
            let at = odd.trailing_zeros() as usize;
            if odd.is_power_of_two() && (1..range.len() - 1).contains(&at) && window.byte(range.start + at) == b'@' {
                self.record.domain = (range.start + at + 1) as u32;
                return;
            }
        }
        self.odd_email(window.text, aside);
    }

    /// What an address says that is written with escapes is put aside: it is asked for by nearly every report.
    #[inline(never)]
    fn odd_email(&mut self, text: &[u8], aside: &mut Vec<u8>) {
        let start = aside.len();
        let (email, base) = match self.values.plain_range(EMAIL) {
            Some(range) => (text.get(range.clone()).unwrap_or_default(), range.start),
            None => {
                self.values.unescape_aside(EMAIL, text, aside);
                (&aside[start..], start)
            }
        };
        match email::at_sign(email) {
            Some(at) => self.record.domain = (base + at + 1) as u32,
            None if email.is_empty() => self.flaw(Code::BlankEmail),
            None => self.flaw(Code::BadEmail),
        }
    }

    #[inline(always)]
    fn times(&mut self) {
        const BOTH: u32 = 1 << TIMESTAMP | 1 << SENT_TIMESTAMP;
        let (at, sent) = (self.values.get(TIMESTAMP), self.values.get(SENT_TIMESTAMP));
        let has_sent = self.values.present & BOTH == BOTH;
        let is_time = |value: u64| value.wrapping_sub(1) < MAX_TIMESTAMP as u64;
        if !(self.values.has(TIMESTAMP) && is_time(at) && (!self.values.has(SENT_TIMESTAMP) || is_time(sent))) {
            self.odd_times();
        } else if has_sent && sent > at {
            self.flaw(Code::SentAfterEvent);
        }
    }

    #[inline(never)]
    fn odd_times(&mut self) {
        let time = |value: Option<i128>| value.map(|value| (1..=MAX_TIMESTAMP).contains(&value));
        if time(self.values.integer(TIMESTAMP)) == Some(false) {
            self.flaw(Code::BadTimestamp);
        }
        // 0: not known
        let sent = self.values.integer(SENT_TIMESTAMP);
        if time(sent) == Some(false) && sent != Some(0) {
            self.flaw(Code::BadTimestamp);
        }
    }

    #[inline(always)]
    fn eventid(&mut self) {
        let expected = EVENTS.get(usize::from(self.record.event)).map(|(_, number)| *number);
        if expected.is_some_and(|number| number != self.values.integer(EVENT_ID)) {
            self.flaw(Code::EventidMismatch);
        }
    }
}

/// The digits at a place as an integer, and where they end, if they are few and more than a leading zero: what nearly all
/// integers are.
#[inline(always)]
pub fn short_integer(window: &Window, from: u32) -> Option<(u64, u32)> {
    let from = from as usize;
    let (mut value, mut length) = digits(window, from)?;
    if length == 8 {
        let (more, n) = digits(window, from + 8)?;
        if n == 8 {
            return None;
        }
        (value, length) = (value * POWERS[n] + more, 8 + n);
    }
    (length == 1 || window.byte(from) != b'0').then_some((value, (from + length) as u32))
}

const POWERS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The digits among the next 8 bytes, as a number, and how many they are.
#[inline(always)]
fn digits(window: &Window, from: usize) -> Option<(u64, usize)> {
    const ALL: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(window.text.get(from..from + 8)?.try_into().ok()?) ^ (0x30 * ALL);
    let others = (word.wrapping_add(0x76 * ALL) | word) & (0x80 * ALL); // right up to the first one
    let n = others.trailing_zeros() as usize / 8;
    if n == 0 {
        return Some((0, 0));
    }
    // the first digit is in the lowest byte; pairs, fours and all eight are put together
    let word = word << (64 - 8 * n);
    let word = (word & (0x0F * ALL)).wrapping_mul(2561) >> 8;
    let word = (word & 0x00FF_00FF_00FF_00FF).wrapping_mul(6_553_601) >> 16;
    Some(((word & 0x0000_FFFF_0000_FFFF).wrapping_mul(42_949_672_960_001) >> 32, n))
}

fn integer(text: &[u8]) -> Option<i128> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
