//! Which stored parts hold a range of a file's bytes, and which bytes of each.

use std::ops::Range;

use sojourn_wire::batch::PART_BYTES;

/// What is wanted of one stored part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The part's number, from 0.
    pub part: u32,
    /// How many bytes the part must have; it is another file's if it has not.
    pub stored: usize,
    /// The bytes wanted.
    pub bytes: Range<usize>,
}

/// The pieces that make up `range` of a file of so many bytes, in order. `range` must be inside the file.
pub fn pieces(range: Range<u64>, file_bytes: u64) -> impl Iterator<Item = Piece> + Send + use<> {
    let size = PART_BYTES as u64;
    (range.start / size..range.end.div_ceil(size)).map(move |number| {
        let begin = number * size;
        let end = file_bytes.min(begin + size);
        let within = |at: u64| (at.clamp(begin, end) - begin) as usize;
        Piece {
            part: u32::try_from(number).unwrap_or(u32::MAX),
            stored: within(end),
            bytes: within(range.start)..within(range.end),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sojourn_wire::batch::split;

    fn file(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|at| (at % 251) as u8).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_pieces_of_a_range_are_the_range(
            bytes in 1..4 * PART_BYTES + 3,
            (from, to) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let file = file(bytes);
            let parts: Vec<&[u8]> = split(&file, PART_BYTES).collect();
            let (from, to) = (from.index(bytes), to.index(bytes));
            let range = from.min(to)..from.max(to) + 1;
            let mut joined = Vec::new();
            for piece in pieces(range.start as u64..range.end as u64, bytes as u64) {
                let part = parts[piece.part as usize];
                prop_assert_eq!(part.len(), piece.stored);
                prop_assert!(!piece.bytes.is_empty());
                joined.extend_from_slice(&part[piece.bytes]);
            }
            prop_assert_eq!(&joined[..], &file[range]);
        }
    }

    #[test]
    fn only_the_parts_that_are_needed_are_named() {
        let size = PART_BYTES as u64;
        let numbers = |range: Range<u64>| pieces(range, 3 * size).map(|piece| piece.part).collect::<Vec<_>>();
        assert_eq!(numbers(0..1), [0]);
        assert_eq!(numbers(size - 1..size), [0]);
        assert_eq!(numbers(size - 1..size + 1), [0, 1]);
        assert_eq!(numbers(2 * size..3 * size), [2]);
        assert_eq!(numbers(0..3 * size), [0, 1, 2]);
    }
}
