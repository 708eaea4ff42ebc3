//! One bit for each byte: set where a string cannot simply go on.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

const LANES: usize = 64;

/// Two sets of marks, bit `i % 64` of word `i / 64` for byte `i`.
///
/// `special` has quotes, backslashes and control characters: where a string cannot simply go on. `odd` has what an
/// address cannot simply be made of: white space, control characters, what is not ASCII, and `@`.
#[derive(Default)]
pub struct Marks {
    pub special: Vec<u64>,
    pub odd: Vec<u64>,
}

impl Marks {
    /// Makes room for the marks of a text.
    pub fn prepare(&mut self, text: &[u8]) {
        let words = text.len() / LANES + 3;
        for marks in [&mut self.special, &mut self.odd] {
            if marks.len() < words {
                marks.resize(words, u64::MAX);
            }
        }
    }

    /// Marks the bytes in `from..to`, of which `from` is a multiple of 64. The two words after them count as marked as
    /// a whole: a search ends there, and may load two words at any place before.
    pub fn mark(&mut self, level: Level, text: &[u8], from: usize, to: usize) {
        let text = &text[from..to];
        let (special, odd) = (&mut self.special[from / LANES..], &mut self.odd[from / LANES..]);
        dispatch!(level, simd => mark_blocks(simd, text, special, odd));
        let (rest, end) = (text.chunks_exact(LANES).remainder(), text.len() / LANES);
        special[end..end + 3].fill(u64::MAX);
        odd[end..end + 3].fill(u64::MAX);
        if !rest.is_empty() {
            let (special, odd) = (&mut special[end], &mut odd[end]);
            (*special, *odd) = (u64::MAX << rest.len(), u64::MAX << rest.len());
            for (at, &byte) in rest.iter().enumerate() {
                *special |= u64::from(is_special(byte)) << at;
                *odd |= u64::from(is_odd(byte)) << at;
            }
        }
    }
}

#[inline(always)]
fn mark_blocks<S: Simd>(simd: S, text: &[u8], special: &mut [u64], odd: &mut [u64]) {
    let splat = |byte| u8x64::splat(simd, byte);
    let (quote, backslash, space, at, first, last) = (
        splat(b'"'),
        splat(b'\\'),
        splat(b' '),
        splat(b'@'),
        splat(b'!'),
        splat(b'~'),
    );
    for ((block, special), odd) in text.chunks_exact(LANES).zip(special).zip(odd) {
        let bytes = u8x64::from_slice(simd, block);
        *special = (bytes.simd_eq(quote) | bytes.simd_eq(backslash) | bytes.simd_lt(space)).to_bitmask();
        *odd = (bytes.simd_eq(at) | bytes.simd_lt(first) | bytes.simd_gt(last)).to_bitmask();
    }
}

fn is_odd(byte: u8) -> bool {
    byte == b'@' || !byte.is_ascii_graphic()
}

fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < b' '
}

/// The marks of the 64 bytes from a place on.
#[inline(always)]
pub fn window(marks: &[u64], from: usize) -> u64 {
    let (word, shift) = (from / 64, from % 64);
    let two = marks.get(word..word + 2).and_then(|two| two.first_chunk());
    let [low, high] = two.copied().unwrap_or([u64::MAX; 2]);
    (low >> shift) | ((high << 1) << (63 - shift))
}

/// The place of the next mark at `from` or later.
#[inline(always)]
pub fn next(marks: &[u64], from: usize) -> usize {
    let window = window(marks, from);
    if window != 0 {
        return from + window.trailing_zeros() as usize;
    }
    next_word(marks, from / 64 + 1)
}

/// The place of the first mark in `word` or later: what goes on for longer than 64 bytes.
fn next_word(marks: &[u64], mut word: usize) -> usize {
    while marks[word] == 0 {
        word += 1;
    }
    word * 64 + marks[word].trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_and_odd_byte_is_marked_and_no_other() {
        for length in [0, 1, 63, 64, 65, 127, 128, 300] {
            let text: Vec<u8> = (0..length).map(|at| (at * 7 % 256) as u8).collect();
            let mut marks = Marks::default();
            marks.prepare(&text);
            marks.mark(Level::new(), &text, 0, length);
            for from in 0..=length {
                let first = |test: fn(u8) -> bool| (from..length).find(|&at| test(text[at])).unwrap_or(length);
                assert_eq!(next(&marks.special, from), first(is_special), "from {from} of {length}");
                assert_eq!(next(&marks.odd, from), first(is_odd), "from {from} of {length}");
            }
        }
    }
}
