//! What stands between two values, and what usually follows it.
//!
//! A *lead* is the bytes between two values, quotes of strings included: `{"event":"` before the first one, `","email":"`
//! between two strings, `,"eventid":` between two numbers, `"}` at the end. Logs repeat few of them in few orders, so
//! each lead remembers which ones came after it last time, and most of a line is recognised by comparing bytes: no key
//! is looked up, and no white space looked for. The first byte of a value that is no string is compared too, for digits
//! its upper half, so that a lead also says what kind of value begins.

use crate::json::{Fault, Window};
use crate::keys::{Begins, Key, Keys, NO_NAME};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Where a line begins.
pub const BEGIN: u16 = 0;
/// Matches nothing: a place for what has not been met.
const NEVER: u16 = 1;
/// The lead before a value whose key is not remembered.
const FORGOTTEN: u16 = 2;
/// A single `}`, and one behind a string.
const END: u16 = 3;
const END_OF_STRING: u16 = 4;
/// Leads that are remembered: a log of ever new keys must not fill the memory.
const MOST_LEADS: usize = 1024;
/// Bytes that are compared at once, and those that nearly all leads fit into.
const HEAD: usize = 32;
const HALF: usize = HEAD / 2;
const GUESSES: usize = 3;
const HEADS: usize = 1 << HEAD_BITS;
const HEAD_BITS: u32 = 11;

/// A cache line for what is compared, half of the next one for what it means.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Lead {
    head: [u64; 4],
    mask: [u64; 4],
    key: Key,
    length: u32,
    /// Bytes that are compared.
    compared: u32,
    next: [u16; GUESSES],
}

pub struct Leads {
    /// As many as there may be: a number taken modulo their number needs no other check.
    leads: Box<[Lead; MOST_LEADS]>,
    met: usize,
    /// What is compared, by lead, and with a 0 for any digit.
    texts: Vec<Box<[u8]>>,
    by_text: HashTable<u16>,
    /// The last lead met with these first bytes, by some of their bits.
    by_head: Box<[u16; HEADS]>,
    pub keys: Keys,
    /// Room for a text.
    text: Vec<u8>,
    hasher: RandomState,
}

impl Default for Leads {
    fn default() -> Self {
        Self::new()
    }
}

impl Leads {
    pub fn new() -> Self {
        let nothing = Lead {
            head: [u64::MAX; 4], // no UTF-8
            mask: [u64::MAX; 4],
            key: Key::END,
            length: 0,
            compared: 0,
            next: [NEVER; GUESSES],
        };
        let mut leads = Leads {
            leads: Box::new([nothing; MOST_LEADS]),
            met: usize::from(FORGOTTEN) + 1,
            texts: vec![Box::default(); usize::from(FORGOTTEN) + 1],
            by_text: HashTable::new(),
            by_head: Box::new([NEVER; HEADS]),
            keys: Keys::default(),
            text: Vec::new(),
            hasher: RandomState::default(),
        };
        leads.add(b"}", 1, Key::END);
        leads.add(b"\"}", 2, Key::END);
        leads
    }

    #[inline(always)]
    fn lead(&self, number: u16) -> &Lead {
        &self.leads[usize::from(number) % MOST_LEADS]
    }

    /// What a lead asks of its value.
    #[inline(always)]
    pub fn key(&self, lead: u16) -> &Key {
        &self.lead(lead).key
    }

    /// The lead at a place, and where it ends, if it is one of those that usually follow the one before it. Of a string
    /// the place is that of the quote that ends it.
    #[inline(always)]
    pub fn guess(&self, window: &Window, before: u16, at: u32) -> Option<(u16, u32)> {
        let at = at as usize;
        let head = halves(window.text.get(at..at + HALF)?);
        for &guess in &self.lead(before).next {
            if let Some(end) = self.end(guess, window, at, head) {
                return Some((guess, end));
            }
        }
        None
    }

    /// The lead at a place, given the one before it, and where it ends.
    #[inline(always)]
    pub fn find(&mut self, window: &Window, before: u16, at: u32) -> Result<(u16, u32), Fault> {
        match self.guess(window, before, at) {
            Some(found) => Ok(found),
            None => self.search(window, before, at),
        }
    }

