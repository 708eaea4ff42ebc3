//! What became of messages, by the hour: `ses_cli/message/ends.py` says what each of it means.

use crate::counting::{Counter, Labels};
use crate::counts::Counts;
use crate::lives::Life;
use crate::row::{MEANING, Row, Sorter, group_of, number_of, step, time_of};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Beside the steps: a delivered message that was opened, or reported, in the hour of its delivery.
pub const OPENED: u8 = step::COUNT as u8;
pub const COMPLAINED: u8 = OPENED + 1;
const HOUR: u64 = 3600;
const TOGETHER: usize = 1 << 18;
const NO_ROW: usize = usize::MAX;
/// A group, what happened, or what stands for the meaning of a failure, the hour since 1970, and how often.
pub type Told = (u64, u64, u64, u64);

/// Messages by their groups, what happened and hour; and failures by what stands for their meaning instead.
#[derive(Default)]
pub struct Ends {
    groups: Numbers,
    meanings: Numbers,
    counts: Counts<Cell, TOGETHER>,
    failed: Counts<(Cell, u32), TOGETHER>,
    sorter: Sorter,
}

/// The number of a group, the hour, and what happened, in as many bits as these take.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cell(u64);

impl Cell {
    const THING: u32 = 4;
    /// Of a time of 5 bytes.
    const HOUR: u32 = 29;

    fn new(group: u32, thing: u8, row: &Row) -> Self {
        let hour = time_of(row) / HOUR;
        let place = u64::from(group) << Self::HOUR | hour;
        Cell(place << Self::THING | u64::from(thing))
    }

    fn thing(self) -> u64 {
        self.0 & ((1 << Self::THING) - 1)
    }

    fn hour(self) -> u64 {
        self.0 >> Self::THING & ((1 << Self::HOUR) - 1)
    }

    fn group(self) -> usize {
        (self.0 >> (Self::THING + Self::HOUR)) as usize
    }

    fn with_group(self, group: u32) -> Self {
        let shift = Self::THING + Self::HOUR;
        Cell(u64::from(group) << shift | self.0 & ((1 << shift) - 1))
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

    fn number_all(&mut self, other: &Numbers) -> Vec<u32> {
        other.met.iter().map(|&value| self.number(value)).collect()
    }
}

impl Ends {
    /// Takes in messages of a part, all of whose rows are there; `lives` counts them too.
    pub fn add(&mut self, packed: &[u8], mut lives: Option<&mut Counter>) {
        let mut sorter = std::mem::take(&mut self.sorter);
        for rows in sorter.messages(packed) {
            let group = group_of(rows);
            self.enter(group, rows);
            if let Some(lives) = &mut lives {
                lives.meet(group, &Life::of(rows));
            }
        }
        self.sorter = sorter;
    }

    /// Takes in what another has counted, of other messages.
    pub fn merge(&mut self, other: Ends) {
        let (groups, meanings) = (
            self.groups.number_all(&other.groups),
            self.meanings.number_all(&other.meanings),
        );
        let mine = |cell: Cell| cell.with_group(groups[cell.group()]);
        self.counts.merge(other.counts, mine);
        self.failed
            .merge(other.failed, |(cell, meaning)| (mine(cell), meanings[meaning as usize]));
    }

    /// By the labels of groups; those without one are left out. With edges by the last one that is no later, without
    /// what is before the first or from the last one on. In the order of all these.
    pub fn counts(&mut self, labels: &Labels, edges: Option<&[u64]>) -> Vec<Told> {
        let cells = self.counts.all().iter().map(|&(cell, n)| (cell, cell.thing(), n));
        told(cells, &self.groups.met, labels, edges)
    }

    /// Messages that failed or were delayed, by what stands for the meaning, and else the same.
    pub fn failures(&mut self, labels: &Labels, edges: Option<&[u64]>) -> Vec<Told> {
        let meanings = &self.meanings.met;
        let named = |&((cell, meaning), n): &((Cell, u32), u64)| (cell, meanings[meaning as usize], n);
        told(self.failed.all().iter().map(named), &self.groups.met, labels, edges)
    }

    fn enter(&mut self, group: u64, rows: &[Row]) {
        let group = self.groups.number(group);
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
        self.counts.add(Cell::new(group, thing, row));
    }

    fn fail(&mut self, group: u32, row: &Row) {
        self.count(group, row[21], row);
        let meaning = self.meanings.number(number_of(&row[MEANING]));
        self.failed.add((Cell::new(group, 0, row), meaning));
    }
}

/// Cells with what happened and how often, under the labels of their groups and by edges.
fn told(
    cells: impl Iterator<Item = (Cell, u64, u64)>,
    groups: &[u64],
    labels: &Labels,
    edges: Option<&[u64]>,
) -> Vec<Told> {
    let labels: Vec<_> = groups.iter().map(|group| labels.get(group).copied()).collect();
    let mut found: HashMap<_, u64, RandomState> = HashMap::default();
    for (cell, thing, n) in cells {
        if let (Some(hour), Some(label)) = (edge(edges, cell.hour()), labels[cell.group()]) {
            *found.entry((label, thing, hour)).or_default() += n;
        }
    }
    let told = found
        .into_iter()
        .map(|((label, thing, hour), n)| (label, thing, hour, n));
    let mut told: Vec<Told> = told.collect();
    told.sort_unstable();
    told
}

fn edge(edges: Option<&[u64]>, hour: u64) -> Option<u64> {
    let Some(edges) = edges else { return Some(hour) };
    let after = edges.partition_point(|&edge| edge <= hour);
    (after < edges.len()).then(|| edges[..after].last().copied()).flatten()
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
        (Some(one), Some(other)) => Some(if time_of(other) < time_of(one) { other } else { one }),
        _ => one.or(other),
    }
}
