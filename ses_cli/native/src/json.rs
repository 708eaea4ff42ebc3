//! What a value of JSON is, by RFC 8259: numbers, strings, and values that are passed over.

use crate::escapes;
use crate::marks::{self, Marks};
use crate::vocabulary::Type;
use fearless_simd::Level;

/// Why a value is not passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No JSON.
    Malformed,
    /// The definition has to say: nested deep, or a number that may not fit.
    Unsure,
}

/// Levels of nesting that are decided here.
const DEEPEST: usize = 100;
/// Digits of a number that surely fits a double, and of an exponent.
const LONGEST_NUMBER: usize = 200;
const LONGEST_EXPONENT: usize = 2;

/// A text with its marks.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    pub text: &'a [u8],
    pub marks: &'a Marks,
    pub level: Level,
}

impl Window<'_> {
    #[inline(always)]
    pub fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    #[inline(always)]
    pub fn skip_space(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), b' ' | b'\t' | b'\r') {
            at += 1;
        }
        at
    }

    /// The end of a string of which the first byte after its quote is at `from`, and whether it holds escapes.
    #[inline(always)]
    pub fn string(&self, from: usize) -> Result<(usize, bool), Fault> {
        let end = marks::next(&self.marks.special, from);
        match self.byte(end) {
            b'"' => Ok((end, false)),
            b'\\' => self.escaped_string(end).map(|end| (end, true)),
            _ => Err(Fault::Malformed),
        }
    }

    /// The end of a string, from its first backslash on.
    #[inline(never)]
    fn escaped_string(&self, mut at: usize) -> Result<usize, Fault> {
        loop {
            match self.byte(at) {
                b'"' => return Ok(at),
                b'\\' => at = escapes::pass(self.level, self.text, at).ok_or(Fault::Malformed)?,
                _ => return Err(Fault::Malformed),
            }
            at = marks::next(&self.marks.special, at);
        }
    }

    /// The end of a number, and its type.
    pub fn number(&self, from: usize) -> Result<(usize, Type), Fault> {
        let mut at = from + usize::from(self.byte(from) == b'-');
        let digits = self.digits(at);
        if digits == 0 || (digits > 1 && self.byte(at) == b'0') {
            return Err(Fault::Malformed);
        }
        at += digits;
        let mut type_ = Type::Integer;
        let mut is_sure = true;
        if self.byte(at) == b'.' {
            let decimals = self.digits(at + 1);
            if decimals == 0 {
                return Err(Fault::Malformed);
            }
            at += 1 + decimals;
            type_ = Type::Number;
        }
        if matches!(self.byte(at), b'e' | b'E') {
            at += 1 + usize::from(matches!(self.byte(at + 1), b'+' | b'-'));
            let exponent = self.digits(at);
            if exponent == 0 {
                return Err(Fault::Malformed);
            }
            at += exponent;
            type_ = Type::Number;
            is_sure = exponent <= LONGEST_EXPONENT;
        }
        if digits > LONGEST_NUMBER || !is_sure {
            return Err(Fault::Unsure);
        }
        if type_ == Type::Integer && digits > 18 && !is_64_bits(&self.text[from..at]) {
            type_ = Type::Number;
        }
        Ok((at, type_))
    }

    #[inline]
    fn digits(&self, from: usize) -> usize {
        let mut at = from;
        while self.byte(at).is_ascii_digit() {
            at += 1;
        }
        at - from
    }

    /// The end of any value, and its type.
    pub fn value(&self, from: usize) -> Result<(usize, Type), Fault> {
        match self.byte(from) {
            b'"' => Ok((self.string(from + 1)?.0 + 1, Type::String)),
            b'-' | b'0'..=b'9' => self.number(from),
            b't' => self.word(from, b"true", Type::Boolean),
            b'f' => self.word(from, b"false", Type::Boolean),
            b'n' => self.word(from, b"null", Type::Null),
            b'[' => Ok((self.nested(from)?, Type::Array)),
            b'{' => Ok((self.nested(from)?, Type::Object)),
            _ => Err(Fault::Malformed),
        }
    }

    fn word(&self, from: usize, word: &[u8], type_: Type) -> Result<(usize, Type), Fault> {
        let end = from + word.len();
        if self.text.get(from..end) == Some(word) {
            Ok((end, type_))
        } else {
            Err(Fault::Malformed)
        }
    }

    /// The end of an array or object. A fault that is found after an unsure place is not told: the definition looks.
    fn nested(&self, from: usize) -> Result<usize, Fault> {
        let mut open = [0u8; DEEPEST];
        let mut depth = 0;
        let mut at = from;
        loop {
            // a value begins at `at`
            let bracket = self.byte(at);
            if bracket == b'[' || bracket == b'{' {
                let closing = bracket + 2;
                let first = self.skip_space(at + 1);
                if self.byte(first) == closing {
                    at = first + 1;
                } else {
                    *open.get_mut(depth).ok_or(Fault::Unsure)? = closing;
                    depth += 1;
                    at = if closing == b'}' { self.key(first)? } else { first };
                    continue;
                }
            } else {
                at = self.value(at)?.0;
            }
            // a value has ended before `at`
            loop {
                let Some(closing) = depth.checked_sub(1).map(|last| open[last]) else {
                    return Ok(at);
                };
                at = self.skip_space(at);
                match self.byte(at) {
                    b',' if closing == b'}' => at = self.key(self.skip_space(at + 1))?,
                    b',' => at = self.skip_space(at + 1),
                    byte if byte == closing => {
                        depth -= 1;
                        at += 1;
                        continue;
                    }
                    _ => return Err(Fault::Malformed),
                }
                break;
            }
        }
    }

    /// The beginning of the value of the key that begins here.
    fn key(&self, from: usize) -> Result<usize, Fault> {
        if self.byte(from) != b'"' {
            return Err(Fault::Malformed);
        }
        let colon = self.skip_space(self.string(from + 1)?.0 + 1);
        if self.byte(colon) != b':' {
            return Err(Fault::Malformed);
        }
        Ok(self.skip_space(colon + 1))
    }
}

