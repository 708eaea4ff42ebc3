//! How often each of many was met.

/// Counted by sorting what was met since: a place for each in a large table would be looked for in memory each time.
/// So many are sorted together, or more where there are more already.
#[derive(Clone)]
pub struct Counts<T, const TOGETHER: usize> {
    /// In their order.
    settled: Vec<(T, u64)>,
    /// Met since, in any order.
    fresh: Vec<T>,
}

impl<T, const TOGETHER: usize> Default for Counts<T, TOGETHER> {
    fn default() -> Self {
        Counts {
            settled: Vec::new(),
            fresh: Vec::new(),
        }
    }
}

impl<T: Copy + Ord, const TOGETHER: usize> Counts<T, TOGETHER> {
    #[inline(always)]
    pub fn add(&mut self, one: T) {
        self.fresh.push(one);
        if self.fresh.len() >= TOGETHER.max(self.settled.len()) {
            self.settle();
        }
    }

    #[inline(never)]
    fn settle(&mut self) {
        self.fresh.sort_unstable();
        let same = self.fresh.chunk_by(|one, other| one == other);
        let found = same.map(|same| (same[0], same.len() as u64)).collect();
        self.fresh.clear();
        self.enter(found);
    }

    /// Takes in others, each once and in their order.
    fn enter(&mut self, others: Vec<(T, u64)>) {
        if self.settled.is_empty() {
            self.settled = others;
            return;
        }
        let mine = std::mem::take(&mut self.settled);
        self.settled.reserve(mine.len() + others.len());
        let (mut mine, mut others) = (mine.into_iter().peekable(), others.into_iter().peekable());
        while let (Some(&(one, n)), Some(&(other, m))) = (mine.peek(), others.peek()) {
            let least = one.min(other);
            let both = if one == least { n } else { 0 } + if other == least { m } else { 0 };
            self.settled.push((least, both));
            mine.next_if(|_| one == least);
            others.next_if(|_| other == least);
        }
        self.settled.extend(mine.chain(others));
    }

    /// All of them in their order, each with how often it was met.
    pub fn all(&mut self) -> &[(T, u64)] {
        if !self.fresh.is_empty() {
            self.settle();
        }
        &self.settled
    }

    /// Takes in those of another, under other names.
    pub fn merge(&mut self, mut other: Self, named: impl Fn(T) -> T) {
        let theirs = other.all().iter().map(|&(one, n)| (named(one), n));
        self.all();
        self.enter(summed(theirs.collect()));
    }

    /// All of several.
    pub fn sum<'a>(several: impl Iterator<Item = &'a mut Self>) -> Self
    where
        T: 'a,
    {
        let mut all = Vec::new();
        for one in several {
            all.extend_from_slice(one.all());
        }
        Counts {
            settled: summed(all),
            fresh: Vec::new(),
        }
    }
}

/// Each once, and in their order.
fn summed<T: Copy + Ord>(mut counts: Vec<(T, u64)>) -> Vec<(T, u64)> {
    counts.sort_unstable_by_key(|one| one.0);
    let same = counts.chunk_by(|one, other| one.0 == other.0);
    same.map(|same| (same[0].0, same.iter().map(|one| one.1).sum()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_counted_in_parts_is_counted() {
        let (mut counts, mut expected) = (Counts::<u64, 256>::default(), BTreeMap::new());
        for n in 0..5000u64 {
            counts.add(n * 7919 % 613);
            *expected.entry(n * 7919 % 613).or_insert(0) += 1;
        }
        let told = |counts: &mut Counts<u64, 256>| counts.all().to_vec();
        assert_eq!(told(&mut counts), expected.clone().into_iter().collect::<Vec<_>>());
        let mut twice = counts.clone();
        twice.merge(counts.clone(), |one| 612 - one);
        for (one, n) in expected.clone() {
            *expected.entry(612 - one).or_insert(0) += n;
        }
        assert_eq!(told(&mut twice), expected.into_iter().collect::<Vec<_>>());
        let mut sum = Counts::sum([&mut counts, &mut twice].into_iter());
        assert_eq!(told(&mut sum).iter().map(|one| one.1).sum::<u64>(), 15_000);
        assert_eq!(told(&mut sum).len(), 613);
    }
}
