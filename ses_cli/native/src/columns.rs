//! The counted records as typed columns, in the buffers that Arrow has.

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
    fn push(&mut self, text: Option<&[u8]>) {
        self.present.push(text.is_some());
        self.bytes.extend_from_slice(text.unwrap_or_default());
        self.ends.push(self.bytes.len() as u32);
    }
}

/// The texts of a column, by its name.
pub fn texts<'a>(
    name: &str,
    block: &Block,
    text: &[u8],
    records: impl Iterator<Item = &'a Record>,
    domains: &mut Domains,
) -> Option<Strings> {
    let mut found = Strings::default();
    let field = |record: &Record, slot| block.text(text, record, slot);
    if let Some(slot) = slot_of(name) {
        records.for_each(|record| found.push(field(record, slot).as_deref()));
        return Some(found);
    }
    match name {
        "event" => records.for_each(|record| found.push(Some(EVENTS[usize::from(record.event)].0.as_bytes()))),
        "bounce_type" => records.for_each(|record| found.push(bounce_type(block, text, record).as_deref())),
        "email_domain" => records.for_each(|record| {
            let email = field(record, EMAIL).unwrap_or_default();
            found.push(Some(&domains.name(split(&email).1)));
        }),
        "from_domain" => records.for_each(|record| {
            let domain = from_domain(block, text, record);
            let name = domains.name(&domain);
            found.push((!name.is_empty()).then_some(&name));
        }),
        _ => return None,
    }
    Some(found)
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
}

/// The integers of a column, by its name. What is beyond 63 bits is not there; times are in milliseconds.
pub fn integers<'a>(name: &str, records: impl Iterator<Item = &'a Record>) -> Option<Integers> {
    let (slot, factor) = match name {
        "row" => (None, 1),
        "time" => (Some(TIMESTAMP), 1000),
        "timestamp" => (Some(TIMESTAMP), 1),
        "sent_time" => (Some(SENT_TIMESTAMP), 1000),
        "sent_timestamp" => (Some(SENT_TIMESTAMP), 1),
        "template_id" => (Some(TEMPLATE_ID), 1),
        "task_id" => (Some(TASK_ID), 1),
        "eventid" => (Some(EVENT_ID), 1),
        _ => return None,
    };
    let mut found = Integers::default();
    for record in records {
        let value = match slot {
            Some(slot) => record.integer(slot).and_then(|value| i64::try_from(value).ok()),
            None => Some(i64::from(record.row)),
        };
        found.present.push(value.is_some());
        found.values.push(value.unwrap_or_default() * factor);
    }
    Some(found)
}

/// What the events say that have a reason, each once: the reason as `own::hide` gives it, and whose it is.
#[derive(Default)]
pub struct Reasons {
    told: Texts,
    /// Of each the length of the reason, whether the bounce was soft, and the first address.
    firsts: Vec<(usize, bool, Box<[u8]>)>,
    /// The number of what each record says.
    pub present: Present,
    pub numbers: Vec<u32>,
}

impl Reasons {
    /// The reasons of bounces, deferrals and drops.
    pub fn of<'a>(block: &Block, text: &[u8], records: impl Iterator<Item = &'a Record>) -> Self {
        let (mut found, mut told) = (Reasons::default(), Vec::new());
        for record in records {
            let is_one = matches!(record.event, BOUNCE | DEFERRED | DROPPED);
            let reason = if is_one { block.text(text, record, REASON) } else { None };
            let reason = reason.filter(|reason| !reason.is_empty());
            found.present.push(reason.is_some());
            let number = reason.map_or(0, |reason| found.number(block, text, record, &reason, &mut told));
            found.numbers.push(number);
        }
        found
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

    /// The reason, whether the bounce was soft, and an address of which it is said.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], bool, &[u8])> {
        let told = self.told.iter().zip(&self.firsts);
        told.map(|(told, (length, is_soft, email))| (&told[..*length], *is_soft, &**email))
    }
}

/// The values that no field is documented for, by name.
#[derive(Default)]
pub struct Others {
    pub present: Present,
    pub ends: Vec<u32>,
    pub names: Strings,
    pub values: Strings,
    /// Of records that are not here: their number, and where their lines begin and end.
    pub odd: Vec<(u32, u32, u32)>,
}

impl Others {
    pub fn of<'a>(text: &[u8], records: impl Iterator<Item = &'a Record>) -> Self {
        let mut found = Others {
            ends: vec![0],
            ..Others::default()
        };
        let mut pairs = Vec::new();
        for (at, record) in records.enumerate() {
            pairs.clear();
            if record.has_others {
                let line = text.get(record.start as usize..record.end as usize).unwrap_or_default();
                if record.is_odd || others(line, &mut pairs).is_none() {
                    pairs.clear();
                    found.odd.push((at as u32, record.start, record.end));
                }
            }
            for (name, value) in &pairs {
                found.names.push(Some(name));
                found.values.push(Some(value));
            }
            found.present.push(!pairs.is_empty());
            found.ends.push(found.names.ends.len() as u32 - 1);
        }
        found
    }
}

type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The undocumented values of a valid line; None where they take a closer look.
fn others<'a>(line: &'a [u8], pairs: &mut Vec<Pair<'a>>) -> Option<()> {
    let mut rest = skip_space(&line[memchr::memchr(b'{', line)? + 1..]);
    while rest.first() == Some(&b'"') {
        let (name, after) = string(rest)?;
        rest = skip_space(skip_space(after).strip_prefix(b":")?);
        let is_text = rest.first() == Some(&b'"');
        let (value, after) = if is_text { string(rest)? } else { word(rest) };
        if field(&name).0 == OTHER {
            if !(is_text || is_simple(&value)) || pairs.iter().any(|(known, _)| *known == name) {
                return None;
            }
            pairs.push((name, value));
        }
        rest = skip_space(after);
        rest = skip_space(rest.strip_prefix(b",").unwrap_or(rest));
    }
    (rest.first() == Some(&b'}')).then_some(())
}

/// The string that begins here, and what follows it.
fn string(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let inner = text.get(1..)?;
    let (mut at, mut has_escapes) = (0, false);
    loop {
        at += memchr::memchr2(b'"', b'\\', inner.get(at..)?)?;
        if inner[at] == b'"' {
            break;
        }
        (at, has_escapes) = (at + 2, true);
    }
    let (value, rest) = (&inner[..at], &inner[at + 1..]);
    if !has_escapes {
        return Some((Cow::Borrowed(value), rest));
    }
    let mut out = Vec::new();
    unescape(value, &mut out);
    Some((Cow::Owned(out), rest))
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

fn skip_space(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    &text[text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_documented_is_found() {
        let pairs = |line: &'static str| {
            let mut pairs = Vec::new();
            let done = others(line.as_bytes(), &mut pairs);
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
