//! How often each length of time was met: `ses_cli/message/totals.py` says how exactly they are known.

use crate::counts::Counts;

const EXACT: u64 = 1 << 17;
const BITS: u32 = 11;
const TOGETHER: usize = 256;

/// How often each length of time was met.
#[derive(Clone, Default)]
pub struct Durations {
    counts: Counts<u64, TOGETHER>,
    pub most: Option<u64>,
}

impl Durations {
    #[inline(always)]
    pub fn add(&mut self, value: u64) {
        self.most = self.most.max(Some(value));
        self.counts.add(rounded(value));
    }

    /// All lengths in their order, each with how often it was met.
    pub fn counts(&mut self) -> &[(u64, u64)] {
        self.counts.all()
    }

    /// All of them together.
    pub fn sum<'a>(several: impl Iterator<Item = &'a mut Durations>) -> Self {
        let mut most = None;
        let counts = Counts::sum(several.map(|found| {
            most = most.max(found.most);
            &mut found.counts
        }));
        Durations { counts, most }
    }

    pub fn merge(&mut self, other: Durations) {
        self.most = self.most.max(other.most);
        self.counts.merge(other.counts, |one| one);
    }
}

fn rounded(value: u64) -> u64 {
    if value < EXACT {
        return value;
    }
    let less = u64::BITS - value.leading_zeros() - BITS;
    value >> less << less
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_summed() {
        let (mut one, mut other) = (Durations::default(), Durations::default());
        one.add(5);
        other.add(7);
        other.add(5);
        one.merge(other.clone());
        assert_eq!((one.most, one.counts()), (Some(7), &[(5, 2), (7, 1)][..]));
        let mut sum = Durations::sum([&mut one, &mut other].into_iter());
        assert_eq!((sum.most, sum.counts()), (Some(7), &[(5, 3), (7, 2)][..]));
    }

    #[test]
    fn long_times_are_known_to_a_thousandth() {
        for value in [
            0,
            1,
            EXACT - 1,
            EXACT,
            EXACT + 1,
            1 << 20,
            (1 << 20) + 12345,
            253_402_300_799,
        ] {
            let found = rounded(value);
            assert!(
                found <= value && value - found <= value / 1000 && (value >= EXACT || found == value),
                "{value}: {found}"
            );
        }
    }
}
