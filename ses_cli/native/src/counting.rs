//! Messages counted by their groups.

use crate::durations::Durations;
use crate::lives::{Life, end};
use crate::row::{KEY, Sorter, group_of};
use crate::totals::{COUNTS, Totals};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// A message that is handed out.
pub struct Found {
    pub key: [u8; KEY],
    pub group: u64,
    pub life: Life,
}

/// Which messages are handed out, as `ses_cli.message.counting.Listed` numbers it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    Nothing,
    All,
    Impossible,
    Pending,
}

/// What stands for groups.
pub type Labels = HashMap<u64, u64, RandomState>;

/// Counts messages by their groups.
#[derive(Default)]
pub struct Counter {
    /// Instead of groups, where they have some.
    labels: Labels,
    /// By group, or its label.
    totals: Vec<(u64, Totals)>,
    /// Of labels among the totals, and of groups that were met.
    places: Labels,
    met: Labels,
    sorter: Sorter,
}

impl Counter {
    pub fn new(labels: Labels) -> Self {
        Counter {
            labels,
            ..Counter::default()
        }
    }

    /// Takes in all rows of some messages. Returns those listed, by their keys.
    pub fn add(&mut self, packed: &[u8], listed: Listed, until: u64) -> Vec<Found> {
        let (mut sorter, mut found) = (std::mem::take(&mut self.sorter), Vec::new());
        for rows in sorter.messages(packed) {
            let (group, life) = (group_of(rows), Life::of(rows));
            self.meet(group, &life);
            let is_listed = match listed {
                Listed::Nothing => false,
                Listed::All => true,
                Listed::Impossible => life.flags != 0,
                Listed::Pending => life.end == end::PENDING && life.since <= until,
            };
            if is_listed && let Some(key) = rows[0].first_chunk() {
                found.push(Found { key: *key, group, life });
            }
        }
        self.sorter = sorter;
        found
    }

    /// Takes in a message.
    pub fn meet(&mut self, group: u64, life: &Life) {
        let place = match self.met.get(&group) {
            Some(&place) => place as usize,
            None => {
                let place = self.place(self.labels.get(&group).copied().unwrap_or(group));
                self.met.insert(group, place as u64);
                place
            }
        };
        self.totals[place].1.add(life);
    }

    fn place(&mut self, label: u64) -> usize {
        let new = self.totals.len();
        let place = *self.places.entry(label).or_insert(new as u64) as usize;
        if place == new {
            self.totals.push((label, Totals::default()));
        }
        place
    }

    /// Group, or its label, and what its messages come to.
    pub fn totals(&mut self) -> &mut [(u64, Totals)] {
        &mut self.totals
    }

    /// Takes in what another has counted, of other messages.
    pub fn merge(&mut self, other: Counter) {
        for (label, totals) in other.totals {
            let place = self.place(label);
            self.totals[place].1.merge(totals);
        }
    }

    /// What all messages come to.
    pub fn whole(&mut self) -> Totals {
        let mut all: Vec<&mut Totals> = self.totals.iter_mut().map(|one| &mut one.1).collect();
        let mut counts = [0; COUNTS];
        for (at, sum) in counts.iter_mut().enumerate() {
            *sum = all.iter().map(|totals| totals.counts[at]).sum();
        }
        Totals {
            counts,
            to_delivered: Durations::sum(all.iter_mut().map(|totals| &mut totals.to_delivered)),
            to_open: Durations::sum(all.iter_mut().map(|totals| &mut totals.to_open)),
            to_person: Durations::sum(all.iter_mut().map(|totals| &mut totals.to_person)),
            retries: Durations::sum(all.iter_mut().map(|totals| &mut totals.retries)),
        }
    }
}
