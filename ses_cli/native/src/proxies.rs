//! Programs that open mails in place of people.

use memchr::memmem::Finder;

/// User agents of programs that open mails in place of people.
pub struct Proxies {
    whole: Vec<Vec<u8>>,
    parts: Vec<Finder<'static>>,
}

impl Proxies {
    /// Texts, each with whether it is all of the user agent.
    pub fn new(texts: &[(String, bool)]) -> Self {
        let of = |wanted: bool| {
            texts
                .iter()
                .filter(move |(_, is_whole)| *is_whole == wanted)
                .map(|(text, _)| text.as_bytes())
        };
        Proxies {
            whole: of(true).map(<[u8]>::to_vec).collect(),
            parts: of(false).map(|text| Finder::new(text).into_owned()).collect(),
        }
    }

    pub fn are(&self, useragent: &[u8]) -> bool {
        self.whole.iter().any(|text| text == useragent) || self.parts.iter().any(|part| part.find(useragent).is_some())
    }
}
