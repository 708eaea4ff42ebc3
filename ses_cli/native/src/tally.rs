//! Records counted by any combination of keys.

use crate::block::{Block, Record};
use crate::domains::{Domains, split};
use crate::pairs::Pairs;
use crate::select::from_domain;
use crate::values::{Value, Values};
use crate::vocabulary::*;

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

/// What a record is counted as in its group: its event type, or of bounces the type of the bounce.
pub const KINDS: usize = EVENTS.len() + 2;

/// The number of a kind. Bounces without a type have that of their event.
#[inline(always)]
fn kind_of(record: &Record) -> usize {
    match record.bounce {
        UNTYPED => usize::from(record.event),
        bounce => EVENTS.len() - 1 + usize::from(bounce),
    }
}

/// The event and the bounce type of a kind.
pub fn event_and_bounce(kind: usize) -> (u8, u8) {
    match (kind + 1).checked_sub(EVENTS.len()) {
        None | Some(0) => (kind as u8, UNTYPED),
        Some(bounce) => (BOUNCE, bounce as u8),
    }
}

/// Counts of records by group, groups in the order of their first records.
///
/// A group is numbered key by key: the number of the first value, then of each pair of what stands before and the
/// next value. Event and bounce type make no groups: each group has a count for each kind of event.
pub struct Tally {
    keys: Vec<Key>,
    values: Vec<Values>,
    pairs: Vec<Pairs>,
    counts: Vec<[u64; KINDS]>,
    /// Of all groups.
    pub sums: [u64; KINDS],
}

impl Tally {
    /// Of keys other than event and bounce type.
    pub fn new(keys: Vec<Key>) -> Self {
        let values = keys.iter().map(|_| Values::default()).collect();
        let pairs = keys.iter().skip(1).map(|_| Pairs::default()).collect();
        Tally {
            keys,
            values,
            pairs,
            counts: Vec::new(),
            sums: [0; KINDS],
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
                Some(group) => {
                    let kind = kind_of(record);
                    self.counts_of(group)[kind] += 1;
                    self.sums[kind] += 1;
                }
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
    pub fn merge(&mut self, later: Tally) {
        if self.counts.is_empty() {
            *self = later;
            return;
        }
        let values = self.values.iter_mut().zip(&later.values);
        let here: Vec<Vec<u32>> = values.map(|(mine, theirs)| mine.number_all(theirs)).collect();
        let mut numbers = Vec::new();
        for (group, counts) in later.groups() {
            later.numbers(group, &mut numbers);
            let mut group = 0;
            for (at, &number) in numbers.iter().enumerate() {
                group = self.pair(at, group, here[at][number as usize]);
            }
            add(self.counts_of(group), counts);
        }
        add(&mut self.sums, &later.sums);
    }

    /// The number of a value as it is told.
    pub fn known(&mut self, at: usize, value: Value<'_>) -> u32 {
        let values = &mut self.values[at];
        match (self.keys[at], value) {
            (Key::Template | Key::Task | Key::Slot, Value::Integer(value)) => values.number_integer(value),
            (Key::Template | Key::Task | Key::Slot, _) => values.number_integer(0),
            (Key::Domain | Key::FromDomain, Value::Text(name)) => values.number_name(name),
            (Key::Domain | Key::FromDomain, _) => values.number_name(b""),
            (_, Value::Text(text)) => values.number_text(text),
            _ => values.number_text(b""),
        }
    }

    /// The group of values by their numbers.
    pub fn group(&mut self, numbers: &[u32]) -> u32 {
        let numbers = numbers.iter().enumerate();
        numbers.fold(0, |group, (at, &number)| self.pair(at, group, number))
    }

    /// Counts records of a kind in a group.
    pub fn count(&mut self, group: u32, kind: usize, n: u64) {
        self.counts_of(group)[kind] += n;
        self.sums[kind] += n;
    }

    /// The number of a record's value; None where it is not known yet how it is compared.
    #[inline(always)]
    fn number(&mut self, at: usize, block: &Block, text: &[u8], record: &Record, domains: &mut Domains) -> Option<u32> {
        let field = |slot| block.text(text, record, slot).unwrap_or_default();
        let values = &mut self.values[at];
        Some(match self.keys[at] {
            Key::Domain => match block.domain(text, record) {
                Some(domain) => values.number_domain(domain, domains)?,
                None => values.number_domain(split(&field(EMAIL)).1, domains)?,
            },
            Key::FromDomain => values.number_domain(&from_domain(block, text, record), domains)?,
            Key::Template => values.number_integer(record.integer(TEMPLATE_ID).unwrap_or(0)),
            Key::Task => values.number_integer(record.integer(TASK_ID).unwrap_or(0)),
            Key::Sender => values.number_text(&field(SENDER)),
            Key::BulkId => values.number_text(&field(BULK_ID)),
            Key::Slot => values.number_integer(i128::from(record.time() / SLOT)),
            Key::Event | Key::BounceType => 0, // in the kind
        })
    }

    #[inline(always)]
    fn counts_of(&mut self, group: u32) -> &mut [u64; KINDS] {
        let group = group as usize;
        if group >= self.counts.len() {
            self.counts.resize(group + 1, [0; KINDS]);
        }
        &mut self.counts[group]
    }

    /// The groups that have records, by number, with their counts by kind.
    pub fn groups(&self) -> impl Iterator<Item = (u32, &[u64; KINDS])> {
        let groups = (0..).zip(&self.counts);
        groups.filter(|(_, counts)| counts.iter().any(|&n| n > 0))
    }

    /// The records of a group by kind.
    pub fn counts(&self, group: u32) -> &[u64; KINDS] {
        self.counts.get(group as usize).unwrap_or(&[0; KINDS])
    }

    /// The numbers of a group's values.
    pub fn numbers(&self, group: u32, numbers: &mut Vec<u32>) {
        numbers.clear();
        let mut group = group;
        for pairs in self.pairs.iter().rev() {
            let (before, number) = pairs.get(group);
            numbers.push(number);
            group = before;
        }
        if !self.keys.is_empty() {
            numbers.push(group);
        }
        numbers.reverse();
    }

    /// How many keys there are.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// How many numbers a key has.
    pub fn len_of(&self, key: usize) -> usize {
        self.values[key].len()
    }

    /// What a number of a key stands for.
    pub fn value(&self, key: usize, number: u32) -> Value<'_> {
        let values = &self.values[key];
        match self.keys[key] {
            Key::FromDomain | Key::Sender => match values.text(number) {
                b"" => Value::None,
                text => Value::Text(text),
            },
            Key::Template | Key::Task => match values.integer(number) {
                0 => Value::None,
                value => Value::Integer(value),
            },
            Key::Slot => Value::Integer(values.integer(number)),
            _ => Value::Text(values.text(number)),
        }
    }
}

fn add(counts: &mut [u64; KINDS], more: &[u64; KINDS]) {
    for (count, n) in counts.iter_mut().zip(more) {
        *count += n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_and_bounce_type_has_its_kind() {
        for event in 0..EVENTS.len() as u8 {
            let bounces = if event == BOUNCE {
                &[UNTYPED, HARD, SOFT][..]
            } else {
                &[UNTYPED]
            };
            for &bounce in bounces {
                let mut record = Record::default();
                (record.event, record.bounce) = (event, bounce);
                assert!(kind_of(&record) < KINDS);
                assert_eq!(event_and_bounce(kind_of(&record)), (event, bounce));
            }
        }
    }
}
