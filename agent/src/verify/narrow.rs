//! Finding the rows that differ with few questions: ranges whose digests differ are cut into smaller ones, and small
//! ones are compared row by row. Pure: it decides what to ask, and takes the answers of both sides.

use std::collections::VecDeque;

use sojourn_wire::message::verify::{KeyRange, MAX_VERIFY_ITEMS, RangeDigest};
use uuid::Uuid;

use crate::store::HeldRange;

/// A range of so many rows on both sides is compared row by row.
pub const LEAF: u64 = 64;
/// The most ranges in one question: a request is at most 64 KB.
pub const MOST_RANGES: usize = 512;
/// Into how many parts a range is cut where the device has too few rows to say where.
const PARTS: u128 = 16;

/// What to ask both sides next. The ranges are in key order and do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// One digest for each range: [`Narrowing::compared`] takes the answers.
    Ranges(Vec<KeyRange>),
    /// Every row of the ranges.
    Rows(Vec<KeyRange>),
}

/// Where the search in one entity stands.
#[derive(Debug, Clone)]
pub struct Narrowing {
    /// To be compared.
    ranges: VecDeque<KeyRange>,
    /// They differ, and have so many rows on the side that has more: to be compared row by row.
    leaves: VecDeque<(KeyRange, u64)>,
}

impl Narrowing {
    /// A search in all rows.
    #[must_use]
    pub fn of_all() -> Self {
        Self { ranges: VecDeque::from([KeyRange { after: None, to: None }]), leaves: VecDeque::new() }
    }

    /// A look at these rows only.
    #[must_use]
    pub fn of_rows(ids: impl IntoIterator<Item = Uuid>) -> Self {
        let only = |id: Uuid| (KeyRange { after: before(id), to: Some(id) }, 1);
        Self { ranges: VecDeque::new(), leaves: ids.into_iter().map(only).collect() }
    }

    /// What to ask next; nothing when everything that differs was asked about.
    pub fn next_question(&mut self) -> Option<Question> {
        if !self.ranges.is_empty() {
            let asked = self.ranges.drain(..self.ranges.len().min(MOST_RANGES)).collect();
            return Some(Question::Ranges(in_key_order(asked)));
        }
        let (mut asked, mut rows) = (Vec::new(), 0);
        while let Some((range, more)) = self.leaves.pop_front() {
            rows += more.max(1);
            if !asked.is_empty() && (rows > MAX_VERIFY_ITEMS as u64 || asked.len() == MOST_RANGES) {
                self.leaves.push_front((range, more));
                break;
            }
            asked.push(range);
        }
        (!asked.is_empty()).then(|| Question::Rows(in_key_order(asked)))
    }

    /// Takes what both sides hold of the ranges that were asked about.
    pub fn compared(&mut self, asked: &[KeyRange], held: &[HeldRange], server: &[RangeDigest]) {
        for ((range, held), server) in asked.iter().zip(held).zip(server) {
            if held.digest.to_string() == server.digest {
                continue;
            }
            let rows = held.rows.max(server.rows);
            let (first, last) = bounds(*range);
            if rows <= LEAF || last - first < PARTS {
                self.leaves.push_back((*range, rows));
            } else {
                self.ranges.extend(cut(*range, &cuts(*range, held)));
            }
        }
    }
}

/// The keys that end the parts of a range: some of the device's own, or evenly spaced where it has few.
fn cuts(range: KeyRange, held: &HeldRange) -> Vec<Uuid> {
    if u128::from(held.rows) >= PARTS {
        return held.cuts.clone();
    }
    let (first, last) = bounds(range);
    let width = (last - first) / PARTS;
    (1..PARTS).map(|part| Uuid::from_u128(first + width * part)).collect()
}

/// Parts of a range, each ending with one of `cuts`, and the rest.
fn cut(range: KeyRange, cuts: &[Uuid]) -> Vec<KeyRange> {
    let mut parts = Vec::with_capacity(cuts.len() + 1);
    let mut after = range.after;
    for cut in cuts.iter().copied().filter(|cut| range.to != Some(*cut)) {
        parts.push(KeyRange { after, to: Some(cut) });
        after = Some(cut);
    }
    parts.push(KeyRange { after, to: range.to });
    parts
}

/// The least and the greatest key of a range, as numbers.
fn bounds(KeyRange { after, to }: KeyRange) -> (u128, u128) {
    let last = to.map_or(u128::MAX, |key| key.as_u128());
    let first = after.map_or(0, |key| key.as_u128().saturating_add(1));
    (first.min(last), last)
}

fn before(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_sub(1).map(Uuid::from_u128)
}

fn in_key_order(mut ranges: Vec<KeyRange>) -> Vec<KeyRange> {
    ranges.sort_unstable_by_key(|range| range.after);
    ranges
}

#[cfg(test)]
mod tests;
