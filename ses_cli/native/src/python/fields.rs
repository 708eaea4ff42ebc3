//! Which keys the objects of a text have, and values of which types.

use super::state::State;
use crate::vocabulary::TYPES;

/// Name, JSON type, first row and number of what is met in the objects of counted and invalid lines.
pub fn fields(state: &State) -> Vec<(String, &'static str, u32, u64)> {
    let records = state.records().map(|record| (record.row, record.shape));
    let invalid = state.block.invalid.iter().map(|bad| (bad.row, bad.shape));
    let met = state.block.shapes.met(records.chain(invalid));
    met.into_iter()
        .map(|met| {
            let name = String::from_utf8_lossy(met.name).into_owned();
            (name, TYPES[met.type_ as usize], met.row, met.n)
        })
        .collect()
}
