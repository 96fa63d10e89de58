//! Dates and times: texts that mean the same to jiff and to Postgres, whatever its settings.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Years that Postgres and jiff write alike.
const YEARS: RangeInclusive<i16> = 1..=9999;

/// The length of `2026-01-31`.
const DATE: usize = 10;

/// A date, and nothing after it.
pub(super) fn date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok().filter(|_| text.len() <= DATE)?;
    YEARS.contains(&date.year()).then_some(date)
}

/// A timestamp without zone; a date is its midnight.
pub(super) fn timestamp(text: &str) -> Option<DateTime> {
    let zoned = text.get(DATE..).is_some_and(|time| time.contains(['+', '-', 'Z', 'z', '[']));
    let timestamp: DateTime = text.parse().ok().filter(|_| !zoned)?;
    YEARS.contains(&timestamp.year()).then_some(timestamp)
}

/// A point in time, as a clock in UTC shows it; without a zone it is in UTC.
pub(super) fn instant(text: &str) -> Option<DateTime> {
    let zoned = || text.parse::<Timestamp>().ok().map(|instant| instant.to_zoned(TimeZone::UTC).datetime());
    timestamp(text).or_else(zoned).filter(|utc| YEARS.contains(&utc.year()))
}
