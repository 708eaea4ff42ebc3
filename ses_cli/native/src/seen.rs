//! Fingerprints that were met: millions of them, 16 bytes each, in little more memory than that.

use crate::identity::FINGERPRINT;
use std::hint::black_box;

type Mark = [u8; FINGERPRINT];

/// Parts of the table. Each grows by itself, so that there are never two of the whole.
const SHARDS: usize = 256;
/// Fingerprints whose places are looked at together: what these bring stays in the fastest cache until it is used.
const TOGETHER: usize = 64;
const NOTHING: Mark = [0; FINGERPRINT];

/// A set. What is entered is spread evenly already, so its own bytes say where it belongs.
pub struct Seen {
    shards: Vec<Shard>,
    /// Whether the one fingerprint was met that stands for an empty place.
    has_nothing: bool,
}

impl Default for Seen {
    fn default() -> Self {
        Seen {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            has_nothing: false,
        }
    }
}

impl Seen {
    /// Enters fingerprints. Tells of each whether it is new.
    ///
    /// The places of several are looked at first: in a large table each look waits for memory, and looks that do not
    /// depend on each other wait together.
    pub fn enter(&mut self, marks: &[Mark]) -> Vec<bool> {
        let mut is_new = Vec::with_capacity(marks.len());
        for some in marks.chunks(TOGETHER) {
            let looks = some.iter().map(|mark| self.shards[usize::from(mark[0])].look(mark));
            black_box(looks.fold(0, |all, byte| all ^ byte));
            is_new.extend(some.iter().map(|mark| self.insert(mark)));
        }
        is_new
    }

    fn insert(&mut self, mark: &Mark) -> bool {
        if *mark == NOTHING {
            return !std::mem::replace(&mut self.has_nothing, true);
        }
        self.shards[usize::from(mark[0])].insert(mark)
    }
}

/// Places for fingerprints, a quarter to a half of them empty. One stands at its place or soon after it.
#[derive(Default)]
struct Shard {
    places: Vec<Mark>,
    count: usize,
}

impl Shard {
    /// Where a fingerprint belongs: its bytes as a fraction of the places.
    #[inline(always)]
    fn place(&self, mark: &Mark) -> usize {
        let [_, a, b, c, d, e, f, g, h, ..] = *mark;
        let fraction = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        ((u128::from(fraction) * self.places.len() as u128) >> 64) as usize
    }

    #[inline(always)]
    fn look(&self, mark: &Mark) -> u8 {
        self.places.get(self.place(mark)).map_or(0, |known| known[0])
    }

    fn insert(&mut self, mark: &Mark) -> bool {
        if 4 * (self.count + 1) > 3 * self.places.len() {
            self.grow();
        }
        let mut at = self.place(mark);
        while self.places[at] != NOTHING {
            if self.places[at] == *mark {
                return false;
            }
            at += 1;
            if at == self.places.len() {
                at = 0;
            }
        }
        self.places[at] = *mark;
        self.count += 1;
        true
    }

    #[inline(never)]
    fn grow(&mut self) {
        let size = (self.places.len() + self.places.len() / 2).max(16);
        // written, not asked of the system as zeros: of those it gives a page that is read before it is written twice,
        // and interrupts all cores in between
        let mut places = Vec::with_capacity(size);
        places.resize(size, NOTHING);
        let old = std::mem::replace(&mut self.places, places);
        self.count = 0;
        for mark in old.iter().filter(|mark| **mark != NOTHING) {
            self.insert(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_is_new_is_new_once() {
        let (mut seen, mut expected) = (Seen::default(), HashSet::new());
        let mut state = 1u128;
        for round in 0..200 {
            let marks: Vec<Mark> = (0..300)
                .map(|n| {
                    state = state.wrapping_mul(0xDA94_2042_E4DD_58B5_0000_0001).wrapping_add(n);
                    let spread = [state, state >> 100, n, 0, u128::MAX];
                    spread[(n as usize + round) % 5].to_be_bytes()
                })
                .collect();
            let is_new: Vec<bool> = marks.iter().map(|mark| expected.insert(*mark)).collect();
            assert_eq!(seen.enter(&marks), is_new, "round {round}");
        }
        let held: usize = seen.shards.iter().map(|shard| shard.count).sum();
        assert_eq!(held + usize::from(seen.has_nothing), expected.len());
    }
}
