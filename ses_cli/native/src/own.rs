//! The recipient's own address taken out of a reason: `ses_cli/reasons/own.py` says how.

use memchr::{memchr, memmem};

const OWN: u8 = 0;
const AS_IT_IS: u8 = 1;
const BEFORE: &[u8] = b" <([\"',;:";
const AFTER: &[u8] = b" >)]\"',;:";
const LONGEST: usize = 1024;

/// The reason without the address, where it stands once and by itself.
pub fn hide(reason: &[u8], email: &[u8], out: &mut Vec<u8>) {
    if let Some((before, after)) = parts(reason, email) {
        out.push(OWN);
        out.extend_from_slice(before);
        out.push(OWN);
        out.extend_from_slice(after);
        return;
    }
    if matches!(reason.first(), Some(&(OWN | AS_IT_IS))) {
        out.push(AS_IT_IS);
    }
    out.extend_from_slice(reason);
}

fn parts<'a>(reason: &'a [u8], email: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    memchr(b'@', reason)?;
    if !is_plain(email) {
        return None;
    }
    let at = memmem::find(reason, email)?;
    let (before, after) = (&reason[..at], &reason[at + email.len()..]);
    let is_one = memmem::find(after, email).is_none() && memchr(OWN, reason).is_none();
    (is_one && is_alone(before, after)).then_some((before, after))
}

fn is_plain(email: &[u8]) -> bool {
    let Some(at) = memchr(b'@', email) else { return false };
    let (local, domain) = (&email[..at], &email[at + 1..]);
    (1..=64).contains(&local.len())
        && (1..=190).contains(&domain.len())
        && local
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(byte))
        && domain
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte))
}

fn is_alone(before: &[u8], after: &[u8]) -> bool {
    let is_begun = before.last().is_none_or(|byte| BEFORE.contains(byte));
    let is_ended = after.first().is_none_or(|byte| AFTER.contains(byte)) || after == b"." || after.starts_with(b". ");
    is_begun && is_ended && characters(before) + characters(after) <= LONGEST && memmem::find(before, b"://").is_none()
}

fn characters(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_stands_alone_is_taken_out() {
        for (reason, expected) in [
            ("550 <a@b.c>: no such user", "\x00550 <\0>: no such user"),
            ("a@b.c", "\0\0"),
            ("no a@b.c.", "\0no \0."),
            ("no a@b.c. Bye", "\0no \0. Bye"),
            ("no a@b.c.d", "no a@b.c.d"),
            ("no aa@b.c", "no aa@b.c"),
            ("a@b.c a@b.c", "a@b.c a@b.c"),
            ("http://x a@b.c", "http://x a@b.c"),
            ("\0a@b.c", "\x01\0a@b.c"),
            ("\x01x", "\x01\x01x"),
            ("", ""),
        ] {
            let mut out = Vec::new();
            hide(reason.as_bytes(), b"a@b.c", &mut out);
            assert_eq!(out, expected.as_bytes(), "{reason:?}");
        }
    }
}
