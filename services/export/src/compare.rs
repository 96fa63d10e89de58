//! What a verification is answered with: digests of rows by key range, as the device holds them. Pure.

use std::collections::BTreeMap;

use sojourn_platform::entities::Table;
use sojourn_wire::batch::{Digest, RangeHasher, ValueType};
use sojourn_wire::message::verify::{KeyRange, MAX_VERIFY_ITEMS, RangeDigest, RowDigest};
use uuid::Uuid;

/// A range by its least and its greatest key, both within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub first: Uuid,
    /// The greatest.
    pub last: Uuid,
}

/// The bounds of ranges; those that no key can be in are left empty.
///
/// # Errors
/// Words for the user, when they are too many, overlap, or are not in order.
pub fn bounds(ranges: &[KeyRange]) -> Result<Vec<Bounds>, String> {
    if ranges.len() > MAX_VERIFY_ITEMS {
        let asked = ranges.len();
        return Err(format!(
            "{asked} ranges are more than the {MAX_VERIFY_ITEMS} of one question: update sojourn-agent"
        ));
    }
    let in_order = ranges.windows(2).all(|pair| pair[0].to.is_some() && pair[0].to <= pair[1].after);
    if !in_order || ranges.iter().any(|range| range.to.is_some() && range.to <= range.after) {
        return Err("the ranges are empty, overlap, or are not in order: update sojourn-agent".to_owned());
    }
    let first = |after: Uuid| Uuid::from_u128(after.as_u128().saturating_add(1));
    let bounds = |range: &KeyRange| Bounds {
        first: range.after.map_or(Uuid::nil(), first),
        last: range.to.unwrap_or(Uuid::max()),
    };
    Ok(ranges.iter().map(bounds).collect())
}

/// What the bytes of a table's columns are, as they are read.
#[must_use]
pub fn types(table: &Table) -> Vec<ValueType> {
    table.columns.iter().map(|column| column.attribute.data_type.into()).collect()
}

/// Digests of ranges, from their rows in key order.
#[derive(Debug)]
pub struct RangeDigests {
    bounds: Vec<Bounds>,
    digests: Vec<Digest>,
    hasher: RangeHasher,
}

impl RangeDigests {
    /// Before the first row.
    #[must_use]
    pub fn of(bounds: &[Bounds]) -> Self {
        Self { bounds: bounds.to_vec(), digests: Vec::with_capacity(bounds.len()), hasher: RangeHasher::new() }
    }

    /// Takes the next row.
    pub fn push(&mut self, id: Uuid, row: Digest) {
        while self.bounds.get(self.digests.len()).is_some_and(|bounds| id > bounds.last) {
            self.digests.push(self.hasher.finish());
        }
        self.hasher.push(row);
    }

    /// The answer, with how many entries each range has: those that were not read among them.
    #[must_use]
    pub fn answer(mut self, entries: &[u64]) -> Vec<RangeDigest> {
        while self.digests.len() < self.bounds.len() {
            self.digests.push(self.hasher.finish());
        }
        let range = |(digest, rows): (&Digest, &u64)| RangeDigest { rows: *rows, digest: digest.to_string() };
        self.digests.iter().zip(entries).map(range).collect()
    }
}

/// Every row that the device should hold: those that were read have a digest, the others changed or were hidden since.
#[must_use]
pub fn row_digests(entries: &[Uuid], read: &BTreeMap<Uuid, Digest>) -> Vec<RowDigest> {
    let row = |id: &Uuid| RowDigest { object_id: *id, digest: read.get(id).map(ToString::to_string) };
    entries.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_wire::batch::{RowHasher, Value};

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn range(after: u128, to: u128) -> KeyRange {
        KeyRange { after: Some(id(after)), to: Some(id(to)) }
    }

    fn digest(value: i64) -> Digest {
        let mut hasher = RowHasher::new();
        hasher.push(Value::Integer(value), ValueType::Int8);
        hasher.finish()
    }

    #[test]
    fn ranges_have_bounds_and_an_order() {
        let open = |after: Option<u128>, to: Option<u128>| KeyRange { after: after.map(id), to: to.map(id) };
        let all = bounds(&[open(None, None)]).expect("all keys");
        assert_eq!(all, [Bounds { first: Uuid::nil(), last: Uuid::max() }]);
        let two = bounds(&[open(None, Some(5)), open(Some(5), None)]).expect("in order");
        assert_eq!((two[0].last, two[1].first), (id(5), id(6)));
        assert_eq!(bounds(&[]), Ok(vec![]));
        let wrong = [
            vec![range(5, 9), range(1, 2)],
            vec![range(1, 5), range(4, 9)],
            vec![range(5, 5)],
            vec![range(6, 5)],
            vec![open(None, None), range(1, 2)],
            vec![range(1, 2); MAX_VERIFY_ITEMS + 1],
        ];
        for ranges in wrong {
            assert!(bounds(&ranges).is_err(), "{:?}", &ranges[..1]);
        }
    }

    #[test]
    fn each_row_counts_in_its_range() {
        let asked = bounds(&[range(0, 10), range(10, 20), range(30, 40), range(50, 60)]).expect("in order");
        let mut digests = RangeDigests::of(&asked);
        for row in [5, 10, 35, 36] {
            digests.push(id(row), digest(row as i64));
        }
        let of = |rows: &[i64]| {
            let mut hasher = RangeHasher::new();
            rows.iter().for_each(|row| hasher.push(digest(*row)));
            hasher.finish().to_string()
        };
        let answer = digests.answer(&[3, 0, 2, 1]);
        let expected = [(3, of(&[5, 10])), (0, of(&[])), (2, of(&[35, 36])), (1, of(&[]))];
        assert_eq!(answer, expected.map(|(rows, digest)| RangeDigest { rows, digest }));
    }

    #[test]
    fn rows_that_were_not_read_have_no_digest() {
        let rows = row_digests(&[id(1), id(2)], &BTreeMap::from([(id(2), digest(2))]));
        assert_eq!(rows[0], RowDigest { object_id: id(1), digest: None });
        assert_eq!(rows[1], RowDigest { object_id: id(2), digest: Some(digest(2).to_string()) });
    }
}
