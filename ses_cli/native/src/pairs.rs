//! Distinct pairs of numbers, numbered from 0 as they are met.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

pub struct Pairs {
    pairs: Vec<(u32, u32)>,
    /// The numbers of the pairs of small numbers, `FEW.1` for each first one.
    direct: Vec<u32>,
    by_pair: HashTable<u32>,
    hasher: RandomState,
}

const FEW: (u32, u32) = (64, 256);

impl Default for Pairs {
    fn default() -> Self {
        let direct = vec![u32::MAX; (FEW.0 * FEW.1) as usize];
        Pairs {
            pairs: Vec::new(),
            direct,
            by_pair: HashTable::new(),
            hasher: RandomState::default(),
        }
    }
}

impl Pairs {
    pub fn get(&self, number: u32) -> (u32, u32) {
        self.pairs[number as usize]
    }

    #[inline(always)]
    pub fn number(&mut self, pair: (u32, u32)) -> u32 {
        if pair.0 < FEW.0 && pair.1 < FEW.1 {
            let known = &mut self.direct[(pair.0 * FEW.1 + pair.1) as usize];
            if *known == u32::MAX {
                *known = self.pairs.len() as u32;
                self.pairs.push(pair);
            }
            return *known;
        }
        let hash_of = |hasher: &RandomState, (a, b): (u32, u32)| hasher.hash_one(u64::from(a) << 32 | u64::from(b));
        let hash = hash_of(&self.hasher, pair);
        if let Some(&known) = self.by_pair.find(hash, |&known| self.pairs[known as usize] == pair) {
            return known;
        }
        let new = self.pairs.len() as u32;
        self.pairs.push(pair);
        let (pairs, hasher) = (&self.pairs, &self.hasher);
        self.by_pair
            .insert_unique(hash, new, |&known| hash_of(hasher, pairs[known as usize]));
        new
    }
}
