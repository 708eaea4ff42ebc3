//! What tells callbacks, recipients and lanes from one another: `ses_cli/identity.py` says how.

use crate::block::{Block, Record};
use crate::domains::{Domains, address};
use crate::vocabulary::*;
use blake2b_simd::Params;
use blake2b_simd::many::{HashManyJob, hash_many};
use std::hash::{BuildHasher, Hasher};

pub const FINGERPRINT: usize = 16;
/// Texts that are hashed side by side.
const AT_ONCE: usize = 64;

/// The fingerprints of callbacks: see `identity.fingerprint`.
pub fn fingerprints<'a>(
    block: &Block,
    text: &[u8],
    records: impl Iterator<Item = &'a Record>,
    domains: &mut Domains,
) -> Vec<[u8; FINGERPRINT]> {
    let (mut told, mut ends) = (Vec::new(), Vec::new());
    for record in records {
        tell(block, text, record, domains, &mut told);
        ends.push(told.len());
    }
    hashes(&told, &ends)
}

/// What tells a callback from others.
fn tell(block: &Block, text: &[u8], record: &Record, domains: &mut Domains, out: &mut Vec<u8>) {
    let field = |slot| block.text(text, record, slot).unwrap_or_default();
    let bulk_id = field(BULK_ID);
    out.extend_from_slice(EVENTS[usize::from(record.event)].0.as_bytes());
    out.push(0);
    decimal(record.time(), out);
    out.push(0);
    address(domains, &field(EMAIL), false, out);
    out.push(0);
    decimal(bulk_id.len() as u64, out);
    out.push(0);
    out.extend_from_slice(&bulk_id);
    out.extend_from_slice(&field(LINK));
}

fn decimal(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Enters a recipient as it is told apart, for `marks`. False for one in another script, whose case Python has to fold.
pub fn recipient(email: &[u8], domains: &mut Domains, out: &mut Vec<u8>) -> bool {
    if email.is_ascii() {
        address(domains, email, true, out);
    }
    email.is_ascii()
}

/// The marks of recipients: see `identity.marks`. Each ends at one of `ends`.
pub fn marks(recipients: &[u8], ends: &[usize]) -> Vec<[u8; 8]> {
    hashes(recipients, ends)
}

/// BLAKE2b of texts, each of which ends at one of `ends`.
pub fn hashes<const N: usize>(texts: &[u8], ends: &[usize]) -> Vec<[u8; N]> {
    let mut params = Params::new();
    params.hash_length(N);
    let mut hashes = Vec::with_capacity(ends.len());
    let mut jobs = Vec::with_capacity(AT_ONCE);
    let mut start = 0;
    for several in ends.chunks(AT_ONCE) {
        jobs.extend(several.iter().map(|&end| {
            let from = std::mem::replace(&mut start, end);
            HashManyJob::new(&params, &texts[from..end])
        }));
        hash_many(jobs.iter_mut());
        let done = jobs.drain(..).map(|job| job.to_hash());
        hashes.extend(done.map(|hash| <[u8; N]>::try_from(hash.as_bytes()).unwrap_or([0; N])));
    }
    hashes
}

/// The number of a lane: the same for the same text, in this process.
pub fn lane(hasher: &std::hash::RandomState, parts: &[&[u8]]) -> i64 {
    let mut state = hasher.build_hasher();
    for part in parts {
        state.write_usize(part.len());
        state.write(part);
    }
    state.finish() as i64
}
