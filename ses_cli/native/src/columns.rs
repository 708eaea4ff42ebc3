//! The counted records of many batches as typed columns, in the buffers that Arrow has.

use crate::block::{Block, Record};
use crate::domains::{Domains, split};
use crate::escapes::unescape;
use crate::own::hide;
use crate::select::from_domain;
use crate::texts::Texts;
use crate::vocabulary::*;
use std::borrow::Cow;

/// Which values are there: a bit for each, from the lowest one on.
#[derive(Default)]
pub struct Present {
    pub bits: Vec<u8>,
    pub nulls: usize,
    count: usize,
}

impl Present {
    #[inline(always)]
    fn push(&mut self, is_there: bool) {
        if self.count.is_multiple_of(8) {
            self.bits.push(0);
        }
        if let Some(last) = self.bits.last_mut() {
            *last |= u8::from(is_there) << (self.count % 8);
        }
        self.count += 1;
        self.nulls += usize::from(!is_there);
    }

    #[inline(always)]
    pub fn has(&self, at: usize) -> bool {
        self.bits[at / 8] >> (at % 8) & 1 != 0
    }

    fn truncate(&mut self, count: usize) {
        self.bits.truncate(count.div_ceil(8));
        if let Some(last) = self.bits.last_mut().filter(|_| !count.is_multiple_of(8)) {
            *last &= (1 << (count % 8)) - 1;
        }
        let there: u32 = self.bits.iter().map(|bits| bits.count_ones()).sum();
        (self.count, self.nulls) = (count, count - there as usize);
    }
}

/// Texts one after another, and where each begins and the last one ends.
pub struct Strings {
    pub present: Present,
    pub ends: Vec<u32>,
    pub bytes: Vec<u8>,
}

impl Default for Strings {
    fn default() -> Self {
        Strings {
            present: Present::default(),
            ends: vec![0],
            bytes: Vec::new(),
        }
    }
}

impl Strings {
    #[inline(always)]
    pub fn push(&mut self, text: Option<&[u8]>) {
        self.present.push(text.is_some());
        self.bytes.extend_from_slice(text.unwrap_or_default());
        self.ends.push(self.bytes.len() as u32);
    }

    #[inline(always)]
    pub fn get(&self, at: usize) -> Option<&[u8]> {
        let range = self.ends[at] as usize..self.ends[at + 1] as usize;
        self.present.has(at).then(|| &self.bytes[range])
    }

    fn truncate(&mut self, count: usize) {
        self.ends.truncate(count + 1);
        self.bytes.truncate(self.ends[count] as usize);
        self.present.truncate(count);
    }
}

/// Texts that repeat: each once, and the number of every one.
#[derive(Default)]
pub struct Words {
    pub known: Texts,
    pub present: Present,
    pub numbers: Vec<u32>,
    last: Option<u32>,
    /// Of what has a number already: that number here, and 1.
    by_kind: [u32; EVENTS.len()],
}

impl Words {
    #[inline(always)]
    fn push(&mut self, text: Option<&[u8]>) {
        self.present.push(text.is_some());
        let number = text.map_or(0, |text| match self.last {
            Some(last) if self.known.get(last as usize) == text => last,
            _ => self.known.number(text),
        });
        self.last = text.map_or(self.last, |_| Some(number));
        self.numbers.push(number);
    }

    #[inline(always)]
    fn push_event(&mut self, event: u8) {
        let kind = usize::from(event);
        if self.by_kind[kind] == 0 {
            self.by_kind[kind] = self.known.number(EVENTS[kind].0.as_bytes()) + 1;
        }
        self.present.push(true);
        self.numbers.push(self.by_kind[kind] - 1);
    }
}

/// A column of one type.
pub enum Column {
    Texts(Strings),
    Words(Words),
    Integers(Integers),
    Others(Others),
    Reasons(Reasons),
}

impl Column {
    /// An empty one by its name; None where there is no such column. `reasons` are what verdicts are made of.
    pub fn new(name: &str) -> Option<Self> {
        Some(match name {
            "event" | "bounce_type" | "email_domain" | "from_domain" | "from" | "username" | "useragent"
            | "subject" => Column::Words(Words::default()),
            "extra" => Column::Others(Others::default()),
            "reasons" => Column::Reasons(Reasons::default()),
            _ if slot_of(name).is_some() => Column::Texts(Strings::default()),
            _ if integer_of(name).is_some() => Column::Integers(Integers::default()),
            _ => return None,
        })
    }
}

