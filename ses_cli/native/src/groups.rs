//! The values that messages are grouped by, and what stands for them: `ses_cli/message/row.py` says what.

use crate::block::Record;
use crate::domains::Domains;
use crate::identity::hashes;
use crate::tally::Key;
use crate::texts::Texts;
use crate::vocabulary::TEMPLATE_ID;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// What messages can be grouped by.
pub const GROUPED_BY: [Key; 3] = [Key::Domain, Key::FromDomain, Key::Template];
/// Bytes of values that are remembered.
const MOST: usize = 8 << 20;

/// A value that messages are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    None,
    Text(Box<[u8]>),
    Integer(i128),
}

/// Groups as they are met, in log after log: each is named once.
pub struct Groups {
    keys: Vec<Key>,
    /// The values of a group as they are written, one after another.
    values: Texts,
    /// What stands for each.
    groups: Vec<u64>,
    pub names: HashMap<u64, Vec<Name>, RandomState>,
    key: Vec<u8>,
}

impl Groups {
    pub fn new(keys: &[Key]) -> Self {
        Groups {
            keys: keys.to_vec(),
            values: Texts::default(),
            groups: Vec::new(),
            names: HashMap::default(),
            key: Vec::new(),
        }
    }

    /// Whether it has groups by these keys, and room for more.
    pub fn fits(&self, keys: &[Key]) -> bool {
        self.keys == keys && self.values.size() < MOST
    }

    /// The group of a record; None where it is not known yet how a domain is compared.
    pub fn group(&mut self, record: &Record, domain: &[u8], sender: &[u8], domains: &mut Domains) -> Option<u64> {
        self.key.clear();
        for key in &self.keys {
            let text = match key {
                Key::Domain => domain,
                Key::FromDomain => sender,
                _ => &template(record).to_le_bytes(),
            };
            self.key.extend_from_slice(&(text.len() as u32).to_le_bytes());
            self.key.extend_from_slice(text);
        }
        let hash = self.values.hash(&self.key);
        if let Some(known) = self.values.find(&self.key, hash) {
            return Some(self.groups[known as usize]);
        }
        let names = self.name(record, domain, sender, domains)?;
        let group = group_id(&names);
        self.names.insert(group, names);
        self.values.add(&self.key, hash);
        self.groups.push(group);
        Some(group)
    }

    fn name(&self, record: &Record, domain: &[u8], sender: &[u8], domains: &mut Domains) -> Option<Vec<Name>> {
        let mut names = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            names.push(match key {
                Key::Domain => Name::Text(domains.find(domain)?.into()),
                Key::FromDomain if sender.is_empty() => Name::None,
                Key::FromDomain => Name::Text(domains.find(sender)?.into()),
                _ => match template(record) {
                    0 => Name::None,
                    template => Name::Integer(template),
                },
            });
        }
        Some(names)
    }
}

fn template(record: &Record) -> i128 {
    record.integer(TEMPLATE_ID).unwrap_or(0)
}

/// See `group_id` of `ses_cli/message/row.py`.
fn group_id(names: &[Name]) -> u64 {
    if names.iter().all(|name| *name == Name::None) {
        return 0;
    }
    let mut text = Vec::new();
    for name in names {
        match name {
            Name::None => text.push(b'-'),
            Name::Integer(value) => text.extend_from_slice(format!("i{value}").as_bytes()),
            Name::Text(value) => {
                text.extend_from_slice(format!("s{}:", value.len()).as_bytes());
                text.extend_from_slice(value);
            }
        }
    }
    let end = text.len();
    match hashes::<8>(&text, &[end]).first() {
        Some(&hash) if hash != [0; 8] => u64::from_be_bytes(hash),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_without_a_value_are_none() {
        assert_eq!(group_id(&[]), 0);
        assert_eq!(group_id(&[Name::None, Name::None]), 0);
        assert_ne!(
            group_id(&[Name::Text(b"1".as_slice().into())]),
            group_id(&[Name::Integer(1)])
        );
    }
}
