//! Rows become messages: `ses_cli/message/life.py` says what each of it means.

use crate::row::{Row, number_of as number, step, time_of};

/// Of a row, what tells one step of a message from another.
const DISTINCT: usize = 26;
const NEVER: u64 = u64::MAX;
pub const FLAGS: u8 = 5;

pub mod end {
    pub const PENDING: u8 = 0;
    pub const DELIVERED: u8 = 1;
    pub const BOUNCED: u8 = 2;
    pub const DROPPED: u8 = 3;
    pub const NOT_LOGGED: u8 = 4;
}

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
            let (time, step) = (time_of(row), usize::from(row[21]).min(step::COUNT - 1));
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
    let tries = distinct.filter(|same| TRIES.contains(&same[0][21]) && time_of(&same[0]) <= time);
    tries.count() as u64
}
