//! Which records are counted: `ses_cli/selection.py` says what each wish means.

use crate::block::{Block, Record};
use crate::domains::{Domains, address, split};
use crate::vocabulary::*;
use std::borrow::Cow;

type Names = hashbrown::HashSet<Vec<u8>, foldhash::fast::RandomState>;

/// An empty set, or None, selects everything.
#[derive(Default)]
pub struct Selection {
    /// One bit for each event type.
    pub events: Option<u32>,
    pub since: Option<i128>,
    pub until: Option<i128>,
    pub domains: Names,
    pub from_domains: Names,
    pub emails: Names,
    /// The local parts of `emails`, each with its `@`.
    pub locals: Names,
    pub bulk_ids: Names,
    pub message_ids: Names,
    pub templates: Names,
}

impl Selection {
    pub fn is_everything(&self) -> bool {
        let sets = [
            &self.domains,
            &self.from_domains,
            &self.emails,
            &self.bulk_ids,
            &self.message_ids,
            &self.templates,
        ];
        self.events.is_none() && self.since.is_none() && self.until.is_none() && sets.iter().all(|set| set.is_empty())
    }

    /// The places of the records that are selected.
    pub fn select(&self, block: &Block, text: &[u8], domains: &mut Domains) -> Vec<u32> {
        let places = block.records.iter().enumerate();
        places
            .filter(|(_, record)| self.takes(block, text, record, domains))
            .map(|(at, _)| at as u32)
            .collect()
    }

    fn takes(&self, block: &Block, text: &[u8], record: &Record, domains: &mut Domains) -> bool {
        let time = i128::from(record.time());
        if self.events.is_some_and(|events| events >> record.event & 1 == 0)
            || self.since.is_some_and(|since| time < since)
            || self.until.is_some_and(|until| time >= until)
        {
            return false;
        }
        let field = |slot| block.text(text, record, slot).unwrap_or_default();
        (self.domains.is_empty() || self.domains.contains(&*domains.name(split(&field(EMAIL)).1)))
            && (self.from_domains.is_empty()
                || self
                    .from_domains
                    .contains(&*domains.name(&from_domain(block, text, record))))
            && (self.emails.is_empty() || self.takes_email(&field(EMAIL), domains))
            && (self.bulk_ids.is_empty() || self.bulk_ids.contains(&*field(BULK_ID)))
            && (self.message_ids.is_empty() || self.message_ids.contains(bare(&field(MESSAGE_ID))))
            && (self.templates.is_empty() || self.templates.contains(template(record).as_bytes()))
    }

    /// Nearly all addresses differ in their local part already, which is compared as it is written.
    #[inline]
    fn takes_email(&self, written: &[u8], domains: &mut Domains) -> bool {
        self.locals.contains(split(written).0) && {
            let mut email = Vec::new();
            address(domains, written, false, &mut email);
            self.emails.contains(&email)
        }
    }
}

/// A Message-ID without the angle brackets that some write around it.
fn bare(message_id: &[u8]) -> &[u8] {
    let inner = message_id.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">"));
    inner.unwrap_or(message_id)
}

/// The sender's domain as it is written, else that of its address, "" where the record has neither.
pub fn from_domain<'a>(block: &'a Block, text: &'a [u8], record: &Record) -> Cow<'a, [u8]> {
    match block.text(text, record, FROM_DOMAIN) {
        Some(domain) if !domain.is_empty() => domain,
        _ => match block.text(text, record, SENDER) {
            Some(Cow::Borrowed(sender)) => Cow::Borrowed(split(sender).1),
            Some(Cow::Owned(sender)) => Cow::Owned(split(&sender).1.to_vec()),
            None => Cow::Borrowed(b""),
        },
    }
}

/// As Python prints it.
fn template(record: &Record) -> String {
    record
        .integer(TEMPLATE_ID)
        .map_or_else(|| "None".into(), |number| number.to_string())
}
