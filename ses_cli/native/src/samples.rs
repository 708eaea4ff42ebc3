//! The newest reason for each recipient domain and meaning: `ses_cli/message/row.py` says what is kept of it.

use crate::causes::Cause;
use crate::texts::Texts;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Stands for the recipient's own address.
const ADDRESS: &[u8] = b"<address>";
/// Characters that are kept.
const LONGEST: usize = 200;
/// A domain by its number, and what stands for a meaning.
type Place = (u32, u64);

#[derive(Default)]
pub struct Samples {
    domains: Texts,
    newest: HashMap<Place, (u64, Box<[u8]>), RandomState>,
    shown: Vec<u8>,
}

impl Samples {
    /// Meets a cause. Of two of one second the later one in the order of texts stays.
    pub fn meet(&mut self, cause: &Cause, mark: u64, time: u64) {
        let place = (self.domains.number(cause.domain), mark);
        let known = self.newest.get(&place);
        if known.is_some_and(|known| known.0 > time) {
            return;
        }
        self.shown.clear();
        show(cause.reason, &mut self.shown);
        match self.newest.get_mut(&place) {
            Some(known) if *known.1 == *self.shown => known.0 = time,
            Some(known) if (known.0, &*known.1) > (time, &*self.shown) => {}
            _ => {
                self.newest.insert(place, (time, self.shown.as_slice().into()));
            }
        }
    }

    /// Takes in those of another.
    pub fn merge(&mut self, other: Samples) {
        let domains = self.domains.number_all(&other.domains);
        for ((domain, mark), theirs) in other.newest {
            let mine = self.newest.entry((domains[domain as usize], mark)).or_default();
            if theirs > *mine {
                *mine = theirs;
            }
        }
    }

    /// Domain, mark, time and text of each.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u64, u64, &[u8])> {
        let newest = self.newest.iter();
        newest.map(|(&(domain, mark), (time, text))| (self.domains.get(domain as usize), mark, *time, &**text))
    }
}

/// A reason as it is shown: see `own::hide` for what it was.
fn show(reason: &[u8], out: &mut Vec<u8>) {
    match reason.split_first() {
        Some((0, rest)) => {
            for (at, part) in rest.split(|&byte| byte == 0).enumerate() {
                if at > 0 {
                    out.extend_from_slice(ADDRESS);
                }
                out.extend_from_slice(part);
            }
        }
        Some((1, rest)) => out.extend_from_slice(rest),
        _ => out.extend_from_slice(reason),
    }
    let mut starts = out.iter().enumerate().filter(|(_, byte)| **byte & 0xC0 != 0x80);
    if let Some((end, _)) = starts.nth(LONGEST) {
        out.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::step;

    fn sample(told: &[(&[u8], u64)]) -> (u64, Vec<u8>) {
        let mut samples = Samples::default();
        for &(reason, time) in told {
            let cause = Cause {
                step: step::DEFERRED,
                reason,
                domain: b"a.b",
            };
            let mut other = Samples::default();
            other.meet(&cause, 1, time);
            if time % 2 == 0 {
                samples.merge(other);
            } else {
                samples.meet(&cause, 1, time);
            }
        }
        let found: Vec<_> = samples.iter().map(|one| (one.2, one.3.to_vec())).collect();
        assert_eq!(found.len(), 1);
        found[0].clone()
    }

    #[test]
    fn the_newest_text_is_kept_and_of_one_second_the_last_one() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let told: [(&[u8], u64); 3] = [(b"a", 5), (b"c", 4), (b"b", 5)];
            assert_eq!(sample(&order.map(|at| told[at])), (5, b"b".to_vec()));
        }
        assert_eq!(sample(&[(b"", 0)]), (0, Vec::new()));
    }

    #[test]
    fn no_address_is_shown_and_no_more_than_so_many_characters() {
        assert_eq!(sample(&[(b"\0no <\0>", 1)]).1, b"no <<address>>");
        assert_eq!(sample(&[(b"\x01\0x", 1)]).1, b"\0x");
        assert_eq!(sample(&[("é".repeat(300).as_bytes(), 1)]).1, "é".repeat(200).as_bytes());
    }
}
