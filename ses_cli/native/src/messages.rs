//! Steps of messages in rows of bytes: `ses_cli/message/row.py` says what is in them.

use crate::block::{Block, Record};
use crate::causes::{Cause, Causes};
use crate::domains::{Domains, split};
use crate::identity::hashes;
use crate::own::hide;
use crate::samples::Samples;
use crate::select::from_domain;
use crate::tally::Key;
use crate::texts::Texts;
use crate::vocabulary::*;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use memchr::memmem::Finder;
use std::sync::LazyLock;

pub const ROW: usize = 40;
pub const KEY: usize = 16;
/// By the first byte of the key.
pub const PARTS: usize = 256;
pub type Row = [u8; ROW];
/// Messages that are remembered, so that the texts of one are not held once more for each of its steps.
const RECENT: usize = 1 << 15;

/// A step, as `ses_cli.message.Step` numbers them.
pub mod step {
    pub const PROCESSED: u8 = 0;
    pub const DEFERRED: u8 = 1;
    pub const SOFT_BOUNCE: u8 = 2;
    pub const UNTYPED_BOUNCE: u8 = 3;
    pub const HARD_BOUNCE: u8 = 4;
    pub const DROPPED: u8 = 5;
    pub const DELIVERED: u8 = 6;
    pub const OPEN: u8 = 7;
    pub const MACHINE_OPEN: u8 = 8;
    pub const CLICK: u8 = 9;
    pub const UNSUBSCRIBE: u8 = 10;
    pub const SPAMREPORT: u8 = 11;
    pub const COUNT: usize = 12;
}

/// Steps whose reasons are judged.
const FAILURES: [u8; 5] = [
    step::DEFERRED,
    step::SOFT_BOUNCE,
    step::UNTYPED_BOUNCE,
    step::HARD_BOUNCE,
    step::DROPPED,
];
/// Where a row has what stands for the meaning of a failure, where these are judged.
pub const MEANING: std::ops::Range<usize> = 22..30;

/// What the time of sending is known from, as `ses_cli.message.Sent` numbers it.
pub const FROM_NOTHING: u8 = 0;
pub const FROM_BULK_ID: u8 = 1;
pub const FROM_TIMESTAMP: u8 = 2;

/// User agents of programs that open mails in place of people.
pub struct Proxies {
    whole: Vec<Vec<u8>>,
    parts: Vec<Finder<'static>>,
}

impl Proxies {
    /// Texts, each with whether it is all of the user agent.
    pub fn new(texts: &[(String, bool)]) -> Self {
        let of = |wanted: bool| {
            texts
                .iter()
                .filter(move |(_, is_whole)| *is_whole == wanted)
                .map(|(text, _)| text.as_bytes())
        };
        Proxies {
            whole: of(true).map(<[u8]>::to_vec).collect(),
            parts: of(false).map(|text| Finder::new(text).into_owned()).collect(),
        }
    }

    fn are(&self, useragent: &[u8]) -> bool {
        self.whole.iter().any(|text| text == useragent) || self.parts.iter().any(|part| part.find(useragent).is_some())
    }
}

/// A value that messages are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    None,
    Text(Box<[u8]>),
    Integer(i128),
}

/// The values that messages are grouped by, and what stands for them.
#[derive(Default)]
struct Groups {
    keys: Vec<Key>,
    /// Values as they are written, for each key.
    texts: Vec<Texts>,
    integers: HashMap<i128, u32, RandomState>,
    known: HashMap<[u32; MOST_KEYS], u64, RandomState>,
    last: Option<([u32; MOST_KEYS], u64)>,
    names: HashMap<u64, Vec<Name>, RandomState>,
}

pub const MOST_KEYS: usize = 3;
/// What messages can be grouped by.
pub const GROUPED_BY: [Key; MOST_KEYS] = [Key::Domain, Key::FromDomain, Key::Template];

