//! Days since 2000-01-01 to a date of the proleptic Gregorian calendar, and its text.

use super::ascii::Ascii;

/// Days from 0000-03-01 to 2000-01-01.
const EPOCH_DAY: i64 = 730_425;
const DAYS_PER_ERA: i64 = 146_097;

/// A calendar date. Year 0 is 1 BC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: u8,
    pub(super) day: u8,
}

impl Date {
    /// The date so many days after 2000-01-01 (any that an `i64` of microseconds can reach).
    ///
    /// Counts in eras of 400 years from 1 March, so that the leap day ends a year.
    pub(super) fn from_days(days: i64) -> Self {
        let days = days + EPOCH_DAY;
        let era = days.div_euclid(DAYS_PER_ERA);
        let day_of_era = days.rem_euclid(DAYS_PER_ERA);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Self { year, month: month as u8, day: day as u8 }
    }

    pub(super) fn is_bc(self) -> bool {
        self.year <= 0
    }

    /// Writes `year-month-day` without the era.
    pub(super) fn write(self, out: &mut Ascii) {
        let year = if self.is_bc() { 1 - self.year } else { self.year };
        out.push_year(year as u32);
        out.push(b'-');
        out.push_two(self.month.into());
        out.push(b'-');
        out.push_two(self.day.into());
    }
}
