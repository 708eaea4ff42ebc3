//! What stands before a value, and what usually follows it.
//!
//! A *lead* is the bytes between two values: `{"event":` before the first one, `,"email":` later, a single `}` at the
//! end. Logs repeat few of them in few orders, so each lead remembers which ones came after it last time, and most of
//! a line is recognised by comparing bytes, with neither keys looked up nor white space looked for.

use crate::escapes::unescape;
use crate::json::{Fault, Window};
use crate::vocabulary::{self, Kind, OTHER};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Where a line begins.
pub const BEGIN: u16 = 0;
/// Matches nothing: a place for what has not been met.
const NEVER: u16 = 1;
/// The lead before a value whose key is not remembered.
pub const FORGOTTEN: u16 = 2;
/// A single `}`.
const END: u16 = 3;
/// Leads and names that are remembered: a log of ever new keys must not fill the memory.
const MOST_LEADS: usize = 1024;
const MOST_NAMES: usize = 64;
/// The name of a key that is not remembered.
pub const NO_NAME: u16 = u16::MAX;
/// Bytes that are compared at once.
const HEAD: usize = 32;
const GUESSES: usize = 3;
const HEADS: usize = 256;

/// What a key asks of its value.
#[derive(Clone, Copy)]
pub struct Key {
    pub slot: u8,
    pub kind: Kind,
    /// Whether no key but the end of the object stands here.
    pub is_end: bool,
    /// The bit of the slot where text is wanted, else 0.
    pub text_bit: u32,
    /// The number of its name, and the bit of that number; no bit where it has none.
    pub name: u16,
    pub bit: u64,
}

impl Key {
    const END: Key = Key {
        slot: OTHER as u8,
        kind: Kind::Unknown,
        is_end: true,
        text_bit: 0,
        name: NO_NAME,
        bit: 0,
    };

    fn new(slot: usize, kind: Kind, name: u16) -> Self {
        let text_bit = if kind == Kind::Text { 1 << slot } else { 0 };
        let bit = if name == NO_NAME { 0 } else { 1 << name };
        Key {
            slot: slot as u8,
            kind,
            is_end: false,
            text_bit,
            name,
            bit,
        }
    }
}

struct Lead {
    head: [u64; 4],
    mask: [u64; 4],
    length: usize,
    tail: Box<[u8]>,
    next: [u16; GUESSES],
    key: Key,
}

pub struct Leads {
    leads: Vec<Lead>,
    by_text: HashTable<(u16, Box<[u8]>)>,
    /// The last lead met with these first bytes, by some of their bits.
    by_head: Box<[u16; HEADS]>,
    pub names: Vec<Box<[u8]>>,
    by_name: HashTable<u16>,
    /// The name of the last key that is not remembered.
    pub forgotten: Vec<u8>,
    hasher: RandomState,
}

impl Default for Leads {
    fn default() -> Self {
        Self::new()
    }
}

impl Leads {
    pub fn new() -> Self {
        let mut leads = Leads {
            leads: Vec::new(),
            by_text: HashTable::new(),
            by_head: Box::new([NEVER; HEADS]),
            names: Vec::new(),
            by_name: HashTable::new(),
            forgotten: Vec::new(),
            hasher: RandomState::default(),
        };
        for (name, _) in vocabulary::FIELDS {
            leads.name(name.as_bytes());
        }
        leads.name(b"bulkid");
        let key = Key::new(OTHER, Kind::Unknown, NO_NAME);
        for _ in [BEGIN, NEVER, FORGOTTEN] {
            leads.add(&[0xFF; HEAD], key); // no UTF-8
        }
        leads.add(b"}", Key::END);
        leads
    }

    /// What a lead asks of its value.
    #[inline(always)]
    pub fn key(&self, lead: u16) -> &Key {
        &self.leads[usize::from(lead)].key
    }

    /// The lead at a place, given the one before it, and where its value begins.
    #[inline(always)]
    pub fn find(&mut self, window: &Window, before: u16, at: usize) -> Result<(u16, usize), Fault> {
        let head = load(window.text, at);
        for guess in self.leads[usize::from(before)].next {
            if let Some(value) = self.leads[usize::from(guess)].end(window, at, head) {
                return Ok((guess, value));
            }
        }
        self.search(window, before, at, head[0])
    }

    /// The lead at a place, where it is none of those that usually follow.
    #[inline(never)]
    fn search(&mut self, window: &Window, before: u16, at: usize, first: u64) -> Result<(u16, usize), Fault> {
        if first as u8 == b'}' && before != BEGIN {
            self.guess(before, END);
            return Ok((END, at + 1));
        }
        let place = hash_of(first);
        let known = self.by_head[place];
        let may_follow = first as u8 == if before == BEGIN { b'{' } else { b',' };
        if may_follow && let Some(value) = self.leads[usize::from(known)].end(window, at, load(window.text, at)) {
            self.guess(before, known);
            return Ok((known, value));
        }
        let (lead, value) = self.look(window, before, at)?;
        if lead != FORGOTTEN {
            self.by_head[place] = lead;
        }
        Ok((lead, value))
    }

