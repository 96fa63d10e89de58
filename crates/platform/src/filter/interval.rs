//! Intervals: units in words, as Postgres reads them whatever its settings.

use std::fmt;

/// The units, from the longest, and how many of each are allowed.
const UNITS: [(&str, i64); 7] = [
    ("year", 1_000),
    ("month", 12_000),
    ("week", 52_000),
    ("day", 366_000),
    ("hour", 1_000_000),
    ("minute", 1_000_000),
    ("second", 1_000_000),
];
const SHORT: [(&str, &str); 10] = [
    ("y", "year"),
    ("yr", "year"),
    ("mon", "month"),
    ("w", "week"),
    ("d", "day"),
    ("h", "hour"),
    ("hr", "hour"),
    ("min", "minute"),
    ("sec", "second"),
    ("s", "second"),
];

/// How many of each unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Interval([i64; UNITS.len()]);

/// Why a text is no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoInterval {
    Unreadable,
    TooLong,
}

impl Interval {
    /// Reads `7 days`, `-1 month`, `1 year 2 months`; a unit may come once.
    pub(super) fn parse(text: &str) -> Result<Self, NoInterval> {
        let spaced = spaced(text);
        let mut words = spaced.split_whitespace();
        let mut counts = [None; UNITS.len()];
        while let Some(number) = words.next() {
            let unit = words.next().and_then(unit).ok_or(NoInterval::Unreadable)?;
            let count = count(number)?;
            if count.abs() > UNITS[unit].1 {
                return Err(NoInterval::TooLong);
            }
            if counts[unit].replace(count).is_some() {
                return Err(NoInterval::Unreadable);
            }
        }
        if counts.iter().all(Option::is_none) {
            return Err(NoInterval::Unreadable);
        }
        Ok(Self(counts.map(Option::unwrap_or_default)))
    }

    pub(super) fn negated(self) -> Self {
        Self(self.0.map(|count| -count))
    }

    pub(super) fn is_zero(self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

/// `36hours` is `36 hours`.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + 8);
    let mut digit = false;
    for c in text.chars() {
        if digit && c.is_ascii_alphabetic() {
            spaced.push(' ');
        }
        digit = c.is_ascii_digit();
        spaced.push(c);
    }
    spaced
}

fn unit(word: &str) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    let word = if word.len() > 1 { word.strip_suffix('s').unwrap_or(&word) } else { &word };
    let name = SHORT.iter().find(|(short, _)| *short == word).map_or(word, |(_, name)| name);
    UNITS.iter().position(|(unit, _)| *unit == name)
}

fn count(number: &str) -> Result<i64, NoInterval> {
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NoInterval::Unreadable);
    }
    number.parse().map_err(|_| NoInterval::TooLong)
}

/// Every count has its sign as soon as one is negative: with the setting `intervalstyle = sql_standard` a first minus
/// alone would count for all.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed = self.0.iter().any(|count| *count < 0);
        let mut between = "";
        for (count, (unit, _)) in self.0.iter().zip(UNITS).filter(|(count, _)| **count != 0) {
            let plural = if count.abs() == 1 { "" } else { "s" };
            if signed {
                write!(f, "{between}{count:+} {unit}{plural}")?;
            } else {
                write!(f, "{between}{count} {unit}{plural}")?;
            }
            between = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_as_they_are_written() {
        let good = [
            ("7 days", "7 days"),
            ("1 day", "1 day"),
            ("-1 month", "-1 month"),
            ("36hours", "36 hours"),
            ("1 year 2 months", "1 year 2 months"),
            ("2 mons 1 yr", "1 year 2 months"),
            ("-1 year 2 months", "-1 year +2 months"),
            ("+3 WEEKS", "3 weeks"),
            ("5 s", "5 seconds"),
            ("0 days", ""),
        ];
        for (text, canonical) in good {
            let interval = Interval::parse(text).expect(text);
            assert_eq!(interval.to_string(), canonical, "{text}");
            assert!(interval.is_zero() || Interval::parse(canonical) == Ok(interval), "{text}");
        }
        for bad in
            ["", " ", "7", "days", "7 fortnights", "1.5 days", "1 day 2 days", "- 1 day", "P1D", "1 day ago", "1:00"]
        {
            assert_eq!(Interval::parse(bad), Err(NoInterval::Unreadable), "{bad}");
        }
        for long in ["1001 years", "1000001 seconds", "99999999999999999999 days", "-12001 months"] {
            assert_eq!(Interval::parse(long), Err(NoInterval::TooLong), "{long}");
        }
    }
}
