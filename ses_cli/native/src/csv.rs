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
    /// Texts that repeat, as they are written.
    Words(&'a Present, &'a [u32], Vec<Vec<u8>>),
    Maps(&'a Others),
}

/// The rows of these columns; None where one of them is not there.
pub fn rows(columns: &Columns, names: &[String], delimiter: u8, told: &Told) -> Option<Vec<u8>> {
    let cells: Vec<Cells> = names
        .iter()
        .map(|name| cells(columns, name, delimiter, told))
        .collect::<Option<_>>()?;
    let (mut out, mut json) = (Vec::with_capacity(columns.count * names.len() * 16), Vec::new());
    for at in 0..columns.count {
        let start = out.len();
        for (place, cells) in cells.iter().enumerate() {
            if place > 0 {
                out.push(delimiter);
            }
            match cells {
                Cells::Same(text) => out.extend_from_slice(text),
                Cells::Numbers(found, more) => number(found, at, *more, &mut out),
                Cells::Times(found) => {
                    if found.present.has(at) {
                        time(found.values[at] / 1000, &mut out);
                    }
                }
                Cells::Texts(found) => field(found.get(at).unwrap_or_default(), delimiter, &mut out),
                Cells::Words(present, numbers, words) => {
                    if present.has(at) {
                        out.extend_from_slice(&words[numbers[at] as usize]);
                    }
                }
                Cells::Maps(found) => match told.odd.get(&at) {
                    Some(text) => field(text.as_bytes(), delimiter, &mut out),
                    None if found.present.has(at) => {
                        json.clear();
                        map(found, at, &mut json);
                        field(&json, delimiter, &mut out);
                    }
                    None => {}
                },
            }
        }
        if out.len() == start {
            out.extend_from_slice(b"\"\""); // a row of one empty cell is no blank line
        }
        out.push(b'\n');
    }
    Some(out)
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
        Some(Column::Texts(found)) => Cells::Texts(found),
        Some(Column::Words(found)) => {
            let words = said().unwrap_or_else(|| found.known.iter().map(written).collect());
            Cells::Words(&found.present, &found.numbers, words)
        }
        Some(Column::Integers(found)) if matches!(name, "time" | "sent_time") => Cells::Times(found),
        Some(Column::Integers(found)) => Cells::Numbers(found, if name == "line" { told.above } else { 0 }),
        Some(Column::Others(found)) => Cells::Maps(found),
        Some(Column::Reasons(_)) => return None,
        None => match columns.get("reasons") {
            Some(Column::Reasons(found)) => Cells::Words(&found.present, &found.numbers, said()?),
            _ => return None,
        },
    })
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
    let is_run = matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'));
    let is_quoted = memchr::memchr3(b'"', b'\n', b'\r', text).is_some() || memchr::memchr(delimiter, text).is_some();
    if is_quoted {
        out.push(b'"');
    }
    if is_run {
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
        let _ = write!(out, "{}", found.values[at] + more);
    } else if let Ok(place) = found.large.binary_search_by_key(&at, |(at, _)| *at) {
        let _ = write!(out, "{}", found.large[place].1);
    }
}

/// Unix seconds as RFC 3339 in UTC.
fn time(seconds: i64, out: &mut Vec<u8>) {
    let (days, second) = (seconds.div_euclid(86400), seconds.rem_euclid(86400));
    // days to a date of the Gregorian calendar, in years that begin in March
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let digits = |value: i64| [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
    out.extend_from_slice(&digits(year / 100));
    out.extend_from_slice(&digits(year % 100));
    let rest = [(b'-', month), (b'-', day), (b'T', hour), (b':', minute), (b':', second)];
    for (mark, value) in rest {
        out.push(mark);
        out.extend_from_slice(&digits(value));
    }
    out.push(b'Z');
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
            time(seconds, &mut out);
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
