//! What was collected of messages, to be put into parts by the first byte of the keys, one part after another.

use crate::groups::{Groups, Name};
use crate::row::{KEY, PARTS, ROW, Row, number_of};
use crate::samples::Samples;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What was collected, to be put into parts by the first byte of the keys, one part after another.
pub struct Taken {
    pub rows: Vec<Vec<Row>>,
    pub texts: Vec<Vec<u8>>,
    pub groups: Vec<Arc<Mutex<Groups>>>,
    pub samples: Samples,
}

impl Taken {
    /// The values of the groups of all rows.
    pub fn names(&self) -> HashMap<u64, Vec<Name>, RandomState> {
        let groups = self.rows.iter().flatten().map(|row| number_of(&row[32..]));
        let wanted: HashSet<u64, RandomState> = groups.collect();
        let mut found = HashMap::default();
        for known in &self.groups {
            let known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let named = known.names.iter().filter(|(group, _)| wanted.contains(*group));
            found.extend(named.map(|(&group, names)| (group, names.clone())));
        }
        found
    }

    /// Bytes of each part of the rows.
    pub fn row_sizes(&self) -> [usize; PARTS] {
        let mut sizes = [0; PARTS];
        for row in self.rows.iter().flatten() {
            sizes[usize::from(row[0])] += ROW;
        }
        sizes
    }

    /// Bytes of each part of the texts.
    pub fn text_sizes(&self) -> [usize; PARTS] {
        let mut sizes = [0; PARTS];
        for text in self.texts.iter().flat_map(|packed| Packed(packed)) {
            sizes[usize::from(text[0])] += text.len();
        }
        sizes
    }

    /// Puts the rows into a buffer of all parts of these sizes.
    pub fn put_rows(&mut self, sizes: &[usize; PARTS], out: &mut [u8]) {
        let mut at = starts(sizes);
        for chunk in std::mem::take(&mut self.rows) {
            for row in &chunk {
                let place = &mut at[usize::from(row[0])];
                out[*place..*place + ROW].copy_from_slice(row);
                *place += ROW;
            }
        }
    }

    /// Puts the texts into a buffer of all parts of these sizes.
    pub fn put_texts(&mut self, sizes: &[usize; PARTS], out: &mut [u8]) {
        let mut at = starts(sizes);
        for packed in std::mem::take(&mut self.texts) {
            for text in Packed(&packed) {
                let place = &mut at[usize::from(text[0])];
                out[*place..*place + text.len()].copy_from_slice(text);
                *place += text.len();
            }
        }
    }
}

fn starts(sizes: &[usize; PARTS]) -> [usize; PARTS] {
    let mut next = 0;
    sizes.map(|size| {
        next += size;
        next - size
    })
}

/// The texts of messages, packed one after another.
struct Packed<'a>(&'a [u8]);

impl<'a> Iterator for Packed<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let number = |at: usize| Some(u32::from_be_bytes(self.0.get(at..at + 4)?.try_into().ok()?) as usize);
        let (text, rest) = self.0.split_at_checked(KEY + 8 + number(KEY)? + number(KEY + 4)?)?;
        self.0 = rest;
        Some(text)
    }
}
