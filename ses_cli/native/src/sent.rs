//! When messages were sent: `ses_cli/message/sent.py` says what that is known from.

use crate::block::Record;
use crate::row::Row;
use crate::vocabulary::SENT_TIMESTAMP;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// What the time of sending is known from, as `ses_cli.message.Sent` numbers it.
pub const FROM_NOTHING: u8 = 0;
pub const FROM_BULK_ID: u8 = 1;
pub const FROM_TIMESTAMP: u8 = 2;

/// Puts in when a message was sent, and what that is known from.
pub fn tell_sent(row: &mut Row, record: &Record, bulk_id: &[u8]) {
    let (sent, known_from) = sent(record, bulk_id);
    row[26..31].copy_from_slice(&sent.to_be_bytes()[3..]);
    row[31] = known_from;
}

/// When a message was sent, and what that is known from.
fn sent(record: &Record, bulk_id: &[u8]) -> (u64, u8) {
    match record.integer(SENT_TIMESTAMP) {
        Some(sent) if sent > 0 => (sent as u64, FROM_TIMESTAMP),
        _ => match bulk_time(bulk_id) {
            0 => (0, FROM_NOTHING),
            time => (time, FROM_BULK_ID),
        },
    }
}

/// The time in a bulkId: see `bulk_time` of `ses_cli/message/sent.py`.
pub fn bulk_time(bulk_id: &[u8]) -> u64 {
    static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-date-"));
    const DIGITS: usize = 14;
    for at in MARK.find_iter(bulk_id) {
        let rest = &bulk_id[at + MARK.needle().len()..];
        if rest.iter().take_while(|byte| byte.is_ascii_digit()).count() == DIGITS {
            return wall_time(&rest[..DIGITS]).unwrap_or(0);
        }
    }
    0
}

/// Unix seconds of digits that are a time on the clock of UTC+8, None where they are none or before 1971.
fn wall_time(digits: &[u8]) -> Option<u64> {
    let number = |from: usize, to: usize| {
        digits[from..to]
            .iter()
            .fold(0, |sum, byte| 10 * sum + i64::from(byte - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let (hour, minute, second) = (number(8, 10), number(10, 12), number(12, 14));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    if year < 1971 || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // days from 1970-01-01, by Howard Hinnant's days_from_civil
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    u64::try_from(day * 86_400 + hour * 3600 + minute * 60 + second - 8 * 3600).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bulk_id_has_the_time_of_utc_plus_8() {
        for (bulk_id, time) in [
            (
                "qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1",
                1_654_064_679,
            ),
            ("-date-20220601142439", 1_654_064_679),
            ("-date-202206011424391-date-20220601142439", 1_654_064_679),
            ("-date-20220631142439-date-20220601142439", 0),
            ("-date-19710101080000", 31_536_000),
            ("-date-19701231235959", 0),
            ("-date-20240229000000", 1_709_136_000),
            ("-date-20230229000000", 0),
            ("-date-20220601240000", 0),
            ("-date-99991231235959", 253_402_271_999),
            ("qcloud-ses-4F001945B2D9BXXXXXX", 0),
            ("", 0),
        ] {
            assert_eq!(bulk_time(bulk_id.as_bytes()), time, "{bulk_id}");
        }
    }
}
