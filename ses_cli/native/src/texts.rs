//! Distinct texts, numbered from 0 as they are met.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

#[derive(Default)]
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: RandomState,
}

impl Texts {
    /// The number of a text, a new one where it was not met before.
    pub fn number(&mut self, text: &[u8]) -> u32 {
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        let hash = hasher.hash_one(text);
        let known = self
            .numbers
            .find(hash, |&number| get(bytes, ends, number as usize) == text);
        if let Some(&number) = known {
            return number;
        }
        let number = self.ends.len() as u32;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        let (bytes, ends) = (&self.bytes, &self.ends);
        self.numbers.insert_unique(hash, number, |&number| {
            hasher.hash_one(get(bytes, ends, number as usize))
        });
        number
    }

    pub fn get(&self, number: usize) -> &[u8] {
        get(&self.bytes, &self.ends, number)
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
        self.bytes.len() + self.ends.len() * size_of::<usize>()
    }
}

fn get<'a>(bytes: &'a [u8], ends: &[usize], number: usize) -> &'a [u8] {
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[start..ends[number]]
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