impl Groups {
    /// The group of a record; None where it is not known yet how a domain is compared.
    fn number(&mut self, record: &Record, domain: &[u8], sender: &[u8], domains: &mut Domains) -> Option<u64> {
        let mut numbers = [0; MOST_KEYS];
        for (at, key) in self.keys.iter().enumerate() {
            numbers[at] = match key {
                Key::Domain => self.texts[at].number(domain),
                Key::FromDomain => self.texts[at].number(sender),
                _ => {
                    let (template, new) = (record.integer(TEMPLATE_ID).unwrap_or(0), self.integers.len() as u32);
                    *self.integers.entry(template).or_insert(new)
                }
            };
        }
        if let Some((last, group)) = self.last
            && last == numbers
        {
            return Some(group);
        }
        let group = match self.known.get(&numbers) {
            Some(&known) => known,
            None => {
                let new = self.enter(record, domain, sender, domains)?;
                *self.known.entry(numbers).or_insert(new)
            }
        };
        self.last = Some((numbers, group));
        Some(group)
    }

    fn enter(&mut self, record: &Record, domain: &[u8], sender: &[u8], domains: &mut Domains) -> Option<u64> {
        let mut names = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            names.push(match key {
                Key::Domain => Name::Text(domains.find(domain)?.into()),
                Key::FromDomain if sender.is_empty() => Name::None,
                Key::FromDomain => Name::Text(domains.find(sender)?.into()),
                _ => match record.integer(TEMPLATE_ID).unwrap_or(0) {
                    0 => Name::None,
                    template => Name::Integer(template),
                },
            });
        }
        let group = group_id(&names);
        self.names.insert(group, names);
        Some(group)
    }
}

/// See `group_id` of `ses_cli/message/row.py`.
fn group_id(names: &[Name]) -> u64 {
    if names.iter().all(|name| *name == Name::None) {
        return 0;
    }
    let mut text = Vec::new();
    for name in names {
        match name {
            Name::None => text.push(b'-'),
            Name::Integer(value) => text.extend_from_slice(format!("i{value}").as_bytes()),
            Name::Text(value) => {
                text.extend_from_slice(format!("s{}:", value.len()).as_bytes());
                text.extend_from_slice(value);
            }
        }
    }
    let end = text.len();
    match hashes::<8>(&text, &[end]).first() {
        Some(&hash) if hash != [0; 8] => u64::from_be_bytes(hash),
        _ => 1,
    }
}

/// Steps, batch after batch.
pub struct Messages {
    has_texts: bool,
    /// Whether rows have the meanings of failures, and not what only the lives of messages tell.
    is_judged: bool,
    proxies: Proxies,
    rows: Vec<Row>,
    /// What was merged.
    chunks: Vec<Vec<Row>>,
    texts: Vec<Vec<u8>>,
    size: usize,
    /// Of messages met last, by a part of their keys: their texts are there. None where no texts are wanted.
    recent: Vec<u64>,
    groups: Groups,
    pub samples: Samples,
    pub unassigned: u64,
    scratch: Scratch,
    /// Rows of failures whose meanings are to be put in, and the numbers of their causes.
    failed: Vec<(usize, u32)>,
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

/// What was collected, to be put into parts by the first byte of the keys, one part after another.
pub struct Taken {
    rows: Vec<Vec<Row>>,
    texts: Vec<Vec<u8>>,
    pub names: HashMap<u64, Vec<Name>, RandomState>,
    pub samples: Samples,
}

impl Taken {
    /// Bytes of each part of the rows.
    pub fn row_sizes(&self) -> [usize; PARTS] {
        let mut sizes = [0; PARTS];
        for row in self.rows.iter().flatten() {
            sizes[usize::from(row[0])] += ROW;
        }
        sizes
    }

    /// Bytes of each part of the texts.
    pub fn text_sizes(&self) -> [usize; PARTS] {
        let mut sizes = [0; PARTS];
        for text in self.texts.iter().flat_map(|packed| Packed(packed)) {
            sizes[usize::from(text[0])] += text.len();
        }
        sizes
    }

    /// Puts the rows into a buffer of all parts of these sizes.
    pub fn put_rows(&mut self, sizes: &[usize; PARTS], out: &mut [u8]) {
        let mut at = starts(sizes);
        for chunk in std::mem::take(&mut self.rows) {
            for row in &chunk {
                let place = &mut at[usize::from(row[0])];
                out[*place..*place + ROW].copy_from_slice(row);
                *place += ROW;
            }
        }
    }

