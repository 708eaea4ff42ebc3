//! Records counted by any combination of keys.

use crate::block::{Block, Record};
use crate::domains::{Domains, split};
use crate::select::from_domain;
use crate::vocabulary::*;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Seconds of a time slot.
const SLOT: u64 = 900;

/// What records are counted by; `ses_cli.batch.Key` says what each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Event,
    BounceType,
    Domain,
    FromDomain,
    Template,
    Task,
    Sender,
    BulkId,
    Slot,
}

pub const KEYS: [(&str, Key); 9] = [
    ("event", Key::Event),
    ("bounce-type", Key::BounceType),
    ("domain", Key::Domain),
    ("from-domain", Key::FromDomain),
    ("template", Key::Template),
    ("task", Key::Task),
    ("sender", Key::Sender),
    ("bulk-id", Key::BulkId),
    ("slot", Key::Slot),
];

/// A value that records are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    None,
    Text(&'a [u8]),
    Integer(i128),
}

/// The distinct values of one key, numbered as they are met.
#[derive(Default)]
struct Values {
    texts: Vec<u8>,
    /// Where each text ends.
    ends: Vec<usize>,
    by_text: HashTable<u32>,
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
    fn text(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start..self.ends[at]]
    }

    #[inline(always)]
    fn find_text(&self, text: &[u8], hash: u64) -> Option<u32> {
        self.by_text.find(hash, |&known| self.text(known) == text).copied()
    }

    #[inline(always)]
    fn number_text(&mut self, text: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(text);
        match self.find_text(text, hash) {
            Some(known) => known,
            None => self.add_text(text, hash),
        }
    }

    #[inline(never)]
    fn add_text(&mut self, text: &[u8], hash: u64) -> u32 {
        let new = self.ends.len() as u32;
        self.texts.extend_from_slice(text);
        self.ends.push(self.texts.len());
        let mut table = std::mem::take(&mut self.by_text);
        table.insert_unique(hash, new, |&known| self.hasher.hash_one(self.text(known)));
        self.by_text = table;
        new
    }

    /// The number of a domain, None where it is not known yet how it is compared.
    #[inline(always)]
    fn number_domain(&mut self, spelling: &[u8], domains: &mut Domains) -> Option<u32> {
        let hash = self.hasher.hash_one(spelling);
        let known = self.find_text(spelling, hash);
        match known.map(|at| self.names[at as usize]) {
            Some(name) if name != UNASKED => Some(name),
            _ => self.add_domain(spelling, hash, known, domains),
        }
    }

    #[inline(never)]
    fn add_domain(&mut self, spelling: &[u8], hash: u64, known: Option<u32>, domains: &mut Domains) -> Option<u32> {
        let name = domains.find(spelling)?;
        let at = known.unwrap_or_else(|| {
            self.names.push(UNASKED);
            self.add_text(spelling, hash)
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
    fn number_name(&mut self, name: &[u8]) -> u32 {
        let number = self.number_text(name);
        if number as usize == self.names.len() {
            self.names.push(UNASKED);
        }
        number
    }

    #[inline(always)]
    fn number_integer(&mut self, value: i128) -> u32 {
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

/// Pairs of numbers, numbered as they are met.
struct Pairs {
    pairs: Vec<(u32, u32)>,
    /// The numbers of the pairs of small numbers, `FEW.1` for each first one.
    direct: Vec<u32>,
    by_pair: HashTable<u32>,
    hasher: RandomState,
}

const FEW: (u32, u32) = (64, 256);

impl Default for Pairs {
    fn default() -> Self {
        let direct = vec![u32::MAX; (FEW.0 * FEW.1) as usize];
        Pairs {
            pairs: Vec::new(),
            direct,
            by_pair: HashTable::new(),
            hasher: RandomState::default(),
        }
    }
}

impl Pairs {
    #[inline(always)]
    fn number(&mut self, pair: (u32, u32)) -> u32 {
        if pair.0 < FEW.0 && pair.1 < FEW.1 {
            let known = &mut self.direct[(pair.0 * FEW.1 + pair.1) as usize];
            if *known == u32::MAX {
                *known = self.pairs.len() as u32;
                self.pairs.push(pair);
            }
            return *known;
        }
        let hash_of = |hasher: &RandomState, (a, b): (u32, u32)| hasher.hash_one(u64::from(a) << 32 | u64::from(b));
        let hash = hash_of(&self.hasher, pair);
        if let Some(&known) = self.by_pair.find(hash, |&known| self.pairs[known as usize] == pair) {
            return known;
        }
        let new = self.pairs.len() as u32;
        self.pairs.push(pair);
        let (pairs, hasher) = (&self.pairs, &self.hasher);
        self.by_pair
            .insert_unique(hash, new, |&known| hash_of(hasher, pairs[known as usize]));
        new
    }
}

/// Counts of records by group, groups in the order of their first records.
///
/// A group is numbered key by key: the number of the first value, then of each pair of what stands before and the
/// next value.
pub struct Tally {
    keys: Vec<Key>,
    values: Vec<Values>,
    pairs: Vec<Pairs>,
    counts: Vec<u64>,
}

impl Tally {
    pub fn new(keys: Vec<Key>) -> Self {
        let values = keys.iter().map(|_| Values::default()).collect();
        let pairs = keys.iter().skip(1).map(|_| Pairs::default()).collect();
        Tally {
            keys,
            values,
            pairs,
            counts: Vec::new(),
        }
    }

    /// Counts records of a block. Returns those with a domain of which it is not known yet how it is compared.
    #[must_use]
    pub fn add<'a>(
        &mut self,
        block: &Block,
        text: &[u8],
        records: impl Iterator<Item = &'a Record>,
        domains: &mut Domains,
    ) -> Vec<Record> {
        let mut waiting = Vec::new();
        for record in records {
            let mut group = Some(0);
            for at in 0..self.keys.len() {
                let number = self.number(at, block, text, record, domains);
                group = match (group, number) {
                    (Some(group), Some(number)) => Some(self.pair(at, group, number)),
                    _ => None,
                };
            }
            match group {
                Some(group) => self.count(group, 1),
                None => waiting.push(*record),
            }
        }
        waiting
    }

    /// The number of the first values up to this one.
    #[inline(always)]
    fn pair(&mut self, at: usize, group: u32, number: u32) -> u32 {
        if at == 0 {
            number
        } else {
            self.pairs[at - 1].number((group, number))
        }
    }

    /// Adds what another tally of the same keys has counted later.
    pub fn merge(&mut self, later: &Tally) {
        let mut numbers = Vec::new();
        let mut known: Vec<Vec<u32>> = self.keys.iter().map(|_| Vec::new()).collect();
        for group in 0..later.groups() {
            let n = later.group(group, &mut numbers);
            if n == 0 {
                continue;
            }
            let mut group = 0;
            for (at, &number) in numbers.iter().enumerate() {
                let known = &mut known[at];
                let place = number as usize;
                if place >= known.len() {
                    known.resize(place + 1, u32::MAX);
                }
                if known[place] == u32::MAX {
                    known[place] = self.renumber(at, later, number);
                }
                let number = known[place];
                group = self.pair(at, group, number);
            }
            self.count(group, n);
        }
    }

    /// The number here of a value of another tally.
    fn renumber(&mut self, at: usize, other: &Tally, number: u32) -> u32 {
        match self.keys[at] {
            Key::Event | Key::BounceType => number,
            Key::Domain | Key::FromDomain => self.values[at].number_name(other.values[at].text(number)),
            Key::BulkId | Key::Sender => self.values[at].number_text(other.values[at].text(number)),
            Key::Template | Key::Task | Key::Slot => {
                self.values[at].number_integer(other.values[at].integers[number as usize])
            }
        }
    }

    /// The number of a record's value; None where it is not known yet how it is compared.
    #[inline(always)]
    fn number(&mut self, at: usize, block: &Block, text: &[u8], record: &Record, domains: &mut Domains) -> Option<u32> {
        let field = |slot| block.text(text, record, slot).unwrap_or_default();
        let values = &mut self.values[at];
        Some(match self.keys[at] {
            Key::Event => u32::from(record.event),
            Key::BounceType => u32::from(record.bounce),
            Key::Domain => match record.plain_domain() {
                Some(range) => values.number_domain(text.get(range).unwrap_or_default(), domains)?,
                None => values.number_domain(split(&field(EMAIL)).1, domains)?,
            },
            Key::FromDomain => values.number_domain(&from_domain(block, text, record), domains)?,
            Key::Template => values.number_integer(record.integer(TEMPLATE_ID).unwrap_or(0)),
            Key::Task => values.number_integer(record.integer(TASK_ID).unwrap_or(0)),
            Key::Sender => values.number_text(&field(SENDER)),
            Key::BulkId => values.number_text(&field(BULK_ID)),
            Key::Slot => values.number_integer(i128::from(record.time() / SLOT)),
        })
    }

    #[inline(always)]
    fn count(&mut self, group: u32, n: u64) {
        let group = group as usize;
        if group >= self.counts.len() {
            self.counts.resize(group + 1, 0);
        }
        self.counts[group] += n;
    }

    pub fn groups(&self) -> usize {
        self.counts.len()
    }

    /// The numbers of a group's values, and how many records it has.
    pub fn group(&self, group: usize, numbers: &mut Vec<u32>) -> u64 {
        numbers.clear();
        let mut at = group as u32;
        for pairs in self.pairs.iter().rev() {
            let (before, number) = pairs.pairs[at as usize];
            numbers.push(number);
            at = before;
        }
        numbers.push(at);
        numbers.reverse();
        self.counts[group]
    }

    /// What a number of a key stands for.
    pub fn value(&self, key: usize, number: u32) -> Value<'_> {
        let values = &self.values[key];
        match self.keys[key] {
            Key::Event => EVENTS
                .get(number as usize)
                .map_or(Value::None, |(name, _)| Value::Text(name.as_bytes())),
            Key::BounceType => match number as u8 {
                HARD => Value::Text(HARD_BOUNCE.as_bytes()),
                SOFT => Value::Text(SOFT_BOUNCE.as_bytes()),
                _ => Value::None,
            },
            Key::Domain | Key::BulkId => Value::Text(values.text(number)),
            Key::FromDomain | Key::Sender => some_text(values.text(number)),
            Key::Template | Key::Task => match values.integers[number as usize] {
                0 => Value::None,
                value => Value::Integer(value),
            },
            Key::Slot => Value::Integer(values.integers[number as usize]),
        }
    }
}

fn some_text(text: &[u8]) -> Value<'_> {
    if text.is_empty() {
        Value::None
    } else {
        Value::Text(text)
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
