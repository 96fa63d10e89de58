//! How large batches are (the documents' dynamic batching): the device says, within the ceilings of the service. Pure.

use crate::plan::Step;

/// The most a batch may hold, whatever a device wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceiling {
    /// The most rows.
    pub rows: u32,
    /// No row is added beyond this many bytes, as Postgres sent them; a single larger row is a batch of its own.
    pub bytes: u64,
    /// A row of more bytes is left out: devices would refuse its batch.
    pub row_bytes: u64,
}

/// What a device wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    /// The most rows of the first batch of each entity.
    pub rows: Option<u32>,
    /// The most bytes of a batch.
    pub bytes: Option<u64>,
    /// The most rows from now on of these batches; it has received one of them.
    pub paced: Option<(Step, u32)>,
}

/// Rows that one query reads at most, and at least where that many wait: short queries cost several times as much a row.
const QUERY_ROWS: (u32, u32) = (2_000, 100_000);
/// Batches that one query is cut into, as far as the limits allow: what a device has not asked for yet may be read in
/// vain.
const BATCHES_OF_QUERY: u32 = 8;
/// Rows that one query reads at most of a table that is wanted almost whole, for a device that keeps up: it reads the
/// table once and sorts. Their keys are in memory, at 24 bytes each.
const SWEEP_ROWS: u32 = 500_000;

impl Wish {
    /// What the next batch of a step may hold.
    #[must_use]
    pub fn within(&self, ceiling: Ceiling, step: Step) -> Ceiling {
        let paced = self.paced.and_then(|(paced, rows)| (paced == step).then_some(rows));
        let rows = paced.or(self.rows).unwrap_or(ceiling.rows);
        let bytes = self.bytes.unwrap_or(ceiling.bytes);
        Ceiling { rows: rows.clamp(1, ceiling.rows), bytes: bytes.clamp(1, ceiling.bytes), ..ceiling }
    }
}

/// How the rows of a query are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Each by its key.
    Keys,
    /// All that lie between the first and the last, in key order.
    Range,
    /// As a range, but of so many rows that reading the table in its own order and sorting costs a quarter.
    Sweep,
}

impl Reach {
    /// How rows are best reached, where this share of the table is wanted. To read a row in passing costs a tenth of
    /// looking for it. A device that does not keep up makes a query be left in the middle: then it should be a small one.
    #[must_use]
    pub fn of(share: f64, device_is_slow: bool) -> Self {
        match device_is_slow {
            false if share > 0.125 => Self::Sweep,
            true if share > 0.5 => Self::Range,
            _ => Self::Keys,
        }
    }

    /// How many keys one query picks for batches of so many rows.
    #[must_use]
    pub fn query_rows(self, batch_rows: u32) -> u32 {
        let (least, most) = QUERY_ROWS;
        match self {
            Self::Sweep => SWEEP_ROWS.max(batch_rows),
            Self::Keys | Self::Range => batch_rows.saturating_mul(BATCHES_OF_QUERY).clamp(least, most.max(batch_rows)),
        }
    }
}

#[cfg(test)]
mod tests {
    use sojourn_wire::message::batch::BatchKind;

    use super::*;

    const CEILING: Ceiling = Ceiling { rows: 50_000, bytes: 1000, row_bytes: 500 };

    fn step(object_type_code: i32) -> Step {
        Step { kind: BatchKind::Rows, object_type_code }
    }

    #[test]
    fn a_device_decides_within_the_ceiling() {
        assert_eq!(Wish::default().within(CEILING, step(1)), CEILING);
        let wish = Wish { rows: Some(100), bytes: Some(0), paced: Some((step(1), 200)) };
        assert_eq!(wish.within(CEILING, step(1)), Ceiling { rows: 200, bytes: 1, row_bytes: 500 });
        assert_eq!(wish.within(CEILING, step(2)).rows, 100);
        let greedy = Wish { rows: Some(u32::MAX), bytes: Some(u64::MAX), paced: None };
        assert_eq!(greedy.within(CEILING, step(1)), CEILING);
        let nothing = Wish { rows: Some(0), ..Wish::default() };
        assert_eq!(nothing.within(CEILING, step(1)).rows, 1);
    }

    #[test]
    fn what_is_wanted_almost_whole_is_read_whole() {
        let reaches = [0.0, 0.1, 0.3, 0.9].map(|share| (Reach::of(share, false), Reach::of(share, true)));
        let [nothing, few, some, most] = reaches;
        assert_eq!([nothing, few], [(Reach::Keys, Reach::Keys); 2]);
        assert_eq!(some, (Reach::Sweep, Reach::Keys));
        assert_eq!(most, (Reach::Sweep, Reach::Range));
    }

    #[test]
    fn a_query_is_several_batches_and_never_less_than_one() {
        for reach in [Reach::Keys, Reach::Range] {
            let rows = [1, 10_000, 50_000, 1_000_000].map(|rows| reach.query_rows(rows));
            assert_eq!(rows, [2_000, 80_000, 100_000, 1_000_000]);
        }
        assert_eq!([1, 1_000_000].map(|rows| Reach::Sweep.query_rows(rows)), [500_000, 1_000_000]);
    }
}
