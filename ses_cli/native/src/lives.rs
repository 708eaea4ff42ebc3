//! Rows become messages, and messages totals: `ses_cli/message/life.py` and `totals.py` say what each of it means.

use crate::messages::{FROM_BULK_ID, FROM_TIMESTAMP, KEY, ROW, Row, number_of as number, step};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Of a row, what tells one step of a message from another.
const DISTINCT: usize = 26;
const EXACT: u64 = 1 << 17;
const BITS: u32 = 11;
const NEVER: u64 = u64::MAX;

pub mod end {
    pub const PENDING: u8 = 0;
    pub const DELIVERED: u8 = 1;
    pub const BOUNCED: u8 = 2;
    pub const DROPPED: u8 = 3;
    pub const NOT_LOGGED: u8 = 4;
}

/// Places among the counts, as `ses_cli.message.Count` numbers them.
mod count {
    pub const TOTAL: usize = 0;
    pub const DELIVERED: usize = 1;
    pub const BOUNCED: usize = 2;
    pub const DROPPED: usize = 3;
    pub const PENDING: usize = 4;
    pub const NOT_LOGGED: usize = 5;
    pub const OPENED: usize = 6;
    pub const OPENED_BY_MACHINE_ONLY: usize = 7;
    pub const CLICKED: usize = 8;
    pub const COMPLAINED: usize = 9;
    pub const UNSUBSCRIBED: usize = 10;
    pub const IMPOSSIBLE: usize = 11;
    /// The first of as many as there are flags, in their order.
    pub const FLAGS: usize = 12;
    pub const SENT_TIMESTAMP: usize = 17;
    pub const SENT_BULK_ID: usize = 18;
    pub const SENT_UNKNOWN: usize = 19;
    pub const SENT_LATER: usize = 20;
}
pub const COUNTS: usize = 21;
const FLAGS: u8 = 5;

/// What is known of one message; times are `None` where there is none.
#[derive(Clone, Copy)]
pub struct Life {
    pub sent: Option<u64>,
    pub known_from: u8,
    pub since: u64,
    pub delivered: Option<u64>,
    pub bounced: Option<u64>,
    pub dropped: Option<u64>,
    pub deferrals: u64,
    pub retries: u64,
    pub first_open: Option<u64>,
    pub first_person: Option<u64>,
    pub opens: u64,
    pub first_click: Option<u64>,
    pub clicks: u64,
    pub has_complained: bool,
    pub has_unsubscribed: bool,
    pub end: u8,
    pub flags: u8,
}

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

/// How often each length of time was met.
#[derive(Clone, Default)]
pub struct Durations {
    /// Lengths in their order, each with how often it was met.
    counts: Vec<(u64, u64)>,
    /// Met since, in any order.
    fresh: Vec<u64>,
    pub most: Option<u64>,
}

const FRESH: usize = 256;

impl Durations {
    #[inline(always)]
    fn add(&mut self, value: u64) {
        self.most = Some(self.most.map_or(value, |most| most.max(value)));
        self.fresh.push(rounded(value));
        if self.fresh.len() >= FRESH.max(self.counts.len()) {
            self.settle();
        }
    }

    #[inline(never)]
    fn settle(&mut self) {
        self.fresh.sort_unstable();
        let fresh = self.fresh.chunk_by(|one, other| one == other);
        let fresh: Vec<_> = fresh.map(|same| (same[0], same.len() as u64)).collect();
        self.fresh.clear();
        self.enter(&fresh);
    }

    /// Takes in others, in their order.
    fn enter(&mut self, others: &[(u64, u64)]) {
        let mine = std::mem::take(&mut self.counts);
        self.counts.reserve(mine.len() + others.len());
        let (mut mine, mut others) = (mine.into_iter().peekable(), others.iter().copied().peekable());
        while let (Some(&(one, n)), Some(&(other, m))) = (mine.peek(), others.peek()) {
            let least = one.min(other);
            self.counts.push((
                least,
                if one == least { n } else { 0 } + if other == least { m } else { 0 },
            ));
            mine.next_if(|_| one == least);
            others.next_if(|_| other == least);
        }
        self.counts.extend(mine.chain(others));
    }