    /// The lead at a place, where it is none of those that usually follow.
    #[inline(never)]
    pub fn search(&mut self, window: &Window, before: u16, at: u32) -> Result<(u16, u32), Fault> {
        let (end, first) = match before {
            BEGIN => (NEVER, b'{'),
            _ if self.key(before).is_string() => (END_OF_STRING, b'"'),
            _ => (END, b','),
        };
        let place = at as usize;
        let head = load(window.text, place);
        let known = self.by_head[hash_of(head)];
        if head[0] as u8 == first
            && let Some(value) = self.end(known, window, place, head)
        {
            self.remember_next(before, known);
            return Ok((known, value));
        }
        if let Some(value) = self.end(end, window, place, head) {
            self.remember_next(before, end);
            return Ok((end, value));
        }
        let (lead, value) = self.look(window, before, place)?;
        if lead != FORGOTTEN {
            self.by_head[hash_of(head)] = lead;
        }
        Ok((lead, value as u32))
    }

    /// Where a lead ends, if it is what stands at a place, of which the first half is given.
    #[inline(always)]
    fn end(&self, number: u16, window: &Window, at: usize, head: [u64; 2]) -> Option<u32> {
        let lead = self.lead(number);
        let is_same = (head[0] ^ lead.head[0]) & lead.mask[0] | (head[1] ^ lead.head[1]) & lead.mask[1] == 0
            && (lead.compared as usize <= HALF || self.goes_on(lead, number, window, at));
        is_same.then_some(at as u32 + lead.length)
    }

    /// Whether a lead of which the first half stands at a place stands there as a whole.
    #[inline(never)]
    fn goes_on(&self, lead: &Lead, number: u16, window: &Window, at: usize) -> bool {
        let Some(rest) = window.text.get(at + HALF..at + HEAD) else {
            return self.is_long(number, window, at);
        };
        let rest = halves(rest);
        (rest[0] ^ lead.head[2]) & lead.mask[2] | (rest[1] ^ lead.head[3]) & lead.mask[3] == 0
            && (lead.compared as usize <= HEAD || self.is_long(number, window, at))
    }

    /// The same, byte by byte.
    #[inline(never)]
    fn is_long(&self, number: u16, window: &Window, at: usize) -> bool {
        let (text, length) = (&self.texts[usize::from(number)], self.lead(number).length as usize);
        let is_first_same = text.len() == length || class(window.byte(at + length)) == text[length];
        is_first_same && window.text.get(at..at + length) == text.get(..length)
    }