    /// Reads a lead as JSON, and remembers it.
    #[inline(never)]
    fn look(&mut self, window: &Window, before: u16, at: usize) -> Result<(u16, usize), Fault> {
        let is_first = before == BEGIN;
        let mut place = window.skip_space(at);
        match window.byte(place) {
            b'{' if is_first => {}
            b',' if !is_first => {}
            b'}' if !is_first => return Ok(self.end(window, before, at, place + 1)),
            _ => return Err(Fault::Malformed),
        }
        place = window.skip_space(place + 1);
        match window.byte(place) {
            b'"' => {}
            b'}' if is_first => return Ok(self.end(window, before, at, place + 1)),
            _ => return Err(Fault::Malformed),
        }
        let (end, has_escapes) = window.string(place + 1)?;
        let colon = window.skip_space(end + 1);
        if window.byte(colon) != b':' {
            return Err(Fault::Malformed);
        }
        let value = window.skip_space(colon + 1);
        let hash = self.hasher.hash_one(&window.text[at..value]);
        let text = &window.text[at..value];
        let lead = match self.by_text.find(hash, |known| *known.1 == *text) {
            Some(&(lead, _)) => lead,
            None => self.learn(text, &window.text[place + 1..end], has_escapes, hash),
        };
        self.guess(before, lead);
        Ok((lead, value))
    }

    fn end(&mut self, window: &Window, before: u16, at: usize, value: usize) -> (u16, usize) {
        let text = &window.text[at..value];
        let hash = self.hasher.hash_one(text);
        let lead = match self.by_text.find(hash, |known| *known.1 == *text) {
            Some(&(lead, _)) => lead,
            None => self.remember(text, Key::END, hash),
        };
        self.guess(before, lead);
        (lead, value)
    }

    fn learn(&mut self, text: &[u8], key: &[u8], has_escapes: bool, hash: u64) -> u16 {
        let mut spelt = Vec::new();
        let name = if has_escapes {
            unescape(key, &mut spelt);
            &spelt
        } else {
            key
        };
        let (slot, kind) = vocabulary::field(name);
        let name = match self.name(name) {
            NO_NAME => {
                self.forgotten = name.to_vec();
                NO_NAME
            }
            known => known,
        };
        self.remember(text, Key::new(slot, kind, name), hash)
    }

    /// The number of a name, NO_NAME where there are too many.
    fn name(&mut self, name: &[u8]) -> u16 {
        let hash = self.hasher.hash_one(name);
        let names = &self.names;
        if let Some(&known) = self.by_name.find(hash, |&known| *names[usize::from(known)] == *name) {
            return known;
        }
        if self.names.len() == MOST_NAMES {
            return NO_NAME;
        }
        let new = self.names.len() as u16;
        self.names.push(name.into());
        let (names, hasher) = (&self.names, &self.hasher);
        self.by_name
            .insert_unique(hash, new, |&known| hasher.hash_one(&*names[usize::from(known)]));
        new
    }

    fn remember(&mut self, text: &[u8], key: Key, hash: u64) -> u16 {
        // a key without a number has to be met by its text again
        if self.leads.len() == MOST_LEADS || (key.name == NO_NAME && !key.is_end) {
            self.leads[usize::from(FORGOTTEN)].key = key;
            return FORGOTTEN;
        }
        let lead = self.add(text, key);
        let hasher = &self.hasher;
        self.by_text
            .insert_unique(hash, (lead, text.into()), |known| hasher.hash_one(&*known.1));
        lead
    }

    fn add(&mut self, text: &[u8], key: Key) -> u16 {
        let mut mask = [0; HEAD];
        mask[..text.len().min(HEAD)].fill(0xFF);
        let tail = text.get(HEAD..).unwrap_or_default().into();
        let lead = Lead {
            head: load(text, 0),
            mask: load(&mask, 0),
            length: text.len(),
            tail,
            next: [NEVER; GUESSES],
            key,
        };
        self.leads.push(lead);
        (self.leads.len() - 1) as u16
    }

    /// Takes a lead for the first guess after another one. What is forgotten is never guessed.
    fn guess(&mut self, before: u16, lead: u16) {
        if lead != FORGOTTEN && before != FORGOTTEN {
            let next = &mut self.leads[usize::from(before)].next;
            next.rotate_right(1);
            next[0] = lead;
        }
    }
}

impl Lead {
    /// Where it ends, if it is what stands at a place, of which the first bytes are given.
    #[inline(always)]
    fn end(&self, window: &Window, at: usize, head: [u64; 4]) -> Option<usize> {
        let differs = |word: usize| (head[word] ^ self.head[word]) & self.mask[word];
        let is_same = (differs(0) | differs(1)) | (differs(2) | differs(3)) == 0;
        let end = at + self.length;
        (is_same && (self.length <= HEAD || window.text.get(at + HEAD..end) == Some(&self.tail))).then_some(end)
    }
}

/// The place in a small table of a lead with these first bytes.
#[inline(always)]
fn hash_of(first: u64) -> usize {
    (first.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as usize
}

/// The first bytes of what stands at a place, zeros after the end of the text.
#[inline(always)]
fn load(text: &[u8], at: usize) -> [u64; 4] {
    match text.get(at..at + HEAD) {
        Some(bytes) => split(bytes),
        None => load_last(text.get(at..).unwrap_or_default()),
    }
}

#[inline(always)]
fn split(bytes: &[u8]) -> [u64; 4] {
    let word = |at: usize| {
        bytes
            .get(at..at + 8)
            .and_then(|word| word.try_into().ok())
            .map_or(0, u64::from_le_bytes)
    };
    [word(0), word(8), word(16), word(24)]
}

#[inline(never)]
fn load_last(text: &[u8]) -> [u64; 4] {
    let mut bytes = [0; HEAD];
    bytes[..text.len()].copy_from_slice(text);
    split(&bytes)
}
