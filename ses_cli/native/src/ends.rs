//! What became of messages, by the hour: `ses_cli/message/ends.py` says what each of it means.

use crate::lives::sort;
use crate::messages::{KEY, MEANING, ROW, Row, number_of as number, step};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Beside the steps: a delivered message that was opened, or reported, in the hour of its delivery.
pub const OPENED: u8 = step::COUNT as u8;
pub const COMPLAINED: u8 = OPENED + 1;
const HOUR: u64 = 3600;
/// A group, what happened, or what stands for the meaning of a failure, and the hour since 1970.
pub type Place = (u64, u64, u64);
/// What stands for groups.
pub type Labels = HashMap<u64, u64, RandomState>;
/// The number of a group, the hour, and what happened or the number of a meaning.
type Cell = (u32, u32, u32);
const NO_ROW: usize = usize::MAX;
/// What is met before it is counted: much of it together, as a place for each in a large table would be looked for in
/// memory each time.
const FRESH: usize = 1 << 18;

/// Messages by their groups, what happened and hour; and failures by what stands for their meaning instead.
#[derive(Default)]
pub struct Ends {
    groups: Numbers,
    meanings: Numbers,
    counts: Counts,
    failed: Counts,
    rows: Vec<Row>,
}

/// How often each was met.
#[derive(Default)]
struct Counts {
    /// In their order.
    settled: Vec<(Cell, u64)>,
    fresh: Vec<Cell>,
}

impl Counts {
    #[inline(always)]
    fn add(&mut self, cell: Cell) {
        self.fresh.push(cell);
        if self.fresh.len() >= FRESH.max(self.settled.len()) {
            self.settle();
        }
    }

    #[inline(never)]
    fn settle(&mut self) {
        self.fresh.sort_unstable();
        let mut fresh = self.fresh.chunk_by(|one, other| one == other).peekable();
        let mut settled = std::mem::take(&mut self.settled).into_iter().peekable();
        while let Some(&(cell, n)) = settled.peek() {
            match fresh.peek() {
                Some(same) if same[0] < cell => {
                    self.settled.push((same[0], same.len() as u64));
                    fresh.next();
                }
                Some(same) if same[0] == cell => {
                    self.settled.push((cell, n + same.len() as u64));
                    fresh.next();
                    settled.next();
                }
                _ => self.settled.extend(settled.next()),
            }
        }
        self.settled.extend(fresh.map(|same| (same[0], same.len() as u64)));
        self.fresh.clear();
    }

    fn all(&mut self) -> &[(Cell, u64)] {
        if !self.fresh.is_empty() {
            self.settle();
        }
        &self.settled
    }
}

/// Numbers as they are met, counted from 0: small ones for large ones.
#[derive(Default)]
struct Numbers {
    met: Vec<u64>,
    numbers: HashMap<u64, u32, RandomState>,
}

impl Numbers {
    fn number(&mut self, value: u64) -> u32 {
        let new = self.met.len() as u32;
        let number = *self.numbers.entry(value).or_insert(new);
        if number == new {
            self.met.push(value);
        }
        number
    }

    fn labelled(&self, labels: &Labels) -> Vec<u64> {
        let label = |value: &u64| labels.get(value).copied().unwrap_or(*value);
        self.met.iter().map(label).collect()
    }
}