    /// All lengths in their order, each with how often it was met.
    pub fn counts(&mut self) -> &[(u64, u64)] {
        if !self.fresh.is_empty() {
            self.settle();
        }
        &self.counts
    }

    /// All of them together.
    fn sum<'a>(several: impl Iterator<Item = &'a mut Durations>) -> Self {
        let (mut all, mut most) = (Vec::new(), None);
        for found in several {
            most = most.max(found.most);
            all.extend_from_slice(found.counts());
        }
        all.sort_unstable();
        let same = all.chunk_by(|one, other| one.0 == other.0);
        Durations {
            counts: same
                .map(|same| (same[0].0, same.iter().map(|one| one.1).sum()))
                .collect(),
            fresh: Vec::new(),
            most,
        }
    }

    fn merge(&mut self, other: &mut Durations) {
        self.most = self.most.max(other.most);
        self.enter(other.counts());
    }
}

fn rounded(value: u64) -> u64 {
    if value < EXACT {
        return value;
    }
    let less = u64::BITS - value.leading_zeros() - BITS;
    value >> less << less
}

/// What some messages come to.
#[derive(Clone, Default)]
pub struct Totals {
    pub counts: [u64; COUNTS],
    pub to_delivered: Durations,
    pub to_open: Durations,
    pub to_person: Durations,
    pub retries: Durations,
}

impl Totals {
    fn add(&mut self, life: &Life) {
        let counts = &mut self.counts;
        counts[count::TOTAL] += 1;
        let end = match life.end {
            end::DELIVERED => count::DELIVERED,
            end::BOUNCED => count::BOUNCED,
            end::DROPPED => count::DROPPED,
            end::NOT_LOGGED => count::NOT_LOGGED,
            _ => count::PENDING,
        };
        counts[end] += 1;
        counts[count::OPENED] += u64::from(life.opens > 0);
        counts[count::OPENED_BY_MACHINE_ONLY] += u64::from(life.opens > 0 && life.first_person.is_none());
        counts[count::CLICKED] += u64::from(life.clicks > 0);
        counts[count::COMPLAINED] += u64::from(life.has_complained);
        counts[count::UNSUBSCRIBED] += u64::from(life.has_unsubscribed);
        counts[count::IMPOSSIBLE] += u64::from(life.flags != 0);
        for flag in 0..FLAGS {
            counts[count::FLAGS + usize::from(flag)] += u64::from(life.flags >> flag & 1);
        }
        if let (end::DELIVERED, Some(delivered)) = (life.end, life.delivered) {
            self.time(life, delivered);
        }
    }

    fn merge(&mut self, other: &mut Totals) {
        for (mine, n) in self.counts.iter_mut().zip(other.counts) {
            *mine += n;
        }
        self.to_delivered.merge(&mut other.to_delivered);
        self.to_open.merge(&mut other.to_open);
        self.to_person.merge(&mut other.to_person);
        self.retries.merge(&mut other.retries);
    }

    fn time(&mut self, life: &Life, delivered: u64) {
        self.retries.add(life.retries);
        let known_from = match (life.sent, life.known_from) {
            (Some(sent), _) if sent > delivered => count::SENT_LATER,
            (_, FROM_TIMESTAMP) => count::SENT_TIMESTAMP,
            (_, FROM_BULK_ID) => count::SENT_BULK_ID,
            _ => count::SENT_UNKNOWN,
        };
        self.counts[known_from] += 1;
        if let Some(took) = life.sent.and_then(|sent| delivered.checked_sub(sent)) {
            self.to_delivered.add(took);
        }
        for (opened, times) in [
            (life.first_open, &mut self.to_open),
            (life.first_person, &mut self.to_person),
        ] {
            if let Some(took) = opened.and_then(|opened| opened.checked_sub(delivered)) {
                times.add(took);
            }
        }
    }
}

/// Counts messages by their groups.
#[derive(Default)]
pub struct Counter {
    pub totals: HashMap<u64, Totals, RandomState>,
    rows: Vec<Row>,
}