    /// Reads a lead as JSON, and remembers it.
    #[inline(never)]
    fn look(&mut self, window: &Window, before: u16, at: usize) -> Result<(u16, usize), Fault> {
        let is_first = before == BEGIN;
        let mut place = window.skip_space(at + usize::from(self.key(before).is_string()));
        match window.byte(place) {
            b'{' if is_first => {}
            b',' if !is_first => {}
            b'}' if !is_first => return Ok(self.last(window, before, at, place + 1)),
            _ => return Err(Fault::Malformed),
        }
        place = window.skip_space(place + 1);
        match window.byte(place) {
            b'"' => {}
            b'}' if is_first => return Ok(self.last(window, before, at, place + 1)),
            _ => return Err(Fault::Malformed),
        }
        let (end, has_escapes) = window.string(place + 1)?;
        let colon = window.skip_space(end + 1);
        if window.byte(colon) != b':' {
            return Err(Fault::Malformed);
        }
        let value = window.skip_space(colon + 1);
        let first = window.byte(value);
        let value = value + usize::from(first == b'"');
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        text.extend_from_slice(&window.text[at..value]);
        match first {
            b'"' => {}
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' | b'[' | b'{' => text.push(class(first)),
            _ => return Err(Fault::Malformed),
        }
        let lead = match self.known(&text) {
            Ok(lead) => lead,
            Err(hash) => {
                let key = self.keys.key(&window.text[place + 1..end], has_escapes, first);
                self.remember(&text, value - at, key, hash)
            }
        };
        self.text = text;
        self.remember_next(before, lead);
        Ok((lead, value))
    }

    /// Remembers the end of an object.
    fn last(&mut self, window: &Window, before: u16, at: usize, end: usize) -> (u16, usize) {
        let text = &window.text[at..end];
        let lead = match self.known(text) {
            Ok(lead) => lead,
            Err(hash) => self.remember(text, text.len(), Key::END, hash),
        };
        self.remember_next(before, lead);
        (lead, end)
    }

    /// The lead that is remembered for a text, else the hash of the text.
    fn known(&self, text: &[u8]) -> Result<u16, u64> {
        let hash = self.hasher.hash_one(text);
        let is_same = |&lead: &u16| *self.texts[usize::from(lead)] == *text;
        self.by_text.find(hash, is_same).copied().ok_or(hash)
    }

    fn remember(&mut self, text: &[u8], length: usize, key: Key, hash: u64) -> u16 {
        // a key without a number has to be met by its text again
        if self.met == MOST_LEADS || (key.name == NO_NAME && key.begins != Begins::Nothing) {
            self.leads[usize::from(FORGOTTEN)].key = key;
            return FORGOTTEN;
        }
        let lead = self.add(text, length, key);
        let (texts, hasher) = (&self.texts, &self.hasher);
        self.by_text
            .insert_unique(hash, lead, |&known| hasher.hash_one(&*texts[usize::from(known)]));
        lead
    }

    fn add(&mut self, text: &[u8], length: usize, key: Key) -> u16 {
        let mut mask = [0; HEAD];
        mask[..text.len().min(HEAD)].fill(0xFF);
        if text.get(length) == Some(&b'0')
            && let Some(digit) = mask.get_mut(length)
        {
            *digit = 0xF0;
        }
        let (mask, head) = (words(&mask), words(&padded(text)));
        self.leads[self.met] = Lead {
            head: std::array::from_fn(|word| head[word] & mask[word]),
            mask,
            key,
            length: length as u32,
            compared: text.len() as u32,
            next: [NEVER; GUESSES],
        };
        self.texts.push(text.into());
        self.met += 1;
        (self.met - 1) as u16
    }

    /// Takes a lead for the first guess after another one. What is forgotten is never guessed.
    fn remember_next(&mut self, before: u16, lead: u16) {
        if lead != FORGOTTEN && before != FORGOTTEN {
            let next = &mut self.leads[usize::from(before)].next;
            let place = next.iter().position(|&known| known == lead).unwrap_or(GUESSES - 1);
            next[..=place].rotate_right(1);
            next[0] = lead;
        }
    }
}

/// The place in a small table of a lead with these first bytes. Of the first two the second says nothing.
fn hash_of(head: [u64; 2]) -> usize {
    let first = (head[0] >> 16 | head[1] << 48) ^ head[0] << 56;
    (first.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - HEAD_BITS)) as usize
}

/// What stands for the first byte of a value that is no string.
fn class(first: u8) -> u8 {
    if first.is_ascii_digit() { b'0' } else { first }
}

/// The first bytes of what stands at a place, zeros after the end of the text.
#[inline(always)]
fn load(text: &[u8], at: usize) -> [u64; 2] {
    match text.get(at..at + HALF) {
        Some(bytes) => halves(bytes),
        None => halves(&padded::<HALF>(text.get(at..).unwrap_or_default())),
    }
}

#[inline(never)]
fn padded<const LENGTH: usize>(text: &[u8]) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let length = text.len().min(LENGTH);
    bytes[..length].copy_from_slice(&text[..length]);
    bytes
}

fn words(bytes: &[u8; HEAD]) -> [u64; 4] {
    let (first, second) = bytes.split_at(HALF);
    let ([a, b], [c, d]) = (halves(first), halves(second));
    [a, b, c, d]
}

/// The two words that sixteen bytes are.
#[inline(always)]
fn halves(bytes: &[u8]) -> [u64; 2] {
    let word = |bytes: &[u8]| bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    [word(bytes), word(bytes.get(8..).unwrap_or_default())]
}
