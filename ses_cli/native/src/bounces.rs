//! Bounces, deferrals or drops by recipient address: what `ses_cli/reports/addresses.py` says of each, in columns.

use crate::block::{Block, Record};
use crate::domains::{Domains, address, split};
use crate::own::hide;
use crate::select::from_domain;
use crate::texts::Texts;
use crate::vocabulary::*;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// Bytes of reasons that are held before it is looked which of them still speak for an address.
const MOST_REASONS: usize = 16 << 20;

/// What is known of one address. Its number is that of its text.
#[derive(Clone, Copy)]
pub struct Row {
    /// Of the event that speaks for the address: this to `reason`. See `kind`.
    pub kind: u8,
    pub time: u64,
    pub reason: u32,
    pub first: u64,
    pub last: u64,
    pub count: u64,
    sender: u32,
    template: i128,
}

/// The sender domains, by number, and the templates of an address that has several.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    pub senders: BTreeSet<u32>,
    pub templates: BTreeSet<i128>,
}

/// What is told of an address that was not met before.
pub struct Told<'a> {
    pub email: &'a [u8],
    pub kind: u8,
    pub time: u64,
    pub reason: &'a [u8],
    pub first: u64,
    pub last: u64,
    pub count: u64,
    pub origin: &'a Origin,
    pub spelt: Option<&'a [u8]>,
}

#[derive(Default)]
pub struct Bounces {
    /// The addresses as they are compared.
    pub emails: Texts,
    pub rows: Vec<Row>,
    /// As `ses_cli.reasons.own.hide` gives them.
    pub reasons: Texts,
    pub senders: Texts,
    /// The address of the event that speaks, by number, where it is spelt another way than it is compared.
    pub spelt: HashMap<u32, Box<[u8]>, RandomState>,
    several: HashMap<u32, Origin, RandomState>,
    most_reasons: usize,
}

impl Bounces {
    /// Takes in records of which it `is_known` how their domains are compared.
    pub fn add<'a>(
        &mut self,
        block: &Block,
        text: &[u8],
        records: impl Iterator<Item = &'a Record>,
        domains: &mut Domains,
    ) {
        let (mut email, mut hidden) = (Vec::new(), Vec::new());
        for record in records {
            let field = |slot| block.text(text, record, slot).unwrap_or_default();
            let written = field(EMAIL);
            email.clear();
            address(domains, &written, false, &mut email);
            hidden.clear();
            hide(&field(REASON), &email, &mut hidden);
            let sender = from_domain(block, text, record);
            let row = Row {
                kind: kind(record),
                time: record.time(),
                reason: 0,
                first: record.time(),
                last: record.time(),
                count: 1,
                sender: self.senders.number(&domains.name(&sender)),
                template: record.integer(TEMPLATE_ID).unwrap_or(0),
            };
            let spelt = (*written != *email).then_some(&*written);
            let number = self.emails.number(&email);
            self.meet(number, row, spelt, None, |reasons| reasons.number(&hidden));
        }
        self.forget_reasons();
    }

    /// Takes in what was found later in the log.
    pub fn merge(&mut self, later: &Bounces) {
        let senders: Vec<u32> = (0..later.senders.len())
            .map(|at| self.senders.number(later.senders.get(at)))
            .collect();
        let sender = |at: u32| senders.get(at as usize).copied().unwrap_or_default();
        let numbers = self.emails.number_all(&later.emails);
        let mut reasons = vec![None; later.reasons.len()];
        for ((at, row), number) in later.rows.iter().enumerate().zip(numbers) {
            let mut row = *row;
            row.sender = sender(row.sender);
            let several = later.several.get(&(at as u32)).map(|origin| Origin {
                senders: origin.senders.iter().map(|&at| sender(at)).collect(),
                templates: origin.templates.clone(),
            });
            let spelt = later.spelt.get(&(at as u32)).map(|text| &**text);
            let theirs = row.reason as usize;
            self.meet(number, row, spelt, several, |mine| {
                *reasons[theirs].get_or_insert_with(|| mine.number(later.reasons.get(theirs)))
            });
        }
        self.forget_reasons();
    }

    /// Takes in what was told before of an address.
    pub fn enter(&mut self, told: &Told) {
        let one = |count: usize| count <= 1;
        let is_single = one(told.origin.senders.len()) && one(told.origin.templates.len());
        let sender = told.origin.senders.first().copied();
        let row = Row {
            kind: told.kind,
            time: told.time,
            reason: 0,
            first: told.first,
            last: told.last,
            count: told.count,
            sender: sender.unwrap_or_else(|| self.senders.number(b"")),
            template: told.origin.templates.first().copied().unwrap_or_default(),
        };
        let several = (!is_single).then(|| told.origin.clone());
        let number = self.emails.number(told.email);
        self.meet(number, row, told.spelt, several, |reasons| reasons.number(told.reason));
        self.forget_reasons();
    }

    /// An origin that was told before.
    pub fn known_origin<'a>(&mut self, senders: impl Iterator<Item = &'a [u8]>, templates: &[i128]) -> Origin {
        Origin {
            senders: senders.map(|name| self.senders.number(name)).collect(),
            templates: templates.iter().copied().collect(),
        }
    }

    /// Takes in what is told of an address. Of two events of one second the later line is the newer. `reason` enters
    /// what is said, and gives its number.
    #[inline]
    fn meet(
        &mut self,
        number: u32,
        mut told: Row,
        spelt: Option<&[u8]>,
        several: Option<Origin>,
        reason: impl FnOnce(&mut Texts) -> u32,
    ) {
        let Some(row) = self.rows.get_mut(number as usize) else {
            told.reason = reason(&mut self.reasons);
            self.rows.push(told);
            self.several.extend(several.map(|origin| (number, origin)));
            self.spelt.extend(spelt.map(|text| (number, text.into())));
            return;
        };
        row.first = row.first.min(told.first);
        row.last = row.last.max(told.last);
        row.count += told.count;
        let speaks = (told.kind == HARD, told.time) >= (row.kind == HARD, row.time);
        if speaks {
            (row.kind, row.time) = (told.kind, told.time);
            row.reason = reason(&mut self.reasons);
            match spelt {
                Some(text) => self.spelt.insert(number, text.into()),
                None if self.spelt.is_empty() => None,
                None => self.spelt.remove(&number),
            };
        }
        if several.is_some() || (row.sender, row.template) != (told.sender, told.template) {
            let mine = self.several.entry(number).or_insert_with(|| Origin::of(row));
            if let Some(theirs) = several {
                mine.senders.extend(theirs.senders);
                mine.templates.extend(theirs.templates);
            } else {
                mine.senders.insert(told.sender);
                mine.templates.insert(told.template);
            }
        }
    }

    /// Drops the reasons that speak for no address any more, when there may be many of them.
    fn forget_reasons(&mut self) {
        if self.reasons.size() <= self.most_reasons.max(MOST_REASONS) {
            return;
        }
        let all = std::mem::take(&mut self.reasons);
        for row in &mut self.rows {
            row.reason = self.reasons.number(all.get(row.reason as usize));
        }
        self.most_reasons = 2 * self.reasons.size();
    }

    /// Where the events of an address came from.
    pub fn origin(&self, number: usize) -> Origin {
        match self.several.get(&(number as u32)) {
            Some(origin) => origin.clone(),
            None => self.rows.get(number).map(Origin::of).unwrap_or_default(),
        }
    }

    /// The one sender domain and template of an address, None where it has several.
    pub fn single(&self, number: usize) -> Option<(u32, i128)> {
        if self.several.contains_key(&(number as u32)) {
            return None;
        }
        self.rows.get(number).map(|row| (row.sender, row.template))
    }
}

