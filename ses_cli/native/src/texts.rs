//! Distinct texts, numbered from 0 as they are met.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::sync::LazyLock;

/// One for all, so that texts that were hashed once are merged without hashing them again.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// Texts that are looked for together.
const TOGETHER: usize = 256;

pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u32>,
    numbers: HashTable<Entry>,
    hasher: RandomState,
}

impl Default for Texts {
    fn default() -> Self {
        Texts {
            bytes: Vec::new(),
            ends: Vec::new(),
            hashes: Vec::new(),
            numbers: HashTable::new(),
            hasher: HASHER.clone(),
        }
    }
}

/// The number of a text. Its hash is beside it, so that a table of a million texts grows without looking at any of them.
struct Entry {
    hash: u32,
    number: u32,
}

impl Texts {
    /// The number of a text, a new one where it was not met before.
    #[inline(always)]
    pub fn number(&mut self, text: &[u8]) -> u32 {
        let hash = self.hash(text);
        match self.find(text, hash) {
            Some(known) => known,
            None => self.add(text, hash),
        }
    }

    /// The number of each text of another one.
    ///
    /// Many are looked for before the new ones among them are entered: in a large table each look waits for memory, and
    /// looks that do not depend on each other wait together.
    pub fn number_all(&mut self, others: &Texts) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(others.len());
        let mut known = [None; TOGETHER];
        for start in (0..others.len()).step_by(TOGETHER) {
            let some = start..others.len().min(start + TOGETHER);
            for (known, at) in known.iter_mut().zip(some.clone()) {
                *known = self.find(others.get(at), others.hashes[at]);
            }
            for (known, at) in known.iter().zip(some) {
                numbers.push(known.unwrap_or_else(|| self.add(others.get(at), others.hashes[at])));
            }
        }
        numbers
    }

    #[inline(always)]
    pub fn hash(&self, text: &[u8]) -> u32 {
        self.hasher.hash_one(text) as u32
    }

    /// The number of a text with this hash, None where it was not met before.
    #[inline(always)]
    pub fn find(&self, text: &[u8], hash: u32) -> Option<u32> {
        let is_same = |entry: &Entry| entry.hash == hash && self.get(entry.number as usize) == text;
        self.numbers.find(spread(hash), is_same).map(|entry| entry.number)
    }

    /// Enters a text that was not met before.
    #[inline(never)]
    pub fn add(&mut self, text: &[u8], hash: u32) -> u32 {
        let number = self.ends.len() as u32;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        self.hashes.push(hash);
        let entry = Entry { hash, number };
        self.numbers
            .insert_unique(spread(hash), entry, |entry| spread(entry.hash));
        number
    }

    #[inline(always)]
    pub fn get(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * (size_of::<usize>() + size_of::<u32>())
    }
}

/// The hash for a table, which takes the lowest bits and the highest ones.
#[inline(always)]
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_for_good() {
        let mut texts = Texts::default();
        for round in 0..2 {
            for n in 0..1000u32 {
                assert_eq!(texts.number(format!("text {n}").as_bytes()), n, "round {round}");
            }
        }
        assert_eq!(texts.number(b""), 1000);
        assert_eq!(texts.number(b""), 1000);
        assert_eq!(
            (texts.get(0), texts.get(999), texts.get(1000)),
            (&b"text 0"[..], &b"text 999"[..], &b""[..])
        );
        assert_eq!(texts.iter().count(), texts.len());
    }
}
