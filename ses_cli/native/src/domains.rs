//! Domains as they are compared: see `ses_cli/identity.py`, which says what a domain in another script is.

use std::borrow::Cow;

type Names = hashbrown::HashMap<Vec<u8>, Vec<u8>, foldhash::fast::RandomState>;

/// Names that are kept: a log of ever new ones must not fill the memory.
const MOST: usize = 1 << 16;

/// Domains in other scripts, as Python says they are compared.
#[derive(Default)]
pub struct Domains {
    known: Names,
    missing: Vec<Vec<u8>>,
}

impl Domains {
    /// A domain as it is compared. One in another script that is not known yet is entered as missing.
    #[inline(always)]
    pub fn name<'a>(&'a mut self, text: &'a [u8]) -> Cow<'a, [u8]> {
        self.find(text).unwrap_or(Cow::Borrowed(text))
    }

    /// The same; None for one that is missing.
    #[inline(always)]
    pub fn find<'a>(&'a mut self, text: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        if text.iter().all(|&byte| byte < 0x80 && !byte.is_ascii_uppercase()) {
            return Some(Cow::Borrowed(text.strip_suffix(b".").unwrap_or(text)));
        }
        self.find_odd(text)
    }

    #[inline(never)]
    fn find_odd<'a>(&'a mut self, text: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        if text.is_ascii() {
            let name = text.strip_suffix(b".").unwrap_or(text);
            return Some(Cow::Owned(name.to_ascii_lowercase()));
        }
        if !self.known.contains_key(text) && !self.missing.iter().any(|missing| missing == text) {
            self.missing.push(text.to_vec());
        }
        self.known.get(text).map(|name| Cow::Borrowed(&**name))
    }

    /// What is to be asked before the answers that were given count.
    pub fn take_missing(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.missing)
    }

    /// Enters how domains are compared.
    pub fn learn(&mut self, names: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) {
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.extend(names);
    }
}

/// An address as it is compared: its domain as domains are, its local part as written, or without case.
pub fn address(domains: &mut Domains, email: &[u8], folded: bool, out: &mut Vec<u8>) {
    let start = out.len();
    let (local, domain) = split(email);
    out.extend_from_slice(local);
    if folded {
        out[start..].make_ascii_lowercase();
    }
    out.extend_from_slice(&domains.name(domain));
}

/// The local part with its `@`, and the domain.
#[inline(always)]
pub fn split(email: &[u8]) -> (&[u8], &[u8]) {
    email.split_at(memchr::memrchr(b'@', email).map_or(0, |at| at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_compared_without_case_and_trailing_dot() {
        let mut domains = Domains::default();
        assert_eq!(&*domains.name(b"Mail.Example.COM."), b"mail.example.com");
        assert_eq!(&*domains.name(b"a.b."), b"a.b");
        let mut out = Vec::new();
        address(&mut domains, b"Some.One@Example.com", false, &mut out);
        assert_eq!(out, b"Some.One@example.com");
        out.clear();
        address(&mut domains, b"Some.One@Example.com", true, &mut out);
        assert_eq!(out, b"some.one@example.com");
    }

    #[test]
    fn other_scripts_are_asked_for_once() {
        let mut domains = Domains::default();
        let name = "\u{4f8b}.cn".as_bytes();
        domains.name(name);
        domains.name(name);
        assert_eq!(domains.take_missing(), [name.to_vec()]);
        domains.learn([(name.to_vec(), b"xn--fsq.cn".to_vec())].into_iter());
        assert_eq!(&*domains.name(name), b"xn--fsq.cn");
        assert!(domains.take_missing().is_empty());
    }
}
