//! Whether text is an address, by `ses_cli.schema.record.is_email`.

use crate::vocabulary::MAX_EMAIL;

/// The place of the `@` before the domain of a valid address; None for what is no address.
#[inline]
pub fn at_sign(text: &[u8]) -> Option<usize> {
    if text.len() > MAX_EMAIL
        || !text
            .iter()
            .all(|byte| CLASSES[usize::from(*byte)] == PLAIN || *byte == b'@')
    {
        return at_sign_of_any(text);
    }
    let at = memchr::memchr(b'@', text)?;
    if at == 0 || at + 1 == text.len() {
        return None;
    }
    match memchr::memchr(b'@', &text[at + 1..]) {
        None => Some(at),
        Some(_) => at_sign_of_any(text),
    }
}

const PLAIN: u8 = 0;
const ODD: u8 = 1;
const CLASSES: [u8; 256] = {
    let mut classes = [ODD; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        classes[byte] = PLAIN;
        byte += 1;
    }
    classes[b'@' as usize] = ODD;
    classes
};

/// The same of any text: characters in other scripts, and local parts in quotes, which may hold an `@`.
#[inline(never)]
fn at_sign_of_any(text: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(text).ok()?;
    if text.chars().count() > MAX_EMAIL || text.chars().any(is_unseen) {
        return None;
    }
    let (local, domain) = text.rsplit_once('@')?;
    let is_quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    (!domain.is_empty() && !local.is_empty() && (is_quoted || !local.contains('@'))).then_some(local.len())
}

/// White space as Python's `\s` has it, and control characters.
fn is_unseen(character: char) -> bool {
    matches!(character, '\0'..=' ' | '\x7f'..='\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}'
        | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_is_none() {
        for (text, expected) in [
            ("a@b", Some(1)),
            ("some.one+x@mail.example", Some(10)),
            ("\u{7528}\u{6237}@\u{4f8b}.cn", Some(6)),
            ("\"a@b\"@c", Some(5)),
            ("\"\"\"@c", Some(3)),
            ("\"\"@c", Some(2)),
            ("", None),
            ("@", None),
            ("a@", None),
            ("@b", None),
            ("ab", None),
            ("a@b@c", None),
            ("a b@c", None),
            ("a@b\x7f", None),
            ("a\u{a0}@b", None),
            ("a\u{3000}@b", None),
            ("\"a@b@c", None),
        ] {
            assert_eq!(at_sign(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(at_sign(format!("{}@b.c", "x".repeat(316)).as_bytes()), Some(316));
        assert_eq!(at_sign(format!("{}@b.c", "x".repeat(317)).as_bytes()), None);
        assert!(at_sign(format!("{}@b.c", "\u{e9}".repeat(316)).as_bytes()).is_some());
    }
}
