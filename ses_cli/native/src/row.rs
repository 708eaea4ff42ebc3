//! Rows, each a step of a message: `ses_cli/message/row.py` says what is in them.

pub const ROW: usize = 40;
pub const KEY: usize = 16;
/// By the first byte of the key.
pub const PARTS: usize = 256;
pub type Row = [u8; ROW];

/// Where a row has what stands for the meaning of a failure, where these are judged.
pub const MEANING: std::ops::Range<usize> = 22..30;

/// A step, as `ses_cli.message.Step` numbers them.
pub mod step {
    pub const PROCESSED: u8 = 0;
    pub const DEFERRED: u8 = 1;
    pub const SOFT_BOUNCE: u8 = 2;
    pub const UNTYPED_BOUNCE: u8 = 3;
    pub const HARD_BOUNCE: u8 = 4;
    pub const DROPPED: u8 = 5;
    pub const DELIVERED: u8 = 6;
    pub const OPEN: u8 = 7;
    pub const MACHINE_OPEN: u8 = 8;
    pub const CLICK: u8 = 9;
    pub const UNSUBSCRIBE: u8 = 10;
    pub const SPAMREPORT: u8 = 11;
    pub const COUNT: usize = 12;
}

/// Of up to 8 bytes, the highest first.
#[inline(always)]
pub fn number_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// What is told apart by the bytes of a key that follow the first.
const BUCKETS: usize = 1 << 12;

/// Puts rows into their order, one part after another.
#[derive(Default)]
pub struct Sorter {
    rows: Vec<Row>,
    /// Where the rows of each bucket begin, and once they are there where they end.
    places: Vec<usize>,
}

impl Sorter {
    /// The messages of a part, all of whose rows are there, each with its rows in their order.
    ///
    /// Keys are hashes: buckets by some of their bits have a few rows each.
    pub fn messages(&mut self, packed: &[u8]) -> impl Iterator<Item = &[Row]> {
        let packed = packed.as_chunks::<ROW>().0;
        self.places.clear();
        self.places.resize(BUCKETS, 0);
        for row in packed {
            self.places[bucket(row)] += 1;
        }
        let mut next = 0;
        for place in &mut self.places {
            next += std::mem::replace(place, next);
        }
        self.rows.resize(packed.len(), [0; ROW]);
        for row in packed {
            let place = &mut self.places[bucket(row)];
            self.rows[*place] = *row;
            *place += 1;
        }
        let mut start = 0;
        for &end in &self.places {
            self.rows[start..end].sort_unstable_by_key(order);
            start = end;
        }
        self.rows.chunk_by(|one, other| one[..KEY] == other[..KEY])
    }
}

/// What is in the order of rows, and quicker to compare.
#[inline(always)]
fn order(row: &Row) -> (u128, u128, u64) {
    let number = |from: usize| {
        row[from..from + 16]
            .iter()
            .fold(0, |sum, &byte| sum << 8 | u128::from(byte))
    };
    (number(0), number(16), number_of(&row[32..]))
}

#[inline(always)]
fn bucket(row: &Row) -> usize {
    usize::from(row[1]) << 4 | usize::from(row[2] >> 4)
}

/// The group of a message; 0 where none of its rows tells it.
pub fn group_of(rows: &[Row]) -> u64 {
    let mut groups = rows.iter().map(|row| number_of(&row[32..]));
    groups.find(|&group| group != 0).unwrap_or(0)
}

/// When a step happened.
#[inline(always)]
pub fn time_of(row: &Row) -> u64 {
    number_of(&row[16..21])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_part_are_put_into_their_order() {
        let (mut state, mut packed) = (1u32, Vec::new());
        for _ in 0..5000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut row = [7; ROW];
            row[1..4].copy_from_slice(&[(state >> 30) as u8, (state >> 18) as u8, (state >> 27) as u8]);
            row[20] = (state >> 10) as u8;
            packed.extend_from_slice(&row);
        }
        let mut expected = packed.as_chunks::<ROW>().0.to_vec();
        expected.sort();
        let mut sorter = Sorter::default();
        for _ in 0..2 {
            let messages: Vec<_> = sorter.messages(&packed).map(<[Row]>::to_vec).collect();
            assert!(
                messages
                    .iter()
                    .all(|rows| rows.iter().all(|row| row[..KEY] == rows[0][..KEY]))
            );
            assert!(messages.windows(2).all(|pair| pair[0][0][..KEY] != pair[1][0][..KEY]));
            assert_eq!(messages.concat(), expected);
        }
        assert_eq!(sorter.messages(&[]).count(), 0);
    }
}
