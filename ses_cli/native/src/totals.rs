//! Messages become totals: `ses_cli/message/totals.py` says what each of it means.

use crate::durations::Durations;
use crate::lives::{FLAGS, Life, end};
use crate::sent::{FROM_BULK_ID, FROM_TIMESTAMP};

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
    pub fn add(&mut self, life: &Life) {
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

    pub fn merge(&mut self, other: Totals) {
        for (mine, n) in self.counts.iter_mut().zip(other.counts) {
            *mine += n;
        }
        self.to_delivered.merge(other.to_delivered);
        self.to_open.merge(other.to_open);
        self.to_person.merge(other.to_person);
        self.retries.merge(other.retries);
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