/// Columns by their names.
pub struct Columns {
    pub columns: Vec<(String, Column)>,
    pub count: usize,
}

impl Columns {
    /// Adds records; `line` is the number of the first line of their block.
    pub fn add<'a>(
        &mut self,
        block: &Block,
        text: &[u8],
        records: impl Iterator<Item = &'a Record> + Clone,
        domains: &mut Domains,
        line: u64,
    ) {
        for (name, column) in &mut self.columns {
            let records = records.clone();
            match column {
                Column::Texts(found) => texts(name, block, text, records, found),
                Column::Words(found) => words(name, block, text, records, domains, found),
                Column::Integers(found) => integers(name, records, line, found),
                Column::Others(found) => found.add(text, records),
                Column::Reasons(found) => found.add(block, text, records),
            }
        }
        self.count += records.count();
    }

    /// A column by its name.
    pub fn get(&self, name: &str) -> Option<&Column> {
        let found = self.columns.iter().find(|(known, _)| known == name);
        found.map(|(_, column)| column)
    }

    /// Leaves the first records.
    pub fn truncate(&mut self, count: usize) {
        if count == self.count {
            return;
        }
        for (_, column) in &mut self.columns {
            match column {
                Column::Texts(found) => found.truncate(count),
                Column::Words(Words { present, numbers, .. }) | Column::Reasons(Reasons { present, numbers, .. }) => {
                    present.truncate(count);
                    numbers.truncate(count);
                }
                Column::Integers(found) => {
                    found.present.truncate(count);
                    found.values.truncate(count);
                    found.large.retain(|(at, _)| *at < count);
                }
                Column::Others(found) => found.truncate(count),
            }
        }
        self.count = count;
    }
}

fn texts<'a>(name: &str, block: &Block, text: &[u8], records: impl Iterator<Item = &'a Record>, found: &mut Strings) {
    if let Some(slot) = slot_of(name) {
        records.for_each(|record| found.push(block.text(text, record, slot).as_deref()));
    }
}

fn words<'a>(
    name: &str,
    block: &Block,
    text: &[u8],
    records: impl Iterator<Item = &'a Record>,
    domains: &mut Domains,
    found: &mut Words,
) {
    if let Some(slot) = slot_of(name) {
        records.for_each(|record| found.push(block.text(text, record, slot).as_deref()));
        return;
    }
    match name {
        "event" => records.for_each(|record| found.push_event(record.event)),
        "bounce_type" => records.for_each(|record| found.push(bounce_type(block, text, record).as_deref())),
        "email_domain" => records.for_each(|record| {
            let email = block.text(text, record, EMAIL).unwrap_or_default();
            found.push(Some(&domains.name(split(&email).1)));
        }),
        _ => records.for_each(|record| {
            let domain = from_domain(block, text, record);
            let name = domains.name(&domain);
            found.push((!name.is_empty()).then_some(&name));
        }),
    }
}

fn slot_of(name: &str) -> Option<usize> {
    Some(match name {
        "email" => EMAIL,
        "reason" => REASON,
        "bulk_id" => BULK_ID,
        "message_id" => MESSAGE_ID,
        "from" => SENDER,
        "username" => USERNAME,
        "subject" => SUBJECT,
        "link" => LINK,
        "useragent" => USERAGENT,
        _ => return None,
    })
}

/// In today's spelling.
fn bounce_type<'a>(block: &'a Block, text: &'a [u8], record: &Record) -> Option<Cow<'a, [u8]>> {
    match record.bounce {
        HARD => Some(Cow::Borrowed(HARD_BOUNCE.as_bytes())),
        SOFT => Some(Cow::Borrowed(SOFT_BOUNCE.as_bytes())),
        _ => block.text(text, record, BOUNCE_TYPE),
    }
}

/// Integers, 0 where there is none.
#[derive(Default)]
pub struct Integers {
    pub present: Present,
    pub values: Vec<i64>,
    /// What is beyond 63 bits, and so not there: the number of the record, and the value.
    pub large: Vec<(usize, i128)>,
}

/// The slot of a column of integers, None where it is the line; and what its values are multiplied by.
fn integer_of(name: &str) -> Option<(Option<usize>, i64)> {
    Some(match name {
        "line" => (None, 1),
        "time" => (Some(TIMESTAMP), 1000),
        "timestamp" => (Some(TIMESTAMP), 1),
        "sent_time" => (Some(SENT_TIMESTAMP), 1000),
        "sent_timestamp" => (Some(SENT_TIMESTAMP), 1),
        "template_id" => (Some(TEMPLATE_ID), 1),
        "task_id" => (Some(TASK_ID), 1),
        "eventid" => (Some(EVENT_ID), 1),
        _ => return None,
    })
}

