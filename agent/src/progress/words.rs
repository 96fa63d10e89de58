//! A reading in words.

use indicatif::HumanCount;

use super::course::Reading;

/// As a line: `moving data: 12,000 of 100,000 rows (12%), 93 KB/s, 80 s left`.
pub(super) fn line(what: &str, unit: &str, reading: Reading) -> String {
    let percent = (u128::from(reading.position) * 100).checked_div(reading.total.into()).unwrap_or(100);
    format!("{what}: {} ({percent}%){}", amount(unit, reading), pace(reading))
}

/// Beside a bar: `12,000 of 100,000 rows, 93 KB/s, 80 s left`.
pub(super) fn beside_a_bar(unit: &str, reading: Reading) -> String {
    format!("{}{}", amount(unit, reading), pace(reading))
}

fn amount(unit: &str, Reading { position, total, .. }: Reading) -> String {
    format!("{} of {} {unit}", HumanCount(position), HumanCount(total))
}

fn pace(Reading { bytes_per_second, seconds_left, .. }: Reading) -> String {
    let speed = bytes_per_second.map(|bytes| format!(", {}/s", bytes_in_words(bytes)));
    let left = seconds_left.map(|seconds| format!(", {} left", seconds_in_words(seconds)));
    speed.unwrap_or_default() + &left.unwrap_or_default()
}

/// In units of a thousand: `512 B`, `93 KB`, `1.2 MB`.
fn bytes_in_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn seconds_in_words(seconds: u64) -> String {
    match seconds {
        0..600 => format!("{seconds} s"),
        600..36_000 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(position: u64, bytes_per_second: Option<u64>, seconds_left: Option<u64>) -> Reading {
        Reading { position, total: 100_000, bytes_per_second, seconds_left }
    }

    #[test]
    fn a_line_says_rows_speed_and_time() {
        let said = line("moving data", "rows", reading(12_000, Some(93_400), Some(80)));
        assert_eq!(said, "moving data: 12,000 of 100,000 rows (12%), 93 KB/s, 80 s left");
    }

    #[test]
    fn what_is_not_known_is_not_said_and_nearly_all_is_not_all() {
        let said = line("playing back", "operations", reading(99_999, None, None));
        assert_eq!(said, "playing back: 99,999 of 100,000 operations (99%)");
    }

    #[test]
    fn units_grow() {
        assert_eq!([512, 93_400, 1_234_567].map(bytes_in_words), ["512 B", "93 KB", "1.2 MB"]);
        assert_eq!([0, 599, 601, 40_000].map(seconds_in_words), ["0 s", "599 s", "11 min", "12 h"]);
    }
}
