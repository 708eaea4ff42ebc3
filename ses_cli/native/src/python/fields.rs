//! Which keys the objects of a text have, and values of which types.

use super::state::State;
use crate::vocabulary::TYPES;
use hashbrown::HashMap;

/// Name, JSON type, first row and number of what is met in the objects of counted and invalid lines.
pub fn fields(state: &State) -> Vec<(String, &'static str, u32, u64)> {
    let shapes = &state.block.shapes;
    let mut met = vec![(u32::MAX, 0u64); shapes.all.len()];
    let records = state.records().map(|record| (record.shape, record.row));
    for (shape, row) in records.chain(state.block.invalid.iter().map(|bad| (bad.shape, bad.row))) {
        if let Some((first, n)) = met.get_mut(shape as usize) {
            (*first, *n) = ((*first).min(row), *n + 1);
        }
    }
    let mut order: Vec<usize> = (0..met.len()).filter(|&at| met[at].1 > 0).collect();
    order.sort_by_key(|&at| met[at].0);
    let names = shapes.name();
    let mut at = HashMap::new();
    let mut found: Vec<(String, &'static str, u32, u64)> = Vec::new();
    for shape in order {
        let (first, n) = met[shape];
        for &(name, type_) in &shapes.all[shape] {
            let known = *at.entry((name, type_)).or_insert(found.len());
            if known == found.len() {
                let name = String::from_utf8_lossy(names.get(&name).copied().unwrap_or_default()).into_owned();
                found.push((name, TYPES[type_ as usize], first, 0));
            }
            found[known].3 += n;
        }
    }
    found
}
