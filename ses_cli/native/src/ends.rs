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
type Counts = HashMap<(u32, u32, u32), u64, RandomState>;
const NO_ROW: usize = usize::MAX;

/// Messages by their groups, what happened and hour; and failures by what stands for their meaning instead.
#[derive(Default)]
pub struct Ends {
    groups: Numbers,
    meanings: Numbers,
    counts: Counts,
    failed: Counts,
    rows: Vec<Row>,
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
    pub fn counts(&self, labels: &Labels, edges: &[u64]) -> Vec<(Place, u64)> {
        self.told(&self.counts, labels, edges, u64::from)
    }

    /// Messages that failed or were delayed, by what stands for the meaning, and else the same.
    pub fn failures(&self, labels: &Labels, edges: &[u64]) -> Vec<(Place, u64)> {
        self.told(&self.failed, labels, edges, |number| self.meanings.met[number as usize])
    }

    fn told(&self, counts: &Counts, labels: &Labels, edges: &[u64], named: impl Fn(u32) -> u64) -> Vec<(Place, u64)> {
        let label = |group: &u64| labels.get(group).copied().unwrap_or(*group);
        let labels: Vec<u64> = self.groups.met.iter().map(label).collect();
        let mut found: HashMap<Place, u64, RandomState> = HashMap::default();
        for (&(group, thing, hour), n) in counts {
            let hour = u64::from(hour);
            let at = edges.partition_point(|&edge| edge <= hour);
            let hour = at.checked_sub(1).map_or(hour, |at| edges[at]);
            *found.entry((labels[group as usize], named(thing), hour)).or_default() += n;
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable();
        found
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
        *self.counts.entry((group, u32::from(thing), hour(row))).or_default() += 1;
    }

    fn fail(&mut self, group: u32, row: &Row) {
        self.count(group, row[21], row);
        let meaning = self.meanings.number(number(&row[MEANING]));
        *self.failed.entry((group, meaning, hour(row))).or_default() += 1;
    }
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
