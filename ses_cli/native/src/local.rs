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
    address(domains, &field(EMAIL), false, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::recipient;

    #[test]
    fn addresses_have_one_mark_as_long_as_they_are_one_recipient() {
        let (mut scratch, mut domains) = (Vec::new(), Domains::default());
        for email in ["Some.One@Example.COM.", "a@.", "a.", "", ".", "a@b@c", "a@b.."] {
            let mut told = Vec::new();
            assert!(recipient(email.as_bytes(), &mut domains, &mut told));
            assert_eq!(mark_of(email.as_bytes(), &mut scratch), Some(mark(&told)), "{email:?}");
        }
        assert_eq!(mark_of("ä@b.c".as_bytes(), &mut scratch), None);
        assert_ne!(mark(b"a@b.c"), mark(b"a@b.d"));
    }
}
