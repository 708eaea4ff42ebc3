//! Groups in the order in which people read them.

use crate::tally::Tally;
use crate::values::Value;
use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};

/// The numbers of the groups with the most records, among equals by name; the first `top`.
///
/// A name is that of each value as Python's `str` has it: an integer in digits, "None" for none.
pub fn largest(tally: &Tally, top: usize) -> Vec<u32> {
    let names = Names::of(tally);
    let mut groups: Vec<(Reverse<u64>, u32)> = tally
        .groups()
        .map(|(group, counts)| (Reverse(counts.iter().sum()), group))
        .collect();
    let compare =
        |a: &(Reverse<u64>, u32), b: &(Reverse<u64>, u32)| a.0.cmp(&b.0).then_with(|| names.compare(a.1, b.1));
    if top < groups.len() {
        groups.select_nth_unstable_by(top, compare);
        groups.truncate(top);
    }
    groups.sort_unstable_by(compare);
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The name of each number of each key.
struct Names<'a> {
    tally: &'a Tally,
    names: Vec<Vec<Cow<'a, [u8]>>>,
}

impl<'a> Names<'a> {
    fn of(tally: &'a Tally) -> Self {
        let name = |value| match value {
            Value::None => Cow::Borrowed(&b"None"[..]),
            Value::Text(text) => Cow::Borrowed(text),
            Value::Integer(value) => Cow::Owned(value.to_string().into_bytes()),
        };
        let of_key = |key| {
            (0..tally.len_of(key) as u32)
                .map(|number| name(tally.value(key, number)))
                .collect()
        };
        Names {
            tally,
            names: (0..tally.keys()).map(of_key).collect(),
        }
    }

    fn compare(&self, a: u32, b: u32) -> Ordering {
        if let [names] = &self.names[..] {
            return names[a as usize].cmp(&names[b as usize]); // the one value has the group's number
        }
        let (mut left, mut right) = (Vec::new(), Vec::new());
        self.tally.numbers(a, &mut left);
        self.tally.numbers(b, &mut right);
        let mut keys = self.names.iter().zip(left.iter().zip(&right));
        keys.try_fold(Ordering::Equal, |_, (names, (&a, &b))| {
            match names[a as usize].cmp(&names[b as usize]) {
                Ordering::Equal => Ok(Ordering::Equal),
                other => Err(other),
            }
        })
        .unwrap_or_else(|other| other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::domains::Domains;
    use crate::scan::{Checks, Scanner};
    use crate::tally::Key;

    fn tally(keys: Vec<Key>, log: &[(&str, u32)]) -> Tally {
        let line = |(email, template): &(&str, u32)| {
            format!(r#"{{"event":"open","email":"{email}","bulkId":"b","timestamp":1,"templateId":{template}}}"#) + "\n"
        };
        let text: String = log.iter().map(line).collect();
        let checks = Checks {
            max_line: 1000,
            strict: false,
            explain: false,
            shapes: false,
        };
        let mut block = Block::default();
        Scanner::new(checks).scan(text.as_bytes(), &mut block);
        let mut tally = Tally::new(keys);
        let waiting = tally.add(&block, text.as_bytes(), block.records.iter(), &mut Domains::default());
        assert_eq!((block.records.len(), waiting.len()), (log.len(), 0));
        tally
    }

    #[test]
    fn the_largest_come_first_and_equals_by_name() {
        let log = [
            ("a@c", 10),
            ("a@b", 9),
            ("a@a", 100),
            ("a@d", 0),
            ("a@d", 0),
            ("a@B", 9),
        ];
        for (key, expected) in [
            (Key::Domain, ["b", "d", "a", "c"]),
            (Key::Template, ["9", "None", "10", "100"]),
        ] {
            let tally = tally(vec![key], &log);
            let name = |group: &u32| match tally.value(0, *group) {
                Value::None => "None".to_string(),
                Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
                Value::Integer(value) => value.to_string(),
            };
            for top in 0..=5 {
                let named: Vec<String> = largest(&tally, top).iter().map(name).collect();
                assert_eq!(named, expected[..top.min(4)], "{key:?}");
            }
        }
    }

    #[test]
    fn groups_by_several_keys_are_compared_key_by_key() {
        let tally = tally(vec![Key::Domain, Key::Template], &[("a@b", 2), ("a@a", 3), ("a@b", 1)]);
        let mut numbers = Vec::new();
        let named = largest(&tally, 9).into_iter().map(|group| {
            tally.numbers(group, &mut numbers);
            (tally.value(0, numbers[0]), tally.value(1, numbers[1]))
        });
        let (a, b) = (Value::Text(b"a"), Value::Text(b"b"));
        let expected = [(a, Value::Integer(3)), (b, Value::Integer(1)), (b, Value::Integer(2))];
        assert_eq!(named.collect::<Vec<_>>(), expected);
    }
}