/// What is beyond 63 bits is not there; times are in milliseconds.
fn integers<'a>(name: &str, records: impl Iterator<Item = &'a Record>, line: u64, found: &mut Integers) {
    let Some((slot, factor)) = integer_of(name) else {
        return;
    };
    for record in records {
        let whole = match slot {
            Some(slot) => record.integer(slot),
            None => Some(i128::from(line + u64::from(record.row))),
        };
        let value = whole.and_then(|value| i64::try_from(value).ok());
        if let (Some(whole), None) = (whole, value) {
            found.large.push((found.values.len(), whole));
        }
        found.present.push(value.is_some());
        found.values.push(value.unwrap_or_default() * factor);
    }
}

/// What the events say that have a reason, each once: the reason as `own::hide` gives it, and whose it is.
#[derive(Default)]
pub struct Reasons {
    /// What is said, and of whom, so far as that matters to what it means.
    pub told: Texts,
    /// Of each the length of the reason, whether the bounce was soft, and the first address.
    firsts: Vec<(usize, bool, Box<[u8]>)>,
    /// The number of what each record says.
    pub present: Present,
    pub numbers: Vec<u32>,
}

impl Reasons {
    /// The reasons of bounces, deferrals and drops.
    fn add<'a>(&mut self, block: &Block, text: &[u8], records: impl Iterator<Item = &'a Record>) {
        let mut told = Vec::new();
        for record in records {
            let is_one = matches!(record.event, BOUNCE | DEFERRED | DROPPED);
            let reason = if is_one { block.text(text, record, REASON) } else { None };
            let reason = reason.filter(|reason| !reason.is_empty());
            self.present.push(reason.is_some());
            let number = reason.map_or(0, |reason| self.number(block, text, record, &reason, &mut told));
            self.numbers.push(number);
        }
    }

    fn number(&mut self, block: &Block, text: &[u8], record: &Record, reason: &[u8], told: &mut Vec<u8>) -> u32 {
        let email = block.text(text, record, EMAIL).unwrap_or_default();
        let bounce = bounce_type(block, text, record).unwrap_or_default();
        let is_soft = record.event == DEFERRED || *bounce == *SOFT_BOUNCE.as_bytes() || *bounce == *b"soft";
        told.clear();
        hide(reason, &email, told);
        let length = told.len();
        // a reason that names an address may hold for one address and not for another
        let is_own = told[0] != 0 && memchr::memchr(b'@', told).is_some();
        told.push(u8::from(is_soft));
        told.extend_from_slice(if is_own { &email } else { split(&email).1 });
        told.extend_from_slice(&(length as u32).to_ne_bytes());
        let number = self.told.number(told);
        if number as usize == self.firsts.len() {
            self.firsts.push((length, is_soft, (*email).into()));
        }
        number
    }

    /// A reason, whether the bounce was soft, and an address of which it is said.
    pub fn get(&self, number: usize) -> Option<(&[u8], bool, &[u8])> {
        let (length, is_soft, email) = self.firsts.get(number)?;
        Some((&self.told.get(number)[..*length], *is_soft, email))
    }
}

/// The values that no field is documented for, by name.
pub struct Others {
    pub present: Present,
    pub ends: Vec<u32>,
    pub names: Strings,
    pub values: Strings,
    /// Records that are not here: their number, and the line.
    pub odd: Vec<(usize, Box<[u8]>)>,
}

impl Default for Others {
    fn default() -> Self {
        Others {
            present: Present::default(),
            ends: vec![0],
            names: Strings::default(),
            values: Strings::default(),
            odd: Vec::new(),
        }
    }
}

impl Others {
    fn add<'a>(&mut self, text: &[u8], records: impl Iterator<Item = &'a Record>) {
        let mut pairs = Vec::new();
        for record in records {
            pairs.clear();
            if record.has_others && (record.is_odd || others(text, record, &mut pairs).is_none()) {
                let line = text.get(record.start as usize..record.end as usize).unwrap_or_default();
                pairs.clear();
                self.odd.push((self.ends.len() - 1, line.into()));
            }
            for (name, value) in &pairs {
                self.names.push(Some(name));
                self.values.push(Some(value));
            }
            self.present.push(!pairs.is_empty());
            self.ends.push(self.names.ends.len() as u32 - 1);
        }
    }

    fn truncate(&mut self, count: usize) {
        self.present.truncate(count);
        self.ends.truncate(count + 1);
        let pairs = self.ends[count] as usize;
        self.names.truncate(pairs);
        self.values.truncate(pairs);
        self.odd.retain(|(at, _)| *at < count);
    }
}

