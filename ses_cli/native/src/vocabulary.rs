//! The vocabulary of callbacks, as `ses_cli/events.py` has it: a test compares the two.

pub const EVENT: usize = 0;
pub const EMAIL: usize = 1;
pub const BULK_ID: usize = 2;
pub const TIMESTAMP: usize = 3;
pub const LINK: usize = 4;
pub const REASON: usize = 5;
pub const BOUNCE_TYPE: usize = 6;
pub const USERNAME: usize = 7;
pub const SENDER: usize = 8;
pub const FROM_DOMAIN: usize = 9;
pub const TEMPLATE_ID: usize = 10;
pub const USERAGENT: usize = 11;
pub const SUBJECT: usize = 12;
pub const MESSAGE_ID: usize = 13;
pub const EVENT_ID: usize = 14;
pub const TASK_ID: usize = 15;
pub const SENT_TIMESTAMP: usize = 16;
/// Documented fields; the slots of a record have this order.
pub const FIELDS: [(&str, Kind); 17] = [
    ("event", Kind::Text),
    ("email", Kind::Text),
    ("bulkId", Kind::Text),
    ("timestamp", Kind::Integer),
    ("link", Kind::Text),
    ("reason", Kind::Text),
    ("bounceType", Kind::Text),
    ("username", Kind::Text),
    ("from", Kind::Text),
    ("fromDomain", Kind::Text),
    ("templateId", Kind::Integer),
    ("useragent", Kind::Text),
    ("subject", Kind::Text),
    ("messageId", Kind::Text),
    ("eventid", Kind::Integer),
    ("taskId", Kind::Integer),
    ("sentTimestamp", Kind::Integer),
];
pub const REQUIRED: [usize; 4] = [EVENT, EMAIL, BULK_ID, TIMESTAMP];
/// The slot of `bulkid`, the old spelling of `bulkId`.
pub const LEGACY_BULK_ID: usize = 17;
pub const LEGACY_NAME: &[u8] = b"bulkid";
/// The slot of every value that no record holds.
pub const OTHER: usize = 18;
pub const SLOTS: usize = 19;
/// The slots of which a record keeps the values, from `EMAIL` on: all fields but the event, which it has as a number.
pub const KEPT: usize = LEGACY_BULK_ID - EMAIL;
pub const CUSTOM_PREFIX: &[u8] = b"X-Tencentcloudses-Cb-";

pub const MAX_TIMESTAMP: i128 = 253_402_300_799;
pub const MAX_EMAIL: usize = 320;

/// The event types, each with its `eventid`.
pub const EVENTS: [(&str, Option<i128>); 9] = [
    ("delivered", Some(1)),
    ("deferred", Some(8)),
    ("dropped", Some(2)),
    ("bounce", Some(3)),
    ("open", Some(4)),
    ("click", Some(5)),
    ("spamreport", Some(6)),
    ("unsubscribe", Some(7)),
    ("processed", None),
];
pub const DELIVERED: u8 = 0;
pub const DEFERRED: u8 = 1;
pub const DROPPED: u8 = 2;
pub const BOUNCE: u8 = 3;
pub const PROCESSED: u8 = 8;
/// No known event type.
pub const NO_EVENT: u8 = 255;

/// What a bounce says of its type.
pub const UNTYPED: u8 = 0;
pub const HARD: u8 = 1;
pub const SOFT: u8 = 2;
pub const HARD_BOUNCE: &str = "hard_bounce";
pub const SOFT_BOUNCE: &str = "soft_bounce";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    /// A mail header that comes back: text, but no field.
    Custom,
    /// A key that no documentation has.
    Unknown,
}

/// What can be wrong with a line; the order is that of `events.py`, errors first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Code {
    NotUtf8,
    NotJson,
    NotObject,
    TooLong,
    Truncated,
    MissingField,
    WrongType,
    UnknownEvent,
    BadEmail,
    BadTimestamp,
    BadBounceType,
    UnknownField,
    LegacySpelling,
    BlankEmail,
    BlankBulkId,
    DuplicateKey,
    MissingBounceType,
    EventidMismatch,
    SentAfterEvent,
    ByteOrderMark,
}