/// Whether an integer fits 64 bits, with a sign or without: one beyond is a number.
#[inline(never)]
fn is_64_bits(text: &[u8]) -> bool {
    let value = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<i128>().ok());
    value.is_some_and(|value| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<(usize, Type), Fault> {
        let mut marks = Marks::default();
        marks.prepare(text.as_bytes());
        marks.mark(Level::new(), text.as_bytes(), 0, text.len());
        Window {
            text: text.as_bytes(),
            marks: &marks,
            level: Level::new(),
        }
        .value(0)
    }

    #[test]
    fn values_are_passed_over() {
        for (text, type_) in [
            ("\"a\\\"b\"", Type::String),
            ("\"\\ud83d\\ude00\\/\"", Type::String),
            ("-0", Type::Integer),
            ("123456789012345678", Type::Integer),
            ("-9223372036854775808", Type::Integer),
            ("-9223372036854775809", Type::Number),
            ("18446744073709551615", Type::Integer),
            ("18446744073709551616", Type::Number),
            ("-1.50e+10", Type::Number),
            ("0.0E-9", Type::Number),
            ("true", Type::Boolean),
            ("null", Type::Null),
            ("[]", Type::Array),
            ("[ 1 , [ { } , \"x\" ] ]", Type::Array),
            ("{\"a\" : [1,2,{\"b\":null}] , \"a\":0}", Type::Object),
        ] {
            assert_eq!(value(text), Ok((text.len(), type_)), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "\"a",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\ud800\"",
            "\"\\ude00\"",
            "\"\\ud800\\u0041\"",
            "\"\u{1}\"",
            "-",
            "01",
            "1.",
            "1e",
            "+1",
            ".5",
            "tru",
            "nul",
            "[",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "[1}",
            "{\"a\":1]",
            "NaN",
            "\u{b}1",
        ] {
            assert_eq!(value(text), Err(Fault::Malformed), "{text}");
        }
    }

    #[test]
    fn what_may_not_fit_is_left_to_the_definition() {
        let deep = "[".repeat(DEEPEST + 1);
        for text in ["1e999", "1e100", &"9".repeat(400), &deep] {
            assert_eq!(value(text), Err(Fault::Unsure), "{text}");
        }
    }
}
