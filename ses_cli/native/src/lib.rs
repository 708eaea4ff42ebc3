//! The native engine: whole blocks of lines become columns, and what is not clean beyond doubt is handed back.
#![forbid(unsafe_code)]

pub mod block;
pub mod bounces;
pub mod causes;
pub mod columns;
pub mod counting;
pub mod counts;
pub mod csv;
pub mod deliveries;
pub mod domains;
pub mod durations;
pub mod email;
pub mod ends;
pub mod escapes;
pub mod groups;
pub mod identity;
pub mod json;
pub mod keys;
pub mod leads;
pub mod line;
pub mod lives;
pub mod local;
pub mod marks;
pub mod messages;
pub mod order;
pub mod own;
pub mod pairs;
pub mod proxies;
#[cfg(feature = "python")]
mod python;
pub mod row;
pub mod samples;
pub mod scan;
pub mod seen;
pub mod select;
pub mod sent;
pub mod shapes;
pub mod taken;
pub mod tally;
pub mod texts;
pub mod totals;
pub mod values;
pub mod vocabulary;
