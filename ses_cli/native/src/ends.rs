//! What became of messages, by the hour: `ses_cli/message/ends.py` says what each of it means.

use crate::lives::{Life, end};
use crate::messages::{KEY, ROW, Row, step};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Beside the steps: a delivered message that was opened, or reported, in the hour of its delivery.
pub const OPENED: u8 = step::COUNT as u8;
pub const COMPLAINED: u8 = OPENED + 1;
const HOUR: u64 = 3600;
/// A group, what happened and the hour since 1970.
pub type Place = (u64, u8, u64);

/// A message that failed, or was delayed.
pub struct Failed {
    pub key: [u8; KEY],
    pub step: u8,
    pub time: u64,
    pub group: u64,
}

/// Messages by their groups, what happened and hour.
#[derive(Default)]
pub struct Ends {
    counts: HashMap<Place, u64, RandomState>,
    failed: Vec<Failed>,
}

impl Ends {
    /// Takes in some messages, all of whose rows are there. Returns those that failed, by their keys.
    pub fn add(&mut self, packed: &[u8]) -> Vec<Failed> {
        let mut rows = packed.as_chunks::<ROW>().0.to_vec();
        rows.sort_unstable();
        for mine in rows.chunk_by(|one, other| one[..KEY] == other[..KEY]) {
            self.enter(mine);
        }
        std::mem::take(&mut self.failed)
    }

    /// All of it, with the label of each group that has one instead of the group, and instead of the hour the last of
    /// these that is no later.
    pub fn counts(&self, labels: &HashMap<u64, u64, RandomState>, edges: &[u64]) -> HashMap<Place, u64, RandomState> {
        let mut found = HashMap::default();
        for (&(group, thing, hour), n) in &self.counts {
            let label = labels.get(&group).copied().unwrap_or(group);
            let at = edges.partition_point(|&edge| edge <= hour);
            let hour = at.checked_sub(1).map_or(hour, |at| edges[at]);
            *found.entry((label, thing, hour)).or_default() += n;
        }
        found
    }

    fn enter(&mut self, rows: &[Row]) {
        let group = rows.iter().map(|row| number(&row[32..])).find(|&group| group != 0);
        let (group, life) = (group.unwrap_or(0), Life::of(rows));
        if let Some((step, time)) = ended(rows, &life) {
            self.count(group, step, time);
            if step == step::DELIVERED {
                let read = [(OPENED, life.opens > 0), (COMPLAINED, life.has_complained)];
                read.into_iter()
                    .filter(|one| one.1)
                    .for_each(|one| self.count(group, one.0, time));
            } else {
                self.fail(rows, step, time, group);
            }
        }
        if let Some(time) = first(rows, step::DEFERRED) {
            self.count(group, step::DEFERRED, time);
            self.fail(rows, step::DEFERRED, time, group);
        }
        if let Some(time) = life.first_open {
            self.count(group, step::OPEN, time);
        }
        for step in [step::CLICK, step::UNSUBSCRIBE, step::SPAMREPORT] {
            if let Some(time) = first(rows, step) {
                self.count(group, step, time);
            }
        }
    }

    fn count(&mut self, group: u64, step: u8, time: u64) {
        *self.counts.entry((group, step, time / HOUR)).or_default() += 1;
    }

    fn fail(&mut self, rows: &[Row], step: u8, time: u64, group: u64) {
        let key = rows.first().and_then(|row| row.first_chunk());
        self.failed.extend(key.map(|&key| Failed { key, step, time, group }));
    }
}

/// How a message ended, and when; None where that is not known.
fn ended(rows: &[Row], life: &Life) -> Option<(u8, u64)> {
    match life.end {
        end::DELIVERED => life.delivered.map(|time| (step::DELIVERED, time)),
        end::DROPPED => life.dropped.map(|time| (step::DROPPED, time)),
        end::BOUNCED => {
            let hard = first(rows, step::HARD_BOUNCE).map(|time| (step::HARD_BOUNCE, time));
            let others = [step::SOFT_BOUNCE, step::UNTYPED_BOUNCE];
            let last = rows.iter().rev().find(|row| others.contains(&row[21]));
            hard.or(last.map(|row| (row[21], number(&row[16..21]))))
        }
        _ => None,
    }
}

/// When a step was first met.
fn first(rows: &[Row], step: u8) -> Option<u64> {
    rows.iter().find(|row| row[21] == step).map(|row| number(&row[16..21]))
}

/// Of up to 8 bytes, the highest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}