pub const CODES: [&str; 20] = [
    "not-utf8",
    "not-json",
    "not-object",
    "too-long",
    "truncated",
    "missing-field",
    "wrong-type",
    "unknown-event",
    "bad-email",
    "bad-timestamp",
    "bad-bounce-type",
    "unknown-field",
    "legacy-spelling",
    "blank-email",
    "blank-bulk-id",
    "duplicate-key",
    "missing-bounce-type",
    "eventid-mismatch",
    "sent-after-event",
    "byte-order-mark",
];
pub const ERRORS: usize = 11;

/// The JSON types of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Type {
    String,
    Integer,
    Number,
    Boolean,
    Null,
    Array,
    Object,
}

pub const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "null", "array", "object"];

/// The slot of a key, and what its value has to be.
pub fn field(key: &[u8]) -> (usize, Kind) {
    if let Some(slot) = FIELDS.iter().position(|(name, _)| name.as_bytes() == key) {
        return (slot, FIELDS[slot].1);
    }
    if key == LEGACY_NAME {
        return (LEGACY_BULK_ID, Kind::Text);
    }
    match key.get(..CUSTOM_PREFIX.len()) {
        Some(head) if head.eq_ignore_ascii_case(CUSTOM_PREFIX) => (OTHER, Kind::Custom),
        _ => (OTHER, Kind::Unknown),
    }
}

/// The number of an event type.
#[inline]
pub fn event(name: &[u8]) -> u8 {
    if name.last() == Some(&0) {
        return NO_EVENT; // as zeros stand for what is not there
    }
    let mut bytes = [0; 16];
    match bytes.get_mut(..name.len()) {
        Some(bytes) => bytes.copy_from_slice(name),
        None => return NO_EVENT,
    }
    event_of(u128::from_le_bytes(bytes))
}

/// The number of an event type of which the name is given as an integer of 16 bytes, zeros after its end.
///
/// One place is looked at: to compare one name after another would be guesswork for the processor, as types come in no
/// order.
#[inline(always)]
pub fn event_of(name: u128) -> u8 {
    let (known, event) = PLACES[place_of(name, MULTIPLIER)];
    if known == name { event } else { NO_EVENT }
}

const PLACES: [(u128, u8); EVENT_PLACES] = {
    let mut places = [(0, NO_EVENT); EVENT_PLACES];
    let mut event = 0;
    while event < EVENTS.len() {
        let name = name_of(event);
        places[place_of(name, MULTIPLIER)] = (name, event as u8);
        event += 1;
    }
    places
};
const EVENT_PLACES: usize = 16;

const fn place_of(name: u128, multiplier: u64) -> usize {
    ((name as u64).wrapping_mul(multiplier) >> 60) as usize
}

/// The first one that gives every event type a place of its own.
const MULTIPLIER: u64 = {
    let mut multiplier = 1u64;
    loop {
        let (mut taken, mut event) = (0u32, 0);
        while event < EVENTS.len() {
            taken |= 1 << place_of(name_of(event), multiplier);
            event += 1;
        }
        if taken.count_ones() as usize == EVENTS.len() {
            break multiplier;
        }
        multiplier = multiplier.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(2);
    }
};

const fn name_of(event: usize) -> u128 {
    let bytes = EVENTS[event].0.as_bytes();
    let (mut name, mut at) = (0, bytes.len());
    while at > 0 {
        at -= 1;
        name = name << 8 | bytes[at] as u128;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_number() {
        for (at, (name, _)) in EVENTS.iter().enumerate() {
            assert_eq!(usize::from(event(name.as_bytes())), at);
        }
        for name in [
            &b""[..],
            b"bounced",
            b"bounc",
            b"open\0",
            b"a name of 17 byte",
            b"Bounce",
        ] {
            assert_eq!(event(name), NO_EVENT);
        }
    }

    #[test]
    fn a_custom_header_has_any_case() {
        assert_eq!(field(b"x-TENCENTcloudses-cb-A"), (OTHER, Kind::Custom));
        assert_eq!(field(b"x-tencentcloudses-cb"), (OTHER, Kind::Unknown));
        assert_eq!(field(b"bulkid"), (LEGACY_BULK_ID, Kind::Text));
    }
}
