//! Lines that are not clear beyond doubt, as the definition decided them.

use crate::block::{Block, Record, Values};
use crate::vocabulary::*;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Enters an unsure line as invalid.
pub fn reject(block: &mut Block, row: u32, codes: &[String]) {
    if let Some(at) = block.unsure.iter().position(|bad| bad.row == row) {
        let bad = block.unsure.remove(at);
        let place = block.invalid.partition_point(|other| other.row < row);
        block.invalid.insert(place, bad);
        enter(&mut block.problems, codes);
    }
}

/// Enters an unsure line as a record, with the values of the documented fields.
pub fn accept(
    block: &mut Block,
    row: u32,
    values: &[Bound<'_, PyAny>],
    codes: &[String],
    is_explained: bool,
) -> PyResult<()> {
    let Some(at) = block.unsure.iter().position(|bad| bad.row == row) else {
        return Err(PyValueError::new_err("no such line"));
    };
    let bad = block.unsure.remove(at);
    let mut kept = Values::default();
    let (mut event_name, mut bounce) = (String::new(), String::new());
    for (slot, value) in values.iter().enumerate().filter(|(_, value)| !value.is_none()) {
        match (slot, FIELDS[slot].1) {
            (EVENT, _) => event_name = value.extract()?,
            (BOUNCE_TYPE, _) => {
                bounce = value.extract()?;
                block.put_aside(&mut kept, slot, bounce.as_bytes());
            }
            (_, Kind::Integer) => kept.set_integer(slot, value.extract()?),
            _ => block.put_aside(&mut kept, slot, value.extract::<String>()?.as_bytes()),
        }
    }
    let mut record = Record::of(&bad).at(&bad, &kept);
    record.event = event(event_name.as_bytes());
    record.bounce = match (record.event, bounce.as_str()) {
        (BOUNCE, HARD_BOUNCE) => HARD,
        (BOUNCE, SOFT_BOUNCE) => SOFT,
        _ => UNTYPED,
    };
    let place = block.records.partition_point(|other| other.row < row);
    block.records.insert(place, record);
    enter(&mut block.warnings, codes);
    if is_explained && !codes.is_empty() {
        let place = block.warned.partition_point(|&other| other < row);
        block.warned.insert(place, row);
    }
    Ok(())
}

fn enter(counts: &mut [u64; CODES.len()], codes: &[String]) {
    for code in codes {
        if let Some(at) = CODES.iter().position(|known| known == code) {
            counts[at] += 1;
        }
    }
}
