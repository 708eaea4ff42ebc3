//! The keys of objects: what each asks of its value, and the numbers of their names.

use crate::escapes::unescape;
use crate::vocabulary::{self, Kind, OTHER};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// The name of a key that is not remembered.
pub const NO_NAME: u16 = u16::MAX;
/// Names that are remembered: a log of ever new keys must not fill the memory.
const MOST_NAMES: usize = 64;

/// What begins where a lead ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// A string that is right for its key, whatever it says.
    Text,
    /// A digit of what is right for its key if it is an integer.
    Integer,
    /// Another string.
    String,
    /// Another value.
    Other,
    /// Nothing: the object has ended.
    Nothing,
}

/// What a key asks of its value.
#[derive(Clone, Copy)]
pub struct Key {
    /// The bit of its name, none where the name has no number.
    pub bit: u64,
    /// The bit of the slot that a right value fills.
    pub slot_bit: u32,
    /// The number of its name.
    pub name: u16,
    pub slot: u8,
    pub kind: Kind,
    pub begins: Begins,
}

impl Key {
    pub const END: Key = Key {
        bit: 0,
        slot_bit: 0,
        name: NO_NAME,
        slot: OTHER as u8,
        kind: Kind::Unknown,
        begins: Begins::Nothing,
    };

    fn new(slot: usize, kind: Kind, name: u16, first: u8) -> Self {
        let begins = match (first, kind) {
            (b'"', Kind::Text | Kind::Custom | Kind::Unknown) if name != NO_NAME => Begins::Text,
            (b'0'..=b'9', Kind::Integer | Kind::Unknown) if name != NO_NAME => Begins::Integer,
            (b'"', _) => Begins::String,
            _ => Begins::Other,
        };
        Key {
            bit: if name == NO_NAME { 0 } else { 1 << name },
            slot_bit: if slot == OTHER { 0 } else { 1 << slot },
            name,
            slot: slot as u8,
            kind,
            begins,
        }
    }

    #[inline(always)]
    pub fn is_string(&self) -> bool {
        matches!(self.begins, Begins::Text | Begins::String)
    }
}

/// The names that were met, numbered: fields by their slots, then others as they come.
pub struct Keys {
    pub names: Vec<Box<[u8]>>,
    /// The bits of the names that no documentation has.
    pub unknown: u64,
    by_name: HashTable<u16>,
    /// The name of the last key that is not remembered.
    pub forgotten: Vec<u8>,
    hasher: RandomState,
}

impl Default for Keys {
    fn default() -> Self {
        let mut keys = Keys {
            names: Vec::new(),
            unknown: 0,
            by_name: HashTable::new(),
            forgotten: Vec::new(),
            hasher: RandomState::default(),
        };
        for (name, _) in vocabulary::FIELDS {
            keys.number(name.as_bytes());
        }
        keys.number(vocabulary::LEGACY_NAME);
        keys
    }
}

impl Keys {
    /// The key that is written like this, before a value with this first byte.
    pub fn key(&mut self, written: &[u8], has_escapes: bool, first: u8) -> Key {
        let mut spelt = Vec::new();
        let name = if has_escapes {
            unescape(written, &mut spelt);
            &spelt
        } else {
            written
        };
        let (slot, kind) = vocabulary::field(name);
        let number = self.number(name);
        if number == NO_NAME {
            self.forgotten = name.to_vec();
        } else if kind == Kind::Unknown {
            self.unknown |= 1 << number;
        }
        Key::new(slot, kind, number, first)
    }

    /// The number of a name, NO_NAME where there are too many.
    fn number(&mut self, name: &[u8]) -> u16 {
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
}