type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The undocumented values of a valid line; None where they take a closer look.
fn others<'a>(text: &'a [u8], record: &Record, pairs: &mut Vec<Pair<'a>>) -> Option<()> {
    let line = text.get(record.start as usize..record.end as usize)?;
    let mut rest = skip_space(&line[memchr::memchr(b'{', line)? + 1..]);
    while rest.first() == Some(&b'"') {
        let (name, after) = string(rest)?;
        rest = skip_space(skip_space(after).strip_prefix(b":")?);
        let (slot, kind) = field(&name);
        let is_text = rest.first() == Some(&b'"');
        if slot != OTHER {
            let start = record.end as usize - rest.len() + 1;
            let known = if is_text && kind == Kind::Text {
                record.end_of(slot, start)
            } else {
                None
            };
            rest = match known {
                Some(end) => text.get(end + 1..record.end as usize)?,
                None if is_text => string(rest)?.1,
                None => word(rest).1,
            };
        } else {
            let (value, after) = if is_text { string(rest)? } else { word(rest) };
            if !(is_text || is_simple(&value)) || pairs.iter().any(|(known, _)| *known == name) {
                return None;
            }
            pairs.push((name, value));
            rest = after;
        }
        rest = skip_space(rest);
        rest = skip_space(rest.strip_prefix(b",").unwrap_or(rest));
    }
    (rest.first() == Some(&b'}')).then_some(())
}

/// The string that begins here, and what follows it.
#[inline(always)]
fn string(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let inner = text.get(1..)?;
    let at = inner.iter().position(|&byte| matches!(byte, b'"' | b'\\'))?;
    if inner[at] == b'"' {
        return Some((Cow::Borrowed(&inner[..at]), &inner[at + 1..]));
    }
    escaped(inner, at)
}

/// The same of one in which the first backslash stands here.
#[inline(never)]
fn escaped(inner: &[u8], mut at: usize) -> Option<(Cow<'_, [u8]>, &[u8])> {
    while inner[at] != b'"' {
        at += 2;
        at += memchr::memchr2(b'"', b'\\', inner.get(at..)?)?;
    }
    let mut out = Vec::new();
    unescape(&inner[..at], &mut out);
    Some((Cow::Owned(out), &inner[at + 1..]))
}

/// The value that begins here, if it is neither string, array nor object.
fn word(text: &[u8]) -> (Cow<'_, [u8]>, &[u8]) {
    let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\r');
    let (value, rest) = text.split_at(text.iter().position(is_end).unwrap_or(text.len()));
    (Cow::Borrowed(value), rest)
}

/// Whether a value is written in the one way in which JSON can be.
fn is_simple(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    matches!(value, b"true" | b"false" | b"null" | b"0")
        || (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) && digits[0] != b'0'
}

#[inline(always)]
fn skip_space(text: &[u8]) -> &[u8] {
    if text.first().is_some_and(|&byte| byte > b' ') {
        return text;
    }
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    &text[text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Bad;

    #[test]
    fn what_is_not_documented_is_found() {
        let pairs = |line: &'static str| {
            let mut pairs = Vec::new();
            let bad = Bad {
                row: 0,
                start: 0,
                end: line.len() as u32,
                shape: 0,
            };
            let record = Record::of(&bad);
            let done = others(line.as_bytes(), &record, &mut pairs);
            let text = |value: Cow<'_, [u8]>| String::from_utf8_lossy(&value).into_owned();
            done.map(|()| {
                pairs
                    .into_iter()
                    .map(|(name, value)| (text(name), text(value)))
                    .collect::<Vec<_>>()
            })
        };
        let all = pairs(r#" { "event":"open" , "a\"":"\u0041\\", "b" : -7,"c":null,"bulkid":"x" ,"d":"{,}"}"#);
        let expected = [("a\"", "A\\"), ("b", "-7"), ("c", "null"), ("d", "{,}")];
        assert_eq!(
            all,
            Some(expected.map(|(name, value)| (name.into(), value.into())).to_vec())
        );
        for odd in [
            r#"{"a":1.0}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":-0}"#,
            r#"{"a":1,"\u0061":2}"#,
            "{",
            r#"{"a"#,
        ] {
            assert_eq!(pairs(odd), None, "{odd}");
        }
    }
}
