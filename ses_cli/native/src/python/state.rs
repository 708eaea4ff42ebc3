//! What is known of the lines of a text: the text itself, its block, and which of its records are counted.

use crate::block::{Block, Record};
use crate::identity::FINGERPRINT;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Blocks and buffers kept for the next texts: as many as wait for their turn with `--dedupe`.
const MOST_SPARE: usize = 6;

pub enum Text {
    Bytes(Py<PyBytes>),
    /// The first bytes of a buffer.
    Buffer(Vec<u8>, usize),
}

impl Text {
    pub fn bytes<'a>(&'a self, py: Python<'a>) -> &'a [u8] {
        match self {
            Text::Bytes(bytes) => bytes.as_bytes(py),
            Text::Buffer(buffer, length) => &buffer[..*length],
        }
    }
}

pub struct State {
    pub block: Block,
    /// Places of the records that are counted; None for all.
    counted: Option<Vec<u32>>,
    pub filtered: usize,
    pub duplicates: usize,
    /// The fingerprints of the counted records, once they were made ready for their turn.
    pub marks: Option<Vec<[u8; FINGERPRINT]>>,
}

impl State {
    pub fn new(block: Block) -> Self {
        State {
            block,
            counted: None,
            filtered: 0,
            duplicates: 0,
            marks: None,
        }
    }

    /// The counted records.
    pub fn records(&self) -> impl Iterator<Item = &Record> + Clone {
        let all = self.counted.is_none().then_some(self.block.records.iter());
        let some = self
            .counted
            .iter()
            .flatten()
            .map(|&at| &self.block.records[at as usize]);
        all.into_iter().flatten().chain(some)
    }

    pub fn len(&self) -> usize {
        self.counted.as_ref().map_or(self.block.records.len(), Vec::len)
    }

    /// Leaves the records at these places.
    pub fn select(&mut self, places: Vec<u32>) {
        self.filtered = self.block.records.len() - places.len();
        self.counted = (self.filtered > 0).then_some(places);
    }

    /// Leaves out the counted records for which the answer is false.
    pub fn leave_out(&mut self, is_new: &[bool]) {
        if is_new.iter().all(|&new| new) {
            return;
        }
        self.duplicates += is_new.iter().filter(|&&new| !new).count();
        let places: Vec<u32> = match self.counted.take() {
            Some(places) => places,
            None => (0..self.block.records.len() as u32).collect(),
        };
        let kept = places.into_iter().zip(is_new).filter(|(_, new)| **new);
        self.counted = Some(kept.map(|(place, _)| place).collect());
    }
}

/// What is used again for the next text.
#[derive(Default)]
pub struct Spare {
    pub blocks: Vec<Block>,
    pub buffers: Vec<Vec<u8>>,
}

impl Spare {
    pub fn keep(&mut self, block: Block, text: &mut Text) {
        if self.blocks.len() < MOST_SPARE {
            self.blocks.push(block);
        }
        if let Text::Buffer(buffer, _) = text
            && self.buffers.len() < MOST_SPARE
        {
            self.buffers.push(std::mem::take(buffer));
        }
    }
}
