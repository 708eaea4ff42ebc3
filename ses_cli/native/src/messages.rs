//! Steps of messages in rows of bytes: `ses_cli/message/row.py` says what is in them.

use crate::block::{Block, Record};
use crate::causes::{Cause, Causes};
use crate::domains::{Domains, split};
use crate::groups::Groups;
use crate::identity::hashes;
use crate::own::hide;
use crate::proxies::Proxies;
use crate::row::{KEY, MEANING, ROW, Row, step, time_of};
use crate::samples::Samples;
use crate::select::from_domain;
use crate::sent::tell_sent;
use crate::taken::Taken;
use crate::vocabulary::*;
use std::sync::{Arc, Mutex};

/// Messages that are remembered, so that the texts of one are not held once more for each of its steps.
const RECENT: usize = 1 << 15;

/// Steps whose reasons are judged.
const FAILURES: [u8; 5] = [
    step::DEFERRED,
    step::SOFT_BOUNCE,
    step::UNTYPED_BOUNCE,
    step::HARD_BOUNCE,
    step::DROPPED,
];

/// What was met so far, in log after log.
pub struct Known<'a> {
    pub groups: &'a mut Groups,
    pub domains: &'a mut Domains,
    pub causes: &'a mut Causes,
}

/// Steps, batch after batch.
pub struct Messages {
    has_texts: bool,
    /// Whether rows have the meanings of failures, and not what only the lives of messages tell.
    is_judged: bool,
    proxies: Proxies,
    /// Of the records at hand.
    rows: Vec<Row>,
    /// All others, batch after batch: one place for all of them would be moved as it grows.
    chunks: Vec<Vec<Row>>,
    texts: Vec<Vec<u8>>,
    size: usize,
    /// Of messages met last, by a part of their keys: their texts are there. None where no texts are wanted.
    recent: Vec<u64>,
    /// Where the groups of the rows are named.
    groups: Vec<Arc<Mutex<Groups>>>,
    pub samples: Samples,
    pub unassigned: u64,
    scratch: Scratch,
    /// Chunks and rows of failures whose meanings are to be put in, and the numbers of their causes.
    failed: Vec<(usize, usize, u32)>,
}

/// The messages of the records at hand: what their keys are the hashes of.
#[derive(Default)]
struct Scratch {
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Where the bulkId begins and ends in the text.
    bulk_ids: Vec<(usize, usize)>,
    links: Vec<u8>,
    link_ends: Vec<usize>,
    /// Places of the clicks among the rows.
    clicks: Vec<usize>,
    hidden: Vec<u8>,
}

impl Messages {
    pub fn new(has_texts: bool, is_judged: bool, proxies: Proxies) -> Self {
        Messages {
            has_texts,
            is_judged,
            proxies,
            rows: Vec::new(),
            chunks: Vec::new(),
            texts: vec![Vec::new()],
            size: 0,
            recent: vec![0; if has_texts { RECENT } else { 0 }],
            groups: Vec::new(),
            samples: Samples::default(),
            unassigned: 0,
            scratch: Scratch::default(),
            failed: Vec::new(),
        }
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Names groups by these, as long as their rows are held.
    pub fn name_by(&mut self, groups: &Arc<Mutex<Groups>>) {
        if !self.groups.iter().any(|known| Arc::ptr_eq(known, groups)) {
            self.groups.push(groups.clone());
        }
    }

    /// Takes in records of a block; their groups are those of `name_by`. Returns those with a domain of which it is not known yet how it is compared.
    ///
    /// Call `judge` then, where reasons are judged, once what the missing ones of `causes` mean is known.
    #[must_use]
    pub fn add<'a>(
        &mut self,
        block: &Block,
        text: &[u8],
        records: impl Iterator<Item = &'a Record>,
        known: &mut Known,
    ) -> Vec<Record> {
        let mut waiting = Vec::new();
        self.rows.reserve_exact(block.records.len());
        for record in records {
            if self.enter(block, text, record, known).is_none() {
                waiting.push(*record);
            }
        }
        self.finish();
        waiting
    }

    /// Enters the step of a record, without its key.
    fn enter(&mut self, block: &Block, text: &[u8], record: &Record, known: &mut Known) -> Option<()> {
        let field = |slot| block.text(text, record, slot).unwrap_or_default();
        let (bulk_id, email) = (field(BULK_ID), field(EMAIL));
        if bulk_id.is_empty() || email.is_empty() {
            self.unassigned += 1;
            return Some(());
        }
        let (local, domain) = split(&email);
        let sender = from_domain(block, text, record);
        let group = known.groups.group(record, domain, &sender, known.domains)?;
        let name = known.domains.find(domain)?;
        let scratch = &mut self.scratch;
        decimal(bulk_id.len(), &mut scratch.text);
        scratch.text.push(0);
        let start = scratch.text.len();
        scratch.text.extend_from_slice(&bulk_id);
        scratch.bulk_ids.push((start, scratch.text.len()));
        if std::ptr::eq(&*name, domain) {
            scratch.text.extend_from_slice(&email);
        } else {
            scratch.text.extend_from_slice(local);
            scratch.text.extend_from_slice(&name);
        }
        scratch.ends.push(scratch.text.len());
        let mut row = [0; ROW];
        row[16..21].copy_from_slice(&record.time().to_be_bytes()[3..]);
        row[32..].copy_from_slice(&group.to_be_bytes());
        if self.is_judged {
            let step = step_of(record, || false);
            row[21] = step;
            if FAILURES.contains(&step) {
                scratch.hidden.clear();
                hide(&field(REASON), &email, &mut scratch.hidden);
                let (reason, domain) = (&*scratch.hidden, &*name);
                let number = known.causes.number(&Cause { step, reason, domain }, &email);
                self.failed.push((self.chunks.len(), self.rows.len(), number));
            } else if step == step::DELIVERED {
                tell_sent(&mut row, record, &bulk_id);
            }
        } else {
            let step = step_of(record, || self.proxies.are(&field(USERAGENT)));
            row[21] = step;
            if step == step::CLICK {
                scratch.links.extend_from_slice(&field(LINK));
                scratch.link_ends.push(scratch.links.len());
                scratch.clicks.push(self.rows.len());
            }
            tell_sent(&mut row, record, &bulk_id);
        }
        self.rows.push(row);
        Some(())
    }