impl Ends {
    /// Takes in some messages, all of whose rows are there.
    pub fn add(&mut self, packed: &[u8]) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        rows.extend_from_slice(packed.as_chunks::<ROW>().0);
        sort(&mut rows);
        for mine in rows.chunk_by(|one, other| one[..KEY] == other[..KEY]) {
            self.enter(mine);
        }
        self.rows = rows;
    }

    /// All of it, with the label of each group that has one instead of the group, and instead of the hour the last of
    /// these that is no later; in the order of all these.
    pub fn counts(&mut self, labels: &Labels, edges: &[u64]) -> Vec<(Place, u64)> {
        told(self.counts.all(), &self.groups.labelled(labels), edges, u64::from)
    }

    /// Messages that failed or were delayed, by what stands for the meaning, and else the same.
    pub fn failures(&mut self, labels: &Labels, edges: &[u64]) -> Vec<(Place, u64)> {
        let (groups, meanings) = (self.groups.labelled(labels), &self.meanings.met);
        told(self.failed.all(), &groups, edges, |number| meanings[number as usize])
    }

    fn enter(&mut self, rows: &[Row]) {
        let group = rows.iter().map(|row| number(&row[32..])).find(|&group| group != 0);
        let group = self.groups.number(group.unwrap_or(0));
        let mut firsts = [NO_ROW; step::COUNT];
        for (at, row) in rows.iter().enumerate() {
            let first = &mut firsts[usize::from(row[21]).min(step::COUNT - 1)];
            *first = at.min(*first);
        }
        let first = |step: u8| rows.get(firsts[usize::from(step)]);
        let opened = first_of(first(step::OPEN), first(step::MACHINE_OPEN));
        match ended(rows, first) {
            Some((row, true)) => {
                self.count(group, step::DELIVERED, row);
                let read = [(OPENED, opened), (COMPLAINED, first(step::SPAMREPORT))];
                let read = read.into_iter().filter(|one| one.1.is_some());
                read.for_each(|one| self.count(group, one.0, row));
            }
            Some((row, false)) => self.fail(group, row),
            None => {}
        }
        if let Some(row) = first(step::DEFERRED) {
            self.fail(group, row);
        }
        if let Some(row) = opened {
            self.count(group, step::OPEN, row);
        }
        for step in [step::CLICK, step::UNSUBSCRIBE, step::SPAMREPORT] {
            if let Some(row) = first(step) {
                self.count(group, step, row);
            }
        }
    }

    fn count(&mut self, group: u32, thing: u8, row: &Row) {
        self.counts.add((group, hour(row), u32::from(thing)));
    }

    fn fail(&mut self, group: u32, row: &Row) {
        self.count(group, row[21], row);
        let meaning = self.meanings.number(number(&row[MEANING]));
        self.failed.add((group, hour(row), meaning));
    }
}

/// Counts with what stands for groups, and for what else there is, and edges for hours.
fn told(counts: &[(Cell, u64)], groups: &[u64], edges: &[u64], named: impl Fn(u32) -> u64) -> Vec<(Place, u64)> {
    let place = |&((group, hour, thing), n): &(Cell, u64)| {
        let hour = u64::from(hour);
        let at = edges.partition_point(|&edge| edge <= hour);
        let hour = at.checked_sub(1).map_or(hour, |at| edges[at]);
        ((groups[group as usize], named(thing), hour), n)
    };
    let mut found: Vec<_> = counts.iter().map(place).collect();
    found.sort_unstable();
    let same = found.chunk_by(|one, other| one.0 == other.0);
    same.map(|same| (same[0].0, same.iter().map(|one| one.1).sum()))
        .collect()
}

/// The row that tells how a message ended, and whether it was delivered; None where that is not known.
fn ended<'a>(rows: &'a [Row], first: impl Fn(u8) -> Option<&'a Row>) -> Option<(&'a Row, bool)> {
    let failed = |row| (row, false);
    let others = [step::SOFT_BOUNCE, step::UNTYPED_BOUNCE];
    first(step::HARD_BOUNCE)
        .map(failed)
        .or_else(|| first(step::DELIVERED).map(|row| (row, true)))
        .or_else(|| first(step::DROPPED).map(failed))
        .or_else(|| rows.iter().rev().find(|row| others.contains(&row[21])).map(failed))
}

fn first_of<'a>(one: Option<&'a Row>, other: Option<&'a Row>) -> Option<&'a Row> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if time(other) < time(one) { other } else { one }),
        _ => one.or(other),
    }
}

fn time(row: &Row) -> u64 {
    number(&row[16..21])
}

/// Times have 5 bytes.
fn hour(row: &Row) -> u32 {
    (time(row) / HOUR) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_in_parts_is_counted() {
        let (mut counts, mut state) = (Counts::default(), 1u32);
        let mut expected = std::collections::BTreeMap::new();
        for round in 0..2 * FRESH as u32 + 3 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let cell = (state >> 25, round / 100_000, state >> 30);
            counts.add(cell);
            *expected.entry(cell).or_insert(0) += 1;
        }
        assert_eq!(counts.all(), expected.into_iter().collect::<Vec<_>>());
    }
}