    /// Puts the texts into a buffer of all parts of these sizes.
    pub fn put_texts(&mut self, sizes: &[usize; PARTS], out: &mut [u8]) {
        let mut at = starts(sizes);
        for packed in std::mem::take(&mut self.texts) {
            for text in Packed(&packed) {
                let place = &mut at[usize::from(text[0])];
                out[*place..*place + text.len()].copy_from_slice(text);
                *place += text.len();
            }
        }
    }
}

fn starts(sizes: &[usize; PARTS]) -> [usize; PARTS] {
    let mut next = 0;
    sizes.map(|size| {
        next += size;
        next - size
    })
}

impl Messages {
    pub fn new(by: Vec<Key>, has_texts: bool, is_judged: bool, proxies: Proxies) -> Self {
        let groups = Groups {
            texts: by.iter().map(|_| Texts::default()).collect(),
            keys: by,
            ..Groups::default()
        };
        Messages {
            has_texts,
            is_judged,
            proxies,
            rows: Vec::new(),
            chunks: Vec::new(),
            texts: vec![Vec::new()],
            size: 0,
            recent: vec![0; if has_texts { RECENT } else { 0 }],
            groups,
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

    /// Takes in records of a block. Returns those with a domain of which it is not known yet how it is compared.
    ///
    /// Call `judge` then, where reasons are judged, once what the missing ones of `causes` mean is known.
    #[must_use]
    pub fn add<'a>(
        &mut self,
        block: &Block,
        text: &[u8],
        records: impl Iterator<Item = &'a Record>,
        domains: &mut Domains,
        causes: &mut Causes,
    ) -> Vec<Record> {
        let mut waiting = Vec::new();
        let first = self.rows.len();
        for record in records {
            if self.enter(block, text, record, domains, causes).is_none() {
                waiting.push(*record);
            }
        }
        self.finish(first);
        waiting
    }

    /// Enters the step of a record, without its key.
    fn enter(
        &mut self,
        block: &Block,
        text: &[u8],
        record: &Record,
        domains: &mut Domains,
        causes: &mut Causes,
    ) -> Option<()> {
        let field = |slot| block.text(text, record, slot).unwrap_or_default();
        let (bulk_id, email) = (field(BULK_ID), field(EMAIL));
        if bulk_id.is_empty() || email.is_empty() {
            self.unassigned += 1;
            return Some(());
        }
        let (local, domain) = split(&email);
        let sender = from_domain(block, text, record);
        let group = self.groups.number(record, domain, &sender, domains)?;
        let name = domains.find(domain)?;
        let scratch = &mut self.scratch;
        decimal(bulk_id.len(), &mut scratch.text);
        scratch.text.push(0);
        let start = scratch.text.len();
        scratch.text.extend_from_slice(&bulk_id);
        scratch.bulk_ids.push((start, scratch.text.len()));
        scratch.text.extend_from_slice(local);
        scratch.text.extend_from_slice(&name);
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
                let number = causes.number(&Cause { step, reason, domain }, &email);
                self.failed.push((self.rows.len(), number));
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

    /// Puts in what the failures mean that were taken in last.
    pub fn judge(&mut self, causes: &Causes) {
        for (at, number) in std::mem::take(&mut self.failed) {
            if let Some(row) = self.rows.get_mut(at) {
                let mark = causes.mark(number);
                row[MEANING].copy_from_slice(&mark.to_be_bytes());
                self.samples.meet(&causes.get(number), mark, number_of(&row[16..21]));
            }
        }
    }

    /// Puts in the keys of the rows from a place on, and the hashes of links.
    fn finish(&mut self, first: usize) {
        let Messages { rows, scratch, .. } = self;
        for (row, key) in rows[first..]
            .iter_mut()
            .zip(hashes::<KEY>(&scratch.text, &scratch.ends))
        {
            row[..KEY].copy_from_slice(&key);
        }
        for (&at, link) in scratch
            .clicks
            .iter()
            .zip(hashes::<4>(&scratch.links, &scratch.link_ends))
        {
            rows[at][22..26].copy_from_slice(&link);
        }
        self.size += (self.rows.len() - first) * ROW;
        if self.has_texts {
            self.enter_texts(first);
        }
        let scratch = &mut self.scratch;
        scratch.text.clear();
        scratch.ends.clear();
        scratch.bulk_ids.clear();
        scratch.links.clear();
        scratch.link_ends.clear();
        scratch.clicks.clear();
    }

    fn enter_texts(&mut self, first: usize) {
        let Messages {
            rows,
            scratch,
            recent,
            texts,
            ..
        } = self;
        let Some(out) = texts.first_mut() else { return };
        let before = out.len();
        for ((row, &end), &(start, middle)) in rows[first..].iter().zip(&scratch.ends).zip(&scratch.bulk_ids) {
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
        self.chunks.push(later.rows);
        self.texts
            .extend(later.texts.into_iter().filter(|texts| !texts.is_empty()));
        self.groups.names.extend(later.groups.names);
        self.samples.merge(later.samples);
    }

    /// All that was collected, which is held no more.
    pub fn take(&mut self) -> Taken {
        let mut rows = std::mem::take(&mut self.chunks);
        rows.push(std::mem::take(&mut self.rows));
        self.size = 0;
        self.recent.fill(0);
        Taken {
            rows,
            texts: std::mem::replace(&mut self.texts, vec![Vec::new()]),
            names: self.groups.names.clone(),
            samples: std::mem::take(&mut self.samples),
        }
    }
}

/// The texts of messages, packed one after another.
struct Packed<'a>(&'a [u8]);

impl<'a> Iterator for Packed<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let number = |at: usize| Some(u32::from_be_bytes(self.0.get(at..at + 4)?.try_into().ok()?) as usize);
        let (text, rest) = self.0.split_at_checked(KEY + 8 + number(KEY)? + number(KEY + 4)?)?;
        self.0 = rest;
        Some(text)
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

/// Puts in when a message was sent, and what that is known from.
fn tell_sent(row: &mut Row, record: &Record, bulk_id: &[u8]) {
    let (sent, known_from) = sent(record, bulk_id);
    row[26..31].copy_from_slice(&sent.to_be_bytes()[3..]);
    row[31] = known_from;
}

/// When a message was sent, and what that is known from.
fn sent(record: &Record, bulk_id: &[u8]) -> (u64, u8) {
    match record.integer(SENT_TIMESTAMP) {
        Some(sent) if sent > 0 => (sent as u64, FROM_TIMESTAMP),
        _ => match bulk_time(bulk_id) {
            0 => (0, FROM_NOTHING),
            time => (time, FROM_BULK_ID),
        },
    }
}

/// Of up to 8 bytes, the highest first.
#[inline(always)]
pub fn number_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
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

/// The time in a bulkId: see `bulk_time` of `ses_cli/message/sent.py`.
pub fn bulk_time(bulk_id: &[u8]) -> u64 {
    static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-date-"));
    const DIGITS: usize = 14;
    for at in MARK.find_iter(bulk_id) {
        let rest = &bulk_id[at + MARK.needle().len()..];
        if rest.iter().take_while(|byte| byte.is_ascii_digit()).count() == DIGITS {
            return wall_time(&rest[..DIGITS]).unwrap_or(0);
        }
    }
    0
}

/// Unix seconds of digits that are a time on the clock of UTC+8, None where they are none or before 1971.
fn wall_time(digits: &[u8]) -> Option<u64> {
    let number = |from: usize, to: usize| {
        digits[from..to]
            .iter()
            .fold(0, |sum, byte| 10 * sum + i64::from(byte - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let (hour, minute, second) = (number(8, 10), number(10, 12), number(12, 14));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    if year < 1971 || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // days from 1970-01-01, by Howard Hinnant's days_from_civil
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    u64::try_from(day * 86_400 + hour * 3600 + minute * 60 + second - 8 * 3600).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bulk_id_has_the_time_of_utc_plus_8() {
        for (bulk_id, time) in [
            (
                "qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1",
                1_654_064_679,
            ),
            ("-date-20220601142439", 1_654_064_679),
            ("-date-202206011424391-date-20220601142439", 1_654_064_679),
            ("-date-20220631142439-date-20220601142439", 0),
            ("-date-19710101080000", 31_536_000),
            ("-date-19701231235959", 0),
            ("-date-20240229000000", 1_709_136_000),
            ("-date-20230229000000", 0),
            ("-date-20220601240000", 0),
            ("-date-99991231235959", 253_402_271_999),
            ("qcloud-ses-4F001945B2D9BXXXXXX", 0),
            ("", 0),
        ] {
            assert_eq!(bulk_time(bulk_id.as_bytes()), time, "{bulk_id}");
        }
    }

    #[test]
    fn groups_without_a_value_are_none() {
        assert_eq!(group_id(&[]), 0);
        assert_eq!(group_id(&[Name::None, Name::None]), 0);
        assert_ne!(
            group_id(&[Name::Text(b"1".as_slice().into())]),
            group_id(&[Name::Integer(1)])
        );
    }
}
