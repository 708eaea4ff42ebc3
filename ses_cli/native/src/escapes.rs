//! Escapes in strings of JSON: whether they are any, and what they say.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

/// Bytes that are looked at together, and the escapes among them.
const LANES: usize = 64;
const RUN: usize = 10;
/// The length of `\uXXXX`.
const UNIT: usize = 6;

/// Where the escapes end that follow one another from a backslash on; None where one of them is none.
#[inline(always)]
pub fn pass(level: Level, text: &[u8], mut at: usize) -> Option<usize> {
    while text.get(at) == Some(&b'\\') {
        if text.get(at + 1) == Some(&b'u') {
            let end = dispatch!(level, simd => pass_units(simd, text, at));
            if end > at {
                at = end;
                continue;
            }
        }
        at += length(text, at)?;
    }
    Some(at)
}

/// Where a run of `\uXXXX` ends that stand for one character each. It may end early: what follows takes a closer look.
#[inline(always)]
fn pass_units<S: Simd>(simd: S, text: &[u8], mut at: usize) -> usize {
    while let Some(block) = text.get(at..at + LANES) {
        let missing = missing(u8x64::from_slice(simd, block));
        if missing != 0 {
            return at + missing.trailing_zeros() as usize / UNIT * UNIT;
        }
        at += UNIT * RUN; // and not by what was counted, so that the next block need not wait for this one
    }
    at
}

/// What a block lacks of a run of `\uXXXX`: a bit for each byte that is something else.
///
/// Of `\u4f60\u597d"` the backslashes are the bits 0 and 6, which is what is wanted of the first two; at 12, where the
/// third is wanted, stands a quote.
#[inline(always)]
fn missing<S: Simd>(bytes: u8x64<S>) -> u64 {
    const FIRSTS: u64 = 1 | 1 << 6 | 1 << 12 | 1 << 18 | 1 << 24 | 1 << 30 | 1 << 36 | 1 << 42 | 1 << 48 | 1 << 54;
    const DIGITS: u64 = FIRSTS << 2 | FIRSTS << 3 | FIRSTS << 4 | FIRSTS << 5;
    let letter = (bytes | 0x20) - b'a';
    let is_digit = (bytes - b'0').simd_lt(10) | letter.simd_lt(6);
    let is_half = letter.simd_eq(b'd' - b'a'); // what begins with a D may be half of a pair
    FIRSTS & !bytes.simd_eq(b'\\').to_bitmask()
        | FIRSTS << 1 & !bytes.simd_eq(b'u').to_bitmask()
        | DIGITS & !is_digit.to_bitmask()
        | FIRSTS << 2 & is_half.to_bitmask()
}

/// The length of the escape at a backslash, None where it is none.
#[inline(always)]
fn length(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at + 1)? {
        b'u' => match code_unit(text, at)? {
            0xD800..0xDC00 => match (text.get(at + 6..at + 8), code_unit(text, at + 6)) {
                (Some(b"\\u"), Some(0xDC00..0xE000)) => Some(2 * UNIT),
                _ => None,
            },
            0xDC00..0xE000 => None,
            _ => Some(UNIT),
        },
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        _ => None,
    }
}

/// The UTF-16 code unit of the `\uXXXX` at `at`, if it is four hexadecimal digits.
#[inline(always)]
fn code_unit(text: &[u8], at: usize) -> Option<u32> {
    let digits: [u8; 4] = text.get(at + 2..at + 6)?.try_into().ok()?;
    let value = digits.map(|digit| HEX[usize::from(digit)]);
    // one bad digit sets the high bits of all
    let unit = u32::from(value[0]) << 12 | u32::from(value[1]) << 8 | u32::from(value[2]) << 4 | u32::from(value[3]);
    (unit & 0xFFFF_0000 == 0 && value.iter().all(|&value| value < 16)).then_some(unit)
}

const HEX: [u16; 256] = {
    let mut table = [0xFFFF; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u16;
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u16;
        digit += 1;
    }
    table
};

/// What a string with valid escapes says, added to `out`.
pub fn unescape(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len());
    let mut rest = text;
    while let Some(&byte) = rest.first() {
        let length = if byte != b'\\' {
            let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            out.extend_from_slice(&rest[..plain]);
            plain
        } else if let Some(ascii) = ascii_unit(rest) {
            out.push(ascii);
            UNIT
        } else {
            unescape_one(rest, out)
        };
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// The character of a `\u00XX` that stands for ASCII.
#[inline(always)]
fn ascii_unit(text: &[u8]) -> Option<u8> {
    let [b'\\', b'u', b'0', b'0', high, low] = *text.first_chunk()? else {
        return None;
    };
    let (high, low) = (HEX[usize::from(high)], HEX[usize::from(low)]);
    (high < 8 && low < 16).then_some((high << 4 | low) as u8)
}

/// Adds what the escape at the beginning says. Returns its length.
fn unescape_one(text: &[u8], out: &mut Vec<u8>) -> usize {
    let byte = match text.get(1) {
        Some(b'u') => {
            let mut unit = code_unit(text, 0).unwrap_or(0xFFFD);
            let mut length = UNIT;
            if (0xD800..0xDC00).contains(&unit) {
                let low = code_unit(text, UNIT).unwrap_or(0xDC00);
                unit = 0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF);
                length = 2 * UNIT;
            }
            let character = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return length;
        }
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(&byte) => byte,
        None => return 1,
    };
    out.push(byte);
    2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_say_characters() {
        let mut out = Vec::new();
        unescape(br#"a\u0062\ud83d\ude00\n\\\"\/\u00e9z\u007f\u0080"#, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "ab\u{1f600}\n\\\"/\u{e9}z\u{7f}\u{80}");
    }

    #[test]
    fn every_run_ends_where_its_escapes_end_one_by_one() {
        let level = Level::new();
        let one_by_one = |text: &[u8]| {
            let mut at = 0;
            while text.get(at) == Some(&b'\\') {
                at += length(text, at)?;
            }
            Some(at)
        };
        let pair = |n| format!(r"\u{:04X}\u{:04x}", 997 * n, 0xCFFF - 31 * n);
        let good: String = (0..40).map(pair).collect();
        let others = [
            r#"""#,
            r"\n",
            "x",
            r"\ud83d\ude00",
            r"\ud83d",
            r"\ud83d\n",
            r"\uDC00",
            r"\ud7ff",
            r"\u12g4",
            r"\U0041",
            r"\u00:0",
            r"\u0a`0",
            r"\",
        ];
        for units in 0..40 {
            for other in others {
                for rest in ["", r#""}"#, &good] {
                    let text = format!("{}{other}{rest}", &good[..UNIT * units]);
                    let text = text.as_bytes();
                    assert_eq!(
                        pass(level, text, 0),
                        one_by_one(text),
                        "{}",
                        String::from_utf8_lossy(text)
                    );
                }
            }
        }
    }
}