/// Whether it is known how the domains of a record are compared. Those that are not are entered as missing.
pub fn is_known(block: &Block, text: &[u8], record: &Record, domains: &mut Domains) -> bool {
    let email = block.text(text, record, EMAIL).unwrap_or_default();
    let is_known = domains.find(split(&email).1).is_some();
    domains.find(&from_domain(block, text, record)).is_some() && is_known
}

/// As `ses_cli.batch.BounceColumns` numbers them.
fn kind(record: &Record) -> u8 {
    match record.event {
        DEFERRED => 3,
        DROPPED => 4,
        _ => record.bounce,
    }
}

impl Origin {
    fn of(row: &Row) -> Self {
        Origin {
            senders: [row.sender].into(),
            templates: [row.template].into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_speak_for_nobody_any_more_are_dropped() {
        let mut bounces = Bounces::default();
        for n in 0..3 * MOST_REASONS / 1000 {
            let row = Row {
                kind: HARD,
                time: n as u64,
                reason: 0,
                first: n as u64,
                last: n as u64,
                count: 1,
                sender: 0,
                template: 0,
            };
            let said = format!("{n:1000}");
            for (email, row, reason) in [
                (&b"a@b.c"[..], row, said.as_bytes()),
                (b"d@e.f", Row { time: 0, ..row }, b"no such user"),
            ] {
                let number = bounces.emails.number(email);
                bounces.meet(number, row, None, None, |reasons| reasons.number(reason));
            }
            bounces.forget_reasons();
        }
        assert!(bounces.reasons.size() <= MOST_REASONS);
        let reason = |at: usize| bounces.reasons.get(bounces.rows[at].reason as usize).to_vec();
        assert_eq!(reason(0), format!("{:1000}", 3 * MOST_REASONS / 1000 - 1).as_bytes());
        assert_eq!(reason(1), b"no such user");
    }
}
