//! What a request's `Range` asks for of a file of known size. One range is served; several are, as RFC 9110 allows,
//! answered with the whole file, as is a range that is none.

use std::ops::Range;

use http_range_header::{EndPosition, RangeUnsatisfiableError, StartPosition, parse_range_header};

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The whole file.
    Whole,
    /// These bytes of it; at least one.
    Part(Range<u64>),
    /// No byte of it: it begins after the file's end.
    Nothing,
}

/// Reads the value of a `Range` header, for a file of so many bytes.
#[must_use]
pub fn wanted(header: &str, file_bytes: u64) -> Wanted {
    let ranges = match parse_range_header(header) {
        Ok(parsed) => parsed.ranges,
        // The last no bytes of a file are a range, that holds nothing.
        Err(RangeUnsatisfiableError::ZeroSuffix) => return Wanted::Nothing,
        Err(_) => return Wanted::Whole,
    };
    let [range] = ranges.as_slice() else { return Wanted::Whole };
    let end = match range.end {
        EndPosition::Index(last) => last.saturating_add(1).min(file_bytes),
        EndPosition::LastByte => file_bytes,
    };
    match (range.start, range.end) {
        (StartPosition::Index(first), EndPosition::Index(last)) if last < first => Wanted::Whole,
        (StartPosition::Index(first), _) if first >= file_bytes => Wanted::Nothing,
        (StartPosition::Index(first), _) => Wanted::Part(first..end),
        (StartPosition::FromLast(count), _) => Wanted::Part(file_bytes.saturating_sub(count)..end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_cut_to_the_file() {
        let cases = [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=10-19", Wanted::Part(10..20)),
            ("bytes=90-", Wanted::Part(90..100)),
            ("bytes=90-18446744073709551615", Wanted::Part(90..100)),
            ("bytes=-1", Wanted::Part(99..100)),
            ("bytes=-1000", Wanted::Part(0..100)),
            ("bytes=99-99", Wanted::Part(99..100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=100-200", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
        ];
        for (header, expected) in cases {
            assert_eq!(wanted(header, 100), expected, "{header}");
        }
    }

    #[test]
    fn what_is_no_single_range_is_answered_with_everything() {
        for header in ["", "bytes", "bytes=", "bytes=a-b", "bytes=9-5", "rows=0-5", "bytes=0-1,5-6", "bytes=--1", "1-2"]
        {
            assert_eq!(wanted(header, 100), Wanted::Whole, "{header}");
        }
    }
}
