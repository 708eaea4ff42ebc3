//! Hashes under keys that this process draws and tells nobody: they take a third of the time of BLAKE2b, and whoever
//! chooses texts cannot choose two with the same hash. They mean nothing to another process.

use crate::block::{Block, Record};
use crate::domains::{Domains, address};
use crate::identity::FINGERPRINT;
use crate::vocabulary::*;
use siphasher::{sip, sip128};
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

static RECIPIENTS: LazyLock<sip::SipHasher13> = LazyLock::new(|| {
    let [first, second] = keys();
    sip::SipHasher13::new_with_keys(first, second)
});
static CALLBACKS: LazyLock<sip128::SipHasher13> = LazyLock::new(|| {
    let [first, second] = keys();
    sip128::SipHasher13::new_with_keys(first, second)
});

/// A one in each byte.
const EACH: u64 = u64::MAX / 255;

fn keys() -> [u64; 2] {
    let drawn = RandomState::new();
    [drawn.hash_one(0), drawn.hash_one(1)]
}

/// The mark of a recipient as it is told apart: what `identity::marks` is to all processes.
pub fn mark(recipient: &[u8]) -> u64 {
    RECIPIENTS.hash(recipient)
}

/// The mark of an address, None for one in another script, whose case Python has to fold.
pub fn mark_of(email: &[u8], scratch: &mut Vec<u8>) -> Option<u64> {
    if is_plain(email, email) {
        return Some(mark(email));
    }
    if !email.is_ascii() {
        return None;
    }
    scratch.clear();
    scratch.extend_from_slice(email.strip_suffix(b".").unwrap_or(email));
    scratch.make_ascii_lowercase();
    Some(mark(scratch))
}

/// The fingerprints of callbacks: what `identity::fingerprints` is to all processes.
pub fn fingerprints<'a>(
    block: &Block,
    text: &[u8],
    records: impl Iterator<Item = &'a Record>,
    domains: &mut Domains,
) -> Vec<[u8; FINGERPRINT]> {
    let mut told = Vec::new();
    let hash = |record| {
        told.clear();
        tell(block, text, record, domains, &mut told);
        u128::from(CALLBACKS.hash(&told)).to_ne_bytes()
    };
    records.map(hash).collect()
}

/// What tells a callback from others: no two that differ are told alike.
fn tell(block: &Block, text: &[u8], record: &Record, domains: &mut Domains, out: &mut Vec<u8>) {
    let field = |slot| block.text(text, record, slot).unwrap_or_default();
    let (bulk_id, link) = (field(BULK_ID), field(LINK));
    let lengths = [bulk_id.len() as u32, link.len() as u32, u32::from(record.event)];
    out.extend_from_slice(&record.time().to_ne_bytes());
    out.extend_from_slice(lengths.map(u32::to_ne_bytes).as_flattened());
    out.extend_from_slice(&bulk_id);
    out.extend_from_slice(&link);
    let email = field(EMAIL);
    if block
        .domain(text, record)
        .is_some_and(|domain| is_plain(domain, &email))
    {
        out.extend_from_slice(&email);
    } else {
        address(domains, &email, false, out);
    }
}

/// Whether a domain, or all of an address, of which it is the end, stands there as it is compared without case. False
/// where that takes a closer look.
fn is_plain(part: &[u8], email: &[u8]) -> bool {
    let (words, rest) = part.as_chunks();
    let end = if part.len() < 8 { email } else { part }.last_chunk();
    let has_odd = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        let (from_a, beyond_z) = (word.wrapping_add(0x3f * EACH), word.wrapping_add(0x25 * EACH));
        (from_a & !beyond_z | word) & (0x80 * EACH) != 0
    };
    let is_odd = match end {
        _ if rest.is_empty() => false,
        Some(end) => has_odd(end),
        None => true,
    };
    !is_odd && !words.iter().any(has_odd) && part.last() != Some(&b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::recipient;

    #[test]
    fn a_domain_is_plain_if_it_is_compared_as_written() {
        let mut domains = Domains::default();
        for domain in [
            "",
            "qq.com",
            "mail-0001.example",
            "a.b",
            "QQ.com",
            "mail-0001.Example",
            "mail-0001.example.",
        ] {
            for local in ["a@", "some.one@", "Some.One@"] {
                let email = format!("{local}{domain}").into_bytes();
                let mut told = Vec::new();
                address(&mut domains, &email, false, &mut told);
                let is_plain = is_plain(domain.as_bytes(), &email);
                assert!(!is_plain || told == email, "{email:?}");
                assert!(
                    is_plain || told != email || local != "some.one@" && domain.len() < 8,
                    "{email:?}"
                );
            }
        }
    }

    #[test]
    fn addresses_have_one_mark_as_long_as_they_are_one_recipient() {
        let (mut scratch, mut domains) = (Vec::new(), Domains::default());
        for email in [
            "Some.One@Example.COM.",
            "some.one@example.com",
            "some.one@example.com.",
            "a@.",
            "a.",
            "",
            ".",
            "a@b@c",
            "a@b..",
        ] {
            let mut told = Vec::new();
            assert!(recipient(email.as_bytes(), &mut domains, &mut told));
            assert_eq!(mark_of(email.as_bytes(), &mut scratch), Some(mark(&told)), "{email:?}");
        }
        assert_eq!(mark_of("ä@b.c".as_bytes(), &mut scratch), None);
        assert_ne!(mark(b"a@b.c"), mark(b"a@b.d"));
    }
}
