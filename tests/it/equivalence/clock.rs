//! The clock of a story: it stands, runs and jumps, now and then a little backwards.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::chance::Chance;

/// Where stories begin.
const BEGINNING: &str = "2026-01-20T10:00:00Z";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The clock.
pub struct Clock(pub Timestamp);

impl Clock {
    /// The clock at a story's beginning.
    pub fn new() -> Self {
        Self(BEGINNING.parse().expect("a time"))
    }

    /// Some time passes.
    pub fn pass(&mut self, chance: &mut Chance) {
        let micros = match chance.below(20) {
            0..=4 => 0,
            5..=7 => chance.between(1, 5_000_000),
            8..=11 => chance.between(HOUR, 30 * HOUR) * 1_000_000,
            12..=13 => chance.pick(&[1, 3, 7, 30]) * DAY * 1_000_000,
            14 => chance.between(DAY, 40 * DAY) * 1_000_000,
            15..=17 => return self.go_to_end_of_month(chance),
            _ => -chance.between(1, 3 * HOUR * 1_000_000),
        };
        // Postgres knows no nanoseconds, and rounds.
        self.0 += SignedDuration::from_micros(micros) + SignedDuration::from_nanos(chance.pick(&[0, 0, 1, 499, 500]));
    }

    /// The last days of a month, of which a month before some have no counterpart.
    fn go_to_end_of_month(&mut self, chance: &mut Chance) {
        let now = self.0.to_zoned(TimeZone::UTC);
        let last = now.last_of_month().expect("months end").start_of_day().expect("a day").timestamp();
        let at = last + SignedDuration::from_secs(chance.between(-2 * DAY, DAY));
        let late = at.duration_since(self.0) < SignedDuration::from_hours(-5);
        self.0 = if late { self.0 + SignedDuration::from_hours(20 * 24) } else { at };
    }

    /// A time that filters will meet: close to what they compare with, or anywhere near.
    pub fn near(&self, chance: &mut Chance) -> Timestamp {
        let days = chance.pick(&[-31, -30, -28, -14, -7, -7, -3, -1, 0, 0, 1, 3, 7]);
        let off = match chance.below(4) {
            0 => 0,
            1 => chance.between(-10_000_000, 10_000_000),
            2 => chance.between(-30 * HOUR, 30 * HOUR) * 1_000_000,
            _ => chance.between(-10 * DAY, 10 * DAY) * 1_000_000,
        };
        self.0 + SignedDuration::from_micros(days * DAY * 1_000_000 + off)
    }
}
