//! The native engine: whole blocks of lines become columns, and what is not clean beyond doubt is handed back.
#![forbid(unsafe_code)]

pub mod block;
pub mod bounces;
pub mod causes;
pub mod columns;
pub mod csv;
pub mod domains;
pub mod email;
pub mod ends;
pub mod escapes;
pub mod identity;
pub mod json;
pub mod leads;
pub mod line;
pub mod lives;
pub mod marks;
pub mod messages;
pub mod order;
pub mod own;
pub mod pairs;
#[cfg(feature = "python")]
mod python;
pub mod samples;
pub mod scan;
pub mod seen;
pub mod select;
pub mod shapes;
pub mod tally;
pub mod texts;
pub mod values;
pub mod vocabulary;
