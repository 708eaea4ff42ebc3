//! Why messages failed: causes as they are told apart, each judged once by Python.

use crate::row::step;
use crate::texts::Texts;
use memchr::memchr;

/// Bytes of causes that are remembered.
const MOST: usize = 16 << 20;
/// Step and lengths.
const HEAD: usize = 9;

/// Causes by number, and what stands for the meaning of each.
#[derive(Default)]
pub struct Causes {
    /// The step, the lengths of the domain and the reason in 4 bytes each, both, and where the reason may mean another
    /// thing for another address that address.
    keys: Texts,
    /// Of the first ones; Python is still to be asked about those that follow.
    marks: Vec<u64>,
    /// Addresses of those that follow.
    emails: Vec<Box<[u8]>>,
    key: Vec<u8>,
}

/// Why a message failed or was delayed.
pub struct Cause<'a> {
    pub step: u8,
    /// As `own::hide` gives it.
    pub reason: &'a [u8],
    /// The recipient's, as it is compared.
    pub domain: &'a [u8],
}

impl Causes {
    /// Forgets what is too much, or was never answered. Numbers from before are void then.
    pub fn begin(&mut self) {
        if self.keys.size() > MOST || self.marks.len() != self.keys.len() {
            *self = Causes::default();
        }
    }

    /// The number of a cause; `email` is as written.
    pub fn number(&mut self, cause: &Cause, email: &[u8]) -> u32 {
        self.key.clear();
        self.key.push(cause.step);
        self.key.extend_from_slice(&(cause.domain.len() as u32).to_le_bytes());
        self.key.extend_from_slice(&(cause.reason.len() as u32).to_le_bytes());
        self.key.extend_from_slice(cause.domain);
        self.key.extend_from_slice(cause.reason);
        if memchr(b'@', cause.reason).is_some() {
            self.key.extend_from_slice(email);
        }
        let hash = self.keys.hash(&self.key);
        if let Some(known) = self.keys.find(&self.key, hash) {
            return known;
        }
        self.emails.push(email.into());
        self.keys.add(&self.key, hash)
    }

    /// A cause by its number.
    pub fn get(&self, number: u32) -> Cause<'_> {
        let key = self.keys.get(number as usize);
        let length = |at: usize| {
            key[at..at + 4]
                .iter()
                .rev()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte))
        };
        let (domain, reason) = (HEAD + length(1), length(5));
        Cause {
            step: key.first().copied().unwrap_or(step::DROPPED),
            domain: &key[HEAD..domain],
            reason: &key[domain..domain + reason],
        }
    }

    /// Whether Python is to be asked about some.
    pub fn is_missing(&self) -> bool {
        self.marks.len() < self.keys.len()
    }

    /// Causes that Python is to be asked about, each with an address it is said of.
    pub fn missing(&self) -> impl Iterator<Item = (Cause<'_>, &[u8])> {
        let numbers = self.marks.len() as u32..self.keys.len() as u32;
        numbers
            .map(|number| self.get(number))
            .zip(self.emails.iter().map(|email| &**email))
    }

    /// Enters what stands for these.
    pub fn learn(&mut self, marks: &[u64]) {
        self.marks.extend_from_slice(marks);
        self.emails.clear();
    }

    /// What stands for a cause; 0 where that is not known.
    pub fn mark(&self, number: u32) -> u64 {
        self.marks.get(number as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_asked_about_once() {
        let mut causes = Causes::default();
        let cause = |reason, domain| Cause {
            step: step::DEFERRED,
            reason,
            domain,
        };
        let told = [
            (cause(b"no", b"a.b"), b"x@a.b"),
            (cause(b"no", b"a.b"), b"y@a.b"),
            (cause(b"noa", b".b"), b"y@a.b"),
            (cause(b"no z@c.d", b"a.b"), b"x@a.b"),
            (cause(b"no z@c.d", b"a.b"), b"y@a.b"),
        ];
        causes.begin();
        let numbers: Vec<u32> = told.iter().map(|(cause, email)| causes.number(cause, *email)).collect();
        assert_eq!(numbers, [0, 0, 1, 2, 3]);
        let missing: Vec<_> = causes
            .missing()
            .map(|(cause, email)| (cause.reason.to_vec(), email.to_vec()))
            .collect();
        assert_eq!(missing.len(), 4);
        assert_eq!(missing[1], (b"noa".to_vec(), b"y@a.b".to_vec()));
        causes.learn(&[7, 8, 9, 10]);
        causes.begin();
        assert_eq!((causes.missing().count(), causes.mark(3), causes.mark(4)), (0, 10, 0));
        assert_eq!(causes.get(2).domain, b"a.b");
        causes.number(&cause(b"", b""), b"");
        causes.begin();
        assert_eq!((causes.missing().count(), causes.mark(0)), (0, 0));
    }
}
