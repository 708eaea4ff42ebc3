//! Columns as CSV or TSV, byte for byte as `ses_cli/render/data.py` writes their rows.

use crate::columns::{Column, Columns, Integers, Others, Present, Strings};
use std::collections::HashMap;
use std::io::Write;

/// What the columns do not say themselves.
pub struct Told {
    pub source: String,
    /// Lines of the source that stand before.
    pub above: i64,
    /// By column: what its numbers stand for, where that is not what it holds.
    pub words: HashMap<String, Vec<String>>,
    /// By record: undocumented values as JSON, where they took a closer look.
    pub odd: HashMap<usize, String>,
}

/// The cells of a column.
enum Cells<'a> {
    Same(Vec<u8>),
    Numbers(&'a Integers, i64),
    Times(&'a Integers),
    Texts(&'a Strings),
    /// Texts of which none has to be quoted.
    Plain(&'a Strings),
    /// Texts that repeat, as they are written.
    Words(&'a Present, &'a [u32], Vec<Vec<u8>>),
    Maps(&'a Others),
    /// Maps of which no name and no value has to be escaped.
    PlainMaps(&'a Others),
}

/// The rows of these columns; None where one of them is not there.
pub fn rows(columns: &Columns, names: &[String], delimiter: u8, told: &Told) -> Option<Vec<u8>> {
    let cells: Vec<Cells> = names
        .iter()
        .map(|name| cells(columns, name, delimiter, told))
        .collect::<Option<_>>()?;
    let (mut out, mut writing) = (Vec::with_capacity(columns.count * names.len() * 16), Writing::default());
    for at in 0..columns.count {
        let start = out.len();
        for (place, cells) in cells.iter().enumerate() {
            if place > 0 {
                out.push(delimiter);
            }
            writing.cell(cells, at, delimiter, told, &mut out);
        }
        if out.len() == start {
            out.extend_from_slice(b"\"\""); // a row of one empty cell is no blank line
        }
        out.push(b'\n');
    }
    Some(out)
}

/// What is used again from cell to cell.
#[derive(Default)]
struct Writing {
    json: Vec<u8>,
    /// The date that was written last.
    day: i64,
    date: Vec<u8>,
}

impl Writing {
    #[inline(always)]
    fn cell(&mut self, cells: &Cells, at: usize, delimiter: u8, told: &Told, out: &mut Vec<u8>) {
        match cells {
            Cells::Same(text) => out.extend_from_slice(text),
            Cells::Numbers(found, more) => number(found, at, *more, out),
            Cells::Times(found) => {
                if found.present.has(at) {
                    self.time(found.values[at] / 1000, out);
                }
            }
            Cells::Texts(found) => field(found.get(at).unwrap_or_default(), delimiter, out),
            Cells::Plain(found) => {
                let text = found.get(at).unwrap_or_default();
                if is_run(text) {
                    out.push(b'\'');
                }
                out.extend_from_slice(text);
            }
            Cells::Words(present, numbers, words) => {
                if present.has(at) {
                    out.extend_from_slice(&words[numbers[at] as usize]);
                }
            }
            Cells::Maps(found) | Cells::PlainMaps(found) => match told.odd.get(&at) {
                Some(text) => field(text.as_bytes(), delimiter, out),
                None if !found.present.has(at) => {}
                None if matches!(cells, Cells::PlainMaps(_)) => plain_map(found, at, out),
                None => {
                    self.json.clear();
                    map(found, at, &mut self.json);
                    field(&self.json, delimiter, out);
                }
            },
        }
    }

    /// Unix seconds as RFC 3339 in UTC.
    fn time(&mut self, seconds: i64, out: &mut Vec<u8>) {
        let (days, second) = (seconds.div_euclid(86400), seconds.rem_euclid(86400));
        if days != self.day || self.date.is_empty() {
            self.day = days;
            self.date.clear();
            date(days, &mut self.date);
        }
        out.extend_from_slice(&self.date);
        let ([h, i], [m, n], [s, t]) = (digits(second / 3600), digits(second / 60 % 60), digits(second % 60));
        out.extend_from_slice(&[b'T', h, i, b':', m, n, b':', s, t, b'Z']);
    }
}

fn cells<'a>(columns: &'a Columns, name: &str, delimiter: u8, told: &Told) -> Option<Cells<'a>> {
    let written = |text: &[u8]| {
        let mut out = Vec::new();
        field(text, delimiter, &mut out);
        out
    };
    if name == "source" {
        return Some(Cells::Same(written(told.source.as_bytes())));
    }
    let words = told.words.get(name);
    let said = || words.map(|words| words.iter().map(|word| written(word.as_bytes())).collect());
    Some(match columns.get(name) {
        Some(Column::Texts(found)) if is_plain(&found.bytes, delimiter) => Cells::Plain(found),
        Some(Column::Texts(found)) => Cells::Texts(found),
        Some(Column::Words(found)) => {
            let words = said().unwrap_or_else(|| found.known.iter().map(written).collect());
            Cells::Words(&found.present, &found.numbers, words)
        }
        Some(Column::Integers(found)) if matches!(name, "time" | "sent_time") => Cells::Times(found),
        Some(Column::Integers(found)) => Cells::Numbers(found, if name == "line" { told.above } else { 0 }),
        Some(Column::Others(found))
            if delimiter == b',' && is_unescaped(&found.names) && is_unescaped(&found.values) =>
        {
            Cells::PlainMaps(found)
        }
        Some(Column::Others(found)) => Cells::Maps(found),
        Some(Column::Reasons(_)) => return None,
        None => match columns.get("reasons") {
            Some(Column::Reasons(found)) => Cells::Words(&found.present, &found.numbers, said()?),
            _ => return None,
        },
    })
}

/// Whether no text among these has to be quoted, or has what TSV has no way to quote.
fn is_plain(texts: &[u8], delimiter: u8) -> bool {
    memchr::memchr3(b'"', b'\n', b'\r', texts).is_none() && memchr::memchr(delimiter, texts).is_none()
}

/// Whether JSON has all of these as they are.
fn is_unescaped(texts: &Strings) -> bool {
    texts.bytes.iter().all(|byte| *byte >= 0x20) && memchr::memchr2(b'"', b'\\', &texts.bytes).is_none()
}

/// Whether a spreadsheet would run it.
fn is_run(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'))
}

/// A text as a cell: quoted where it has to be, and with a single quote in front where a spreadsheet would run it.
fn field(text: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    let is_space = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r');
    if delimiter == b'\t' && text.iter().any(is_space) {
        let text: Vec<u8> = text
            .iter()
            .map(|byte| if is_space(byte) { b' ' } else { *byte })
            .collect();
        return guarded(&text, delimiter, out);
    }
    guarded(text, delimiter, out);
}

fn guarded(text: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    let is_quoted = !is_plain(text, delimiter);
    if is_quoted {
        out.push(b'"');
    }
    if is_run(text) {
        out.push(b'\'');
    }
    if !is_quoted {
        out.extend_from_slice(text);
        return;
    }
    for &byte in text {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn number(found: &Integers, at: usize, more: i64, out: &mut Vec<u8>) {
    if found.present.has(at) {
        integer(found.values[at] + more, out);
    } else if let Ok(place) = found.large.binary_search_by_key(&at, |(at, _)| *at) {
        let _ = write!(out, "{}", found.large[place].1);
    }
}

fn integer(value: i64, out: &mut Vec<u8>) {
    let (mut rest, mut text, mut start) = (value.unsigned_abs(), [0; 20], 20);
    while rest > 0 || start == 20 {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&text[start..]);
}

fn digits(value: i64) -> [u8; 2] {
    [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]
}

/// Days since 1970 as a date.
fn date(days: i64, out: &mut Vec<u8>) {
    // days to a date of the Gregorian calendar, in years that begin in March
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    out.extend_from_slice(&digits(year / 100));
    out.extend_from_slice(&digits(year % 100));
    for value in [month, day] {
        out.push(b'-');
        out.extend_from_slice(&digits(value));
    }
}

/// The undocumented values of a record as a JSON object.
fn map(found: &Others, at: usize, out: &mut Vec<u8>) {
    for (n, pair) in (found.ends[at] as usize..found.ends[at + 1] as usize).enumerate() {
        out.push(if n == 0 { b'{' } else { b',' });
        json(found.names.get(pair).unwrap_or_default(), out);
        out.push(b':');
        json(found.values.get(pair).unwrap_or_default(), out);
    }
    out.push(b'}');
}

/// The same as a cell of CSV, where nothing has to be escaped.
fn plain_map(found: &Others, at: usize, out: &mut Vec<u8>) {
    for (n, pair) in (found.ends[at] as usize..found.ends[at + 1] as usize).enumerate() {
        out.extend_from_slice(if n == 0 { b"\"{\"\"" } else { b",\"\"" });
        out.extend_from_slice(found.names.get(pair).unwrap_or_default());
        out.extend_from_slice(b"\"\":\"\"");
        out.extend_from_slice(found.values.get(pair).unwrap_or_default());
        out.extend_from_slice(b"\"\"");
    }
    out.extend_from_slice(b"}\"");
}

fn json(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..=0x1f => drop(write!(out, "\\u{byte:04x}")),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let text = |seconds| {
            let mut out = Vec::new();
            Writing::default().time(seconds, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        };
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_654_064_683, "2022-06-01T06:24:43Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(text(seconds), expected);
        }
    }

    #[test]
    fn integers_are_decimal() {
        for value in [0, 7, -7, 10, 1_767_542_404, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            integer(value, &mut out);
            assert_eq!(out, value.to_string().into_bytes());
        }
    }

    #[test]
    fn cells_are_quoted_and_guarded() {
        let cell = |text: &str, delimiter| {
            let mut out = Vec::new();
            field(text.as_bytes(), delimiter, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(cell("=1,\"a\"", b','), "\"'=1,\"\"a\"\"\"");
        assert_eq!(cell("=1,\"a\"\n", b'\t'), "\"'=1,\"\"a\"\" \"");
        assert_eq!((cell("\ta", b','), cell("\ta", b'\t')), ("'\ta".into(), " a".into()));
        assert_eq!(cell("", b','), "");
    }
}
