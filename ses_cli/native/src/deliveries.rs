//! Marks and times of deliveries, by which `bounces` tells who was delivered to since.

use crate::block::Block;
use crate::domains::Domains;
use crate::identity::{marks, recipient};
use crate::local::mark_of;
use crate::vocabulary::*;

/// Deliveries in columns, 8 bytes each.
#[derive(Default)]
pub struct Deliveries {
    pub marks: Vec<[u8; 8]>,
    pub times: Vec<[u8; 8]>,
    /// Places and addresses of those in other scripts, whose case Python has to fold before it makes the mark.
    pub odd: Vec<(usize, String)>,
}

impl Deliveries {
    /// Those of a block. With `is_local` marks hold in this process alone.
    pub fn of(block: &Block, text: &[u8], is_local: bool) -> Self {
        let mut found = Deliveries::default();
        let (mut told, mut ends, mut domains) = (Vec::new(), Vec::new(), Domains::default());
        for record in block.records.iter().filter(|record| record.event == DELIVERED) {
            let email = block.text(text, record, EMAIL).unwrap_or_default();
            let is_told = if is_local {
                let mark = mark_of(&email, &mut told);
                found.marks.push(mark.unwrap_or_default().to_ne_bytes());
                mark.is_some()
            } else {
                let is_told = recipient(&email, &mut domains, &mut told);
                ends.push(told.len());
                is_told
            };
            if !is_told {
                let place = found.times.len();
                found.odd.push((place, String::from_utf8_lossy(&email).into_owned()));
            }
            found.times.push(record.time().to_ne_bytes());
        }
        if !is_local {
            found.marks = marks(&told, &ends);
        }
        found
    }
}