    /// Whether there are failures of which it is not known yet what they mean.
    pub fn has_unjudged(&self) -> bool {
        !self.failed.is_empty()
    }

    /// Puts in what the failures mean that were taken in last.
    pub fn judge(&mut self, causes: &Causes) {
        for (chunk, at, number) in std::mem::take(&mut self.failed) {
            if let Some(row) = self.chunks.get_mut(chunk).and_then(|rows| rows.get_mut(at)) {
                let mark = causes.mark(number);
                row[MEANING].copy_from_slice(&mark.to_be_bytes());
                self.samples.meet(&causes.get(number), mark, time_of(row));
            }
        }
    }

    /// Puts in the keys of the rows at hand and the hashes of links, and puts the rows to the others.
    fn finish(&mut self) {
        let Messages { rows, scratch, .. } = self;
        for (row, key) in rows.iter_mut().zip(hashes::<KEY>(&scratch.text, &scratch.ends)) {
            row[..KEY].copy_from_slice(&key);
        }
        for (&at, link) in scratch
            .clicks
            .iter()
            .zip(hashes::<4>(&scratch.links, &scratch.link_ends))
        {
            rows[at][22..26].copy_from_slice(&link);
        }
        self.size += self.rows.len() * ROW;
        if self.has_texts {
            self.enter_texts();
        }
        let mut rows = std::mem::take(&mut self.rows);
        if rows.len() < rows.capacity() / 2 {
            rows.shrink_to_fit();
        }
        self.chunks.push(rows);
        let scratch = &mut self.scratch;
        scratch.text.clear();
        scratch.ends.clear();
        scratch.bulk_ids.clear();
        scratch.links.clear();
        scratch.link_ends.clear();
        scratch.clicks.clear();
    }

    fn enter_texts(&mut self) {
        let Messages {
            rows,
            scratch,
            recent,
            texts,
            ..
        } = self;
        let Some(out) = texts.first_mut() else { return };
        let before = out.len();
        for ((row, &end), &(start, middle)) in rows.iter().zip(&scratch.ends).zip(&scratch.bulk_ids) {
            let key = &row[..KEY];
            let (place, rest) = key.split_at(KEY / 2);
            let slot = &mut recent[place.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)) % RECENT];
            let mark = rest.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)) | 1;
            if std::mem::replace(slot, mark) != mark {
                out.extend_from_slice(key);
                out.extend_from_slice(&((middle - start) as u32).to_be_bytes());
                out.extend_from_slice(&((end - middle) as u32).to_be_bytes());
                out.extend_from_slice(&scratch.text[start..end]);
            }
        }
        self.size += out.len() - before;
    }

    /// Takes in what was collected later, which is spent then.
    pub fn merge(&mut self, later: Messages) {
        self.size += later.size;
        self.unassigned += later.unassigned;
        self.chunks.extend(later.chunks);
        self.texts
            .extend(later.texts.into_iter().filter(|texts| !texts.is_empty()));
        later.groups.iter().for_each(|groups| self.name_by(groups));
        self.samples.merge(later.samples);
    }

    /// All that was collected, which is held no more.
    pub fn take(&mut self) -> Taken {
        self.size = 0;
        self.recent.fill(0);
        Taken {
            rows: std::mem::take(&mut self.chunks),
            texts: std::mem::replace(&mut self.texts, vec![Vec::new()]),
            groups: std::mem::take(&mut self.groups),
            samples: std::mem::take(&mut self.samples),
        }
    }
}

fn step_of(record: &Record, is_machine: impl Fn() -> bool) -> u8 {
    match (EVENTS[usize::from(record.event)].0, record.bounce) {
        ("delivered", _) => step::DELIVERED,
        ("deferred", _) => step::DEFERRED,
        ("dropped", _) => step::DROPPED,
        ("bounce", HARD) => step::HARD_BOUNCE,
        ("bounce", SOFT) => step::SOFT_BOUNCE,
        ("bounce", _) => step::UNTYPED_BOUNCE,
        ("open", _) if is_machine() => step::MACHINE_OPEN,
        ("open", _) => step::OPEN,
        ("click", _) => step::CLICK,
        ("unsubscribe", _) => step::UNSUBSCRIBE,
        ("spamreport", _) => step::SPAMREPORT,
        _ => step::PROCESSED,
    }
}

fn decimal(value: usize, out: &mut Vec<u8>) {
    if value < 100 {
        if value >= 10 {
            out.push(b'0' + (value / 10) as u8);
        }
        out.push(b'0' + (value % 10) as u8);
    } else {
        out.extend_from_slice(value.to_string().as_bytes());
    }
}