impl Counter {
    /// Takes in all rows of some messages. Returns those listed, by their keys.
    pub fn add(&mut self, packed: &[u8], listed: Listed, until: u64) -> Vec<Found> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        rows.extend_from_slice(packed.as_chunks::<ROW>().0);
        sort(&mut rows);
        let mut found = Vec::new();
        for mine in rows.chunk_by(|one, other| one[..KEY] == other[..KEY]) {
            let group = mine.iter().map(group).find(|&group| group != 0).unwrap_or(0);
            let life = Life::of(mine);
            self.totals.entry(group).or_default().add(&life);
            let is_listed = match listed {
                Listed::Nothing => false,
                Listed::All => true,
                Listed::Impossible => life.flags != 0,
                Listed::Pending => life.end == end::PENDING && life.since <= until,
            };
            if is_listed && let Some(key) = mine[0].first_chunk() {
                found.push(Found { key: *key, group, life });
            }
        }
        self.rows = rows;
        found
    }
}

impl Counter {
    /// Takes in what another has counted, of other messages.
    pub fn merge(&mut self, other: Counter) {
        for (group, mut totals) in other.totals {
            self.totals.entry(group).or_default().merge(&mut totals);
        }
    }

    /// What all messages come to.
    pub fn whole(&mut self) -> Totals {
        let mut all: Vec<&mut Totals> = self.totals.values_mut().collect();
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

/// Puts rows of a part into their order.
pub fn sort(rows: &mut [Row]) {
    rows.sort_unstable_by(|one, other| prefix(one).cmp(&prefix(other)).then_with(|| one.cmp(other)));
}

/// What orders nearly all rows of a part, whose keys begin with one byte.
#[inline(always)]
fn prefix(row: &Row) -> u64 {
    number(&row[1..9])
}

#[inline(always)]
fn group(row: &Row) -> u64 {
    number(&row[32..40])
}

fn some(time: u64) -> Option<u64> {
    (time != NEVER).then_some(time)
}

impl Life {
    /// The life of a message by its rows, which are sorted and at least one.
    pub fn of(rows: &[Row]) -> Self {
        let (mut firsts, mut lasts, mut counts) = ([NEVER; step::COUNT], [0; step::COUNT], [0; step::COUNT]);
        let (mut best, mut before) = ((0, 0), None);
        for row in rows {
            let (sent, known_from) = (number(&row[26..31]), row[31]);
            best = best.max((known_from, NEVER - sent));
            if before == Some(&row[..DISTINCT]) {
                continue;
            }
            before = Some(&row[..DISTINCT]);
            let (time, step) = (number(&row[16..21]), usize::from(row[21]).min(step::COUNT - 1));
            firsts[step] = time.min(firsts[step]);
            lasts[step] = time;
            counts[step] += 1;
        }
        let steps = Steps { firsts, lasts, counts };
        let sent = Some(NEVER - best.1).filter(|&sent| sent > 0 && best.0 > 0);
        steps.life(sent, best.0, rows)
    }
}

/// When each step was first and last met, and how often.
struct Steps {
    firsts: [u64; step::COUNT],
    lasts: [u64; step::COUNT],
    counts: [u64; step::COUNT],
}

const TRIES: [u8; 3] = [step::DEFERRED, step::SOFT_BOUNCE, step::UNTYPED_BOUNCE];
const FINAL: [u8; 3] = [step::DELIVERED, step::HARD_BOUNCE, step::DROPPED];
const OPENS: [u8; 2] = [step::OPEN, step::MACHINE_OPEN];
const READ: [u8; 5] = [
    step::OPEN,
    step::MACHINE_OPEN,
    step::CLICK,
    step::UNSUBSCRIBE,
    step::SPAMREPORT,
];

impl Steps {
    fn first(&self, step: u8) -> Option<u64> {
        some(self.firsts[usize::from(step)])
    }

    fn first_of(&self, steps: &[u8]) -> Option<u64> {
        steps.iter().filter_map(|&step| self.first(step)).min()
    }

    fn has(&self, step: u8) -> bool {
        self.counts[usize::from(step)] > 0
    }

    fn last_of(&self, steps: &[u8]) -> Option<u64> {
        let met = steps.iter().filter(|&&step| self.has(step));
        met.map(|&step| self.lasts[usize::from(step)]).max()
    }

    fn count_of(&self, steps: &[u8]) -> u64 {
        steps.iter().map(|&step| self.counts[usize::from(step)]).sum()
    }

    fn life(&self, sent: Option<u64>, known_from: u8, rows: &[Row]) -> Life {
        let delivered = self.first(step::DELIVERED);
        let end = self.end();
        let retries = match delivered {
            Some(delivered) if self.count_of(&TRIES) > 0 => tries_until(rows, delivered),
            _ => 0,
        };
        Life {
            sent,
            known_from,
            since: sent.unwrap_or_else(|| self.firsts.iter().copied().min().unwrap_or(0)),
            delivered,
            bounced: self.first(step::HARD_BOUNCE).or_else(|| self.last_of(&TRIES[1..])),
            dropped: self.first(step::DROPPED),
            deferrals: self.count_of(&TRIES[..1]),
            retries,
            first_open: self.first_of(&OPENS),
            first_person: self.first(step::OPEN),
            opens: self.count_of(&OPENS),
            first_click: self.first(step::CLICK),
            clicks: self.count_of(&[step::CLICK]),
            has_complained: self.has(step::SPAMREPORT),
            has_unsubscribed: self.has(step::UNSUBSCRIBE),
            end,
            flags: self.flags(end),
        }
    }

    fn end(&self) -> u8 {
        if self.has(step::HARD_BOUNCE) {
            end::BOUNCED
        } else if self.has(step::DELIVERED) {
            end::DELIVERED
        } else if self.has(step::DROPPED) {
            end::DROPPED
        } else if self.has(step::SOFT_BOUNCE) || self.has(step::UNTYPED_BOUNCE) {
            end::BOUNCED
        } else if self.count_of(&READ) > 0 {
            end::NOT_LOGGED
        } else {
            end::PENDING
        }
    }

    fn flags(&self, end: u8) -> u8 {
        let (delivered, hard) = (self.first(step::DELIVERED), self.first(step::HARD_BOUNCE));
        let (read, last) = (self.first_of(&READ), self.last_of(&[step::DELIVERED]));
        let (ended, tried) = (self.first_of(&FINAL), self.last_of(&TRIES));
        let is_before = |one: Option<u64>, other: Option<u64>| one.zip(other).is_some_and(|(one, other)| one < other);
        let found = [
            is_before(hard, last),
            is_before(read, delivered),
            self.count_of(&FINAL) > 1,
            is_before(ended, tried),
            read.is_some() && delivered.is_none() && matches!(end, end::BOUNCED | end::DROPPED),
        ];
        (0..FLAGS).fold(0, |flags, at| flags | u8::from(found[usize::from(at)]) << at)
    }
}

/// Distinct tries up to a time.
fn tries_until(rows: &[Row], time: u64) -> u64 {
    let distinct = rows.chunk_by(|one, other| one[..DISTINCT] == other[..DISTINCT]);
    let tries = distinct.filter(|same| TRIES.contains(&same[0][21]) && number(&same[0][16..21]) <= time);
    tries.count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_counted_in_their_order() {
        let mut found = Durations::default();
        let mut expected = std::collections::BTreeMap::new();
        for n in 0..5000u64 {
            found.add(n * 7919 % 613);
            *expected.entry(n * 7919 % 613).or_insert(0) += 1;
        }
        let mut twice = found.clone();
        twice.merge(&mut found);
        assert_eq!(
            found.counts().to_vec(),
            expected.clone().into_iter().collect::<Vec<_>>()
        );
        assert_eq!(
            twice.counts().to_vec(),
            expected
                .into_iter()
                .map(|(value, n)| (value, 2 * n))
                .collect::<Vec<_>>()
        );
        assert_eq!(twice.most, Some(612));
        let mut sum = Durations::sum([&mut found, &mut twice].into_iter());
        assert_eq!(sum.counts()[0], (0, 3 * found.counts()[0].1));
        assert_eq!((sum.counts().len(), sum.most), (613, Some(612)));
    }

    #[test]
    fn long_times_are_known_to_a_thousandth() {
        for value in [
            0,
            1,
            EXACT - 1,
            EXACT,
            EXACT + 1,
            1 << 20,
            (1 << 20) + 12345,
            253_402_300_799,
        ] {
            let found = rounded(value);
            assert!(
                found <= value && value - found <= value / 1000 && (value >= EXACT || found == value),
                "{value}: {found}"
            );
        }
    }
}
