//! The distinct values that records are counted by.

use crate::domains::Domains;
use crate::texts::Texts;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// A value that records are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    None,
    Text(&'a [u8]),
    Integer(i128),
}

/// The distinct values of one key, numbered as they are met.
#[derive(Default)]
pub struct Values {
    texts: Texts,
    /// Of domains: the number of the same domain as it is compared. Each spelling is looked at once.
    names: Vec<u32>,
    integers: Vec<i128>,
    by_integer: HashTable<u32>,
    last: Option<(i128, u32)>,
    hasher: RandomState,
}

/// A name that was not looked at as a spelling.
const UNASKED: u32 = u32::MAX;

impl Values {
    pub fn len(&self) -> usize {
        self.texts.len().max(self.integers.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn text(&self, number: u32) -> &[u8] {
        self.texts.get(number as usize)
    }

    pub fn integer(&self, number: u32) -> i128 {
        self.integers[number as usize]
    }

    #[inline(always)]
    pub fn number_text(&mut self, text: &[u8]) -> u32 {
        self.texts.number(text)
    }

    /// The number of a domain, None where it is not known yet how it is compared.
    #[inline(always)]
    pub fn number_domain(&mut self, spelling: &[u8], domains: &mut Domains) -> Option<u32> {
        let hash = self.texts.hash(spelling);
        let known = self.texts.find(spelling, hash);
        match known.map(|at| self.names[at as usize]) {
            Some(name) if name != UNASKED => Some(name),
            _ => self.add_domain(spelling, hash, known, domains),
        }
    }

    #[inline(never)]
    fn add_domain(&mut self, spelling: &[u8], hash: u32, known: Option<u32>, domains: &mut Domains) -> Option<u32> {
        let name = domains.find(spelling)?;
        let at = known.unwrap_or_else(|| {
            self.names.push(UNASKED);
            self.texts.add(spelling, hash)
        });
        let same = if *name == *spelling {
            at
        } else {
            self.number_name(&name)
        };
        self.names[at as usize] = same;
        Some(same)
    }

    /// The number of a domain as it is compared. As a spelling it may be compared as yet another one: `a..` as `a.`.
    pub fn number_name(&mut self, name: &[u8]) -> u32 {
        let number = self.texts.number(name);
        if number as usize == self.names.len() {
            self.names.push(UNASKED);
        }
        number
    }

    /// The number of each value of another one.
    pub fn number_all(&mut self, others: &Values) -> Vec<u32> {
        let numbers = self.texts.number_all(&others.texts);
        if !others.names.is_empty() {
            self.names.resize(self.texts.len(), UNASKED);
        }
        let integers = others.integers.iter().map(|&value| self.number_integer(value));
        numbers.into_iter().chain(integers).collect()
    }

    #[inline(always)]
    pub fn number_integer(&mut self, value: i128) -> u32 {
        if let Some((known, number)) = self.last
            && known == value
        {
            return number;
        }
        let hash = self.hasher.hash_one(value);
        let number = match self
            .by_integer
            .find(hash, |&known| self.integers[known as usize] == value)
        {
            Some(&known) => known,
            None => {
                let new = self.integers.len() as u32;
                self.integers.push(value);
                let (integers, hasher) = (&self.integers, &self.hasher);
                self.by_integer
                    .insert_unique(hash, new, |&known| hasher.hash_one(integers[known as usize]));
                new
            }
        };
        self.last = Some((value, number));
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_spelling() {
        let (mut values, mut domains) = (Values::default(), Domains::default());
        let mut name = |spelling: &[u8]| {
            let number = values.number_domain(spelling, &mut domains).unwrap();
            values.text(number).to_vec()
        };
        for (spelling, expected) in [("A..", "a."), ("a.", "a"), ("a..", "a."), ("a", "a"), ("A.", "a")] {
            assert_eq!(name(spelling.as_bytes()), expected.as_bytes(), "{spelling}");
        }
    }
}
