//! Which keys the objects of a block have in which order, and values of which types.
//!
//! Lines of the same shape take the same steps through a tree, and each step is nearly always the one that was taken
//! there last: no key is looked up, and what is counted at the last step holds for all steps before it.

use crate::vocabulary::Type;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// The step before the first key.
pub const ROOT: u32 = 0;
/// Of a line of which no shape was kept.
pub const NO_SHAPE: u32 = u32::MAX;
/// Names from here on are of one block only.
const OTHER_NAMES: u32 = 1 << 16;

/// A key with a value of some type, after others.
#[derive(Clone, Copy)]
struct Step {
    before: u32,
    name: u32,
    type_: Type,
    /// The step that was taken last after this one, ROOT for none.
    next: u32,
}

pub struct Shapes {
    steps: Vec<Step>,
    by_step: HashMap<(u32, u32, Type), u32, RandomState>,
    /// Names of the scanner, by number.
    pub names: Vec<Box<[u8]>>,
    others: HashMap<Vec<u8>, u32, RandomState>,
}

impl Default for Shapes {
    fn default() -> Self {
        let root = Step {
            before: ROOT,
            name: u32::MAX,
            type_: Type::Null,
            next: ROOT,
        };
        Shapes {
            steps: vec![root],
            by_step: HashMap::default(),
            names: Vec::new(),
            others: HashMap::default(),
        }
    }
}

/// A name and a type that was met.
pub struct Met<'a> {
    pub name: &'a [u8],
    pub type_: Type,
    /// The first line, and how many lines.
    pub row: u32,
    pub n: u64,
}

impl Shapes {
    /// The step to a key with a value of this type.
    #[inline(always)]
    pub fn step(&mut self, from: u32, name: u32, type_: Type) -> u32 {
        let guess = self.steps[from as usize].next;
        let next = &self.steps[guess as usize];
        if next.name == name && next.type_ == type_ {
            return guess;
        }
        self.find(from, name, type_)
    }

    #[inline(never)]
    fn find(&mut self, from: u32, name: u32, type_: Type) -> u32 {
        let new = self.steps.len() as u32;
        let step = *self.by_step.entry((from, name, type_)).or_insert(new);
        if step == new {
            let (before, next) = (from, ROOT);
            self.steps.push(Step {
                before,
                name,
                type_,
                next,
            });
        }
        self.steps[from as usize].next = step;
        step
    }

    /// The same shape with each name once: where it was first, with the type of its last value.
    pub fn single(&mut self, last: u32) -> u32 {
        let mut steps = Vec::new();
        let mut at = last;
        while at != ROOT {
            let Step {
                name, type_, before, ..
            } = self.steps[at as usize];
            steps.push((name, type_));
            at = before;
        }
        let mut once: Vec<(u32, Type)> = Vec::new();
        for (name, type_) in steps.into_iter().rev() {
            match once.iter_mut().find(|(known, _)| *known == name) {
                Some(known) => known.1 = type_,
                None => once.push((name, type_)),
            }
        }
        once.into_iter()
            .fold(ROOT, |at, (name, type_)| self.step(at, name, type_))
    }

    /// The number of a name that the scanner does not remember.
    pub fn other(&mut self, name: &[u8]) -> u32 {
        let next = OTHER_NAMES + self.others.len() as u32;
        *self.others.entry_ref(name).or_insert(next)
    }

    /// What is met in lines of which the row and the last step are given, in the order of the text.
    pub fn met(&self, lines: impl Iterator<Item = (u32, u32)>) -> Vec<Met<'_>> {
        let mut counts = vec![(u32::MAX, 0u64); self.steps.len()];
        for (row, last) in lines {
            if let Some((first, n)) = counts.get_mut(last as usize) {
                (*first, *n) = ((*first).min(row), *n + 1);
            }
        }
        // a step comes after the one before it
        for at in (1..counts.len()).rev() {
            let ((row, n), before) = (counts[at], &mut counts[self.steps[at].before as usize]);
            (before.0, before.1) = (before.0.min(row), before.1 + n);
        }
        let mut depths = vec![0u32; self.steps.len()];
        let mut found: HashMap<(u32, Type), (u32, u32, u64), RandomState> = HashMap::default();
        for (at, step) in self.steps.iter().enumerate().skip(1) {
            depths[at] = depths[step.before as usize] + 1;
            let (row, n) = counts[at];
            if n > 0 {
                let (first, depth, sum) = found.entry((step.name, step.type_)).or_insert((u32::MAX, 0, 0));
                (*first, *depth) = (*first, *depth).min((row, depths[at]));
                *sum += n;
            }
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable_by_key(|&(_, (row, depth, _))| (row, depth));
        let others: HashMap<u32, &[u8], RandomState> = self.others.iter().map(|(name, &at)| (at, &**name)).collect();
        let name = |at: u32| match self.names.get(at as usize) {
            Some(name) => name,
            None => others.get(&at).copied().unwrap_or_default(),
        };
        found
            .into_iter()
            .map(|((at, type_), (row, _, n))| {
                let name = name(at);
                Met { name, type_, row, n }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_met_is_counted_in_the_order_of_the_text() {
        let mut shapes = Shapes {
            names: ["a", "b", "c"].map(|name| name.as_bytes().into()).to_vec(),
            ..Shapes::default()
        };
        let mut walk = |keys: &[(&str, Type)]| {
            keys.iter().fold(ROOT, |at, (name, type_)| {
                let place = shapes.names.iter().position(|known| **known == *name.as_bytes());
                let number = place.map_or_else(|| shapes.other(name.as_bytes()), |place| place as u32);
                shapes.step(at, number, *type_)
            })
        };
        let (s, i) = (Type::String, Type::Integer);
        let lines = [
            walk(&[("b", s), ("new", s)]),
            walk(&[("b", s), ("a", i)]),
            NO_SHAPE,
            walk(&[("a", i), ("b", s), ("c", s)]),
            walk(&[]),
            walk(&[("b", i), ("a", s), ("b", s), ("b", i)]),
        ];
        let doubled = shapes.single(lines[5]);
        let lines = lines[..5].iter().copied().chain([doubled]);
        let rows: Vec<_> = lines.enumerate().map(|(row, last)| (row as u32, last)).collect();
        let met: Vec<_> = shapes
            .met(rows.into_iter())
            .into_iter()
            .map(|met| (met.name, met.type_, met.row, met.n))
            .collect();
        let expected: [(&[u8], Type, u32, u64); 6] = [
            (b"b", s, 0, 3),
            (b"new", s, 0, 1),
            (b"a", i, 1, 2),
            (b"c", s, 3, 1),
            (b"b", i, 5, 1),
            (b"a", s, 5, 1),
        ];
        assert_eq!(met, expected);
    }
}
