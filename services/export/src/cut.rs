//! Cuts the rows of one query into batches as they stream. Pure.

use std::iter::Peekable;

use sojourn_wire::batch::{BatchError, BatchWriter};
use uuid::Uuid;

use crate::file::Range;
use crate::pace::Ceiling;
use crate::plan::{Place, Position};

/// The rows of one query, under way.
#[derive(Debug)]
pub struct Cutter {
    attributes: Vec<u32>,
    keys: Peekable<std::vec::IntoIter<Position>>,
    place: Place,
    reached: Option<Position>,
    skipped: Vec<Uuid>,
    writer: BatchWriter,
}

/// A batch that is full, or the last of its query.
#[derive(Debug)]
pub struct Piece {
    /// Where it begins.
    pub place: Place,
    /// What it covers.
    pub range: Range,
    /// Its rows.
    pub writer: BatchWriter,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It is in the batch.
    Shipped,
    /// It is larger than a device accepts, and left out.
    TooLarge,
}

impl Cutter {
    /// Cuts what comes of these keys, in their order, after `place`.
    ///
    /// # Errors
    /// When these cannot be the attributes of a batch.
    pub fn new(attributes: Vec<u32>, keys: Vec<Position>, place: Place) -> Result<Self, BatchError> {
        let writer = BatchWriter::for_rows(attributes.clone())?;
        Ok(Self { attributes, keys: keys.into_iter().peekable(), place, reached: None, skipped: Vec::new(), writer })
    }

    /// Whether a row is one of the keys, which are in order of ids: where a whole range is read, others come too.
    pub fn wants(&mut self, id: Uuid) -> bool {
        while let Some(gone) = self.keys.next_if(|key| key.object_id < id) {
            self.reached = Some(gone);
            self.skipped.push(gone.object_id);
        }
        self.keys.peek().is_some_and(|key| key.object_id == id)
    }

    /// The batch that is full before a row of so many bytes is added.
    ///
    /// # Errors
    /// Never: the attributes were good before.
    pub fn full(&mut self, bytes: u64, ceiling: Ceiling) -> Result<Option<Piece>, BatchError> {
        let rows = self.writer.rows();
        let full = rows >= ceiling.rows || rows > 0 && self.writer.raw_bytes() + bytes > ceiling.bytes;
        match self.reached {
            Some(to) if full => self.cut(to).map(Some),
            _ => Ok(None),
        }
    }

    /// Adds a row, as COPY sent it. Keys before it did not come: they are skipped.
    ///
    /// # Errors
    /// When it cannot be in a batch.
    pub fn push(&mut self, id: Uuid, tuple: &[u8], ceiling: Ceiling) -> Result<Pushed, BatchError> {
        for key in self.keys.by_ref() {
            self.reached = Some(key);
            if key.object_id == id {
                break;
            }
            self.skipped.push(key.object_id);
        }
        if tuple.len() as u64 > ceiling.row_bytes {
            self.skipped.push(id);
            return Ok(Pushed::TooLarge);
        }
        self.writer.push_copy_row(tuple)?;
        Ok(Pushed::Shipped)
    }

    /// What is left when the last row has come. `None` when there were no keys.
    ///
    /// # Errors
    /// Never: the attributes were good before.
    pub fn rest(mut self) -> Result<Option<Piece>, BatchError> {
        for key in self.keys.by_ref() {
            self.reached = Some(key);
            self.skipped.push(key.object_id);
        }
        self.reached.map(|to| self.cut(to)).transpose()
    }

    fn cut(&mut self, to: Position) -> Result<Piece, BatchError> {
        let writer = std::mem::replace(&mut self.writer, BatchWriter::for_rows(self.attributes.clone())?);
        let place = self.place;
        self.place.after = Some(to);
        self.reached = None;
        Ok(Piece { place, range: Range { to, skipped: std::mem::take(&mut self.skipped) }, writer })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sojourn_wire::message::batch::BatchKind;

    use super::*;
    use crate::plan::Step;

    const PLACE: Place = Place { step: Step { kind: BatchKind::Rows, object_type_code: 1 }, after: None };

    fn id(number: u32) -> Uuid {
        Uuid::from_u128(number.into())
    }

    /// One field, the id, and bytes to fill it up.
    fn tuple(id: Uuid, filling: usize) -> Vec<u8> {
        let mut tuple = 2_i16.to_be_bytes().to_vec();
        tuple.extend(16_i32.to_be_bytes());
        tuple.extend(id.as_bytes());
        tuple.extend(i32::try_from(filling).expect("small").to_be_bytes());
        tuple.extend(vec![7; filling]);
        tuple
    }

    /// The pieces of a query whose keys are these and of whose rows some do not come.
    fn pieces(keys: &[u32], hidden: &[u32], sizes: &[usize], ceiling: Ceiling) -> Vec<Piece> {
        let positions = keys.iter().map(|key| Position { prepare_seq: 1, object_id: id(*key) }).collect();
        let mut cutter = Cutter::new(vec![1, 2], positions, PLACE).expect("two attributes");
        let mut pieces = Vec::new();
        for (key, size) in keys.iter().zip(sizes.iter().cycle()).filter(|(key, _)| !hidden.contains(key)) {
            let tuple = tuple(id(*key), *size);
            pieces.extend(cutter.full(tuple.len() as u64, ceiling).expect("it is cut"));
            cutter.push(id(*key), &tuple, ceiling).expect("it fits");
        }
        pieces.extend(cutter.rest().expect("it is cut"));
        pieces
    }

    proptest! {
        #[test]
        fn every_key_is_shipped_or_skipped_once_and_in_order(
            count in 0..60_u32,
            hidden in proptest::collection::vec(0..60_u32, 0..20),
            sizes in proptest::collection::vec(0..200_usize, 1..10),
            rows in 1..12_u32,
            bytes in 1..600_u64,
        ) {
            let keys: Vec<u32> = (0..count).collect();
            let ceiling = Ceiling { rows, bytes, row_bytes: 150 };
            let pieces = pieces(&keys, &hidden, &sizes, ceiling);
            let mut after = None;
            let (mut shipped, mut skipped) = (0, Vec::new());
            for piece in &pieces {
                prop_assert_eq!(piece.place.after, after);
                after = Some(piece.range.to);
                prop_assert!(piece.writer.rows() <= rows);
                prop_assert!(piece.writer.rows() <= 1 || piece.writer.raw_bytes() <= bytes);
                prop_assert!(piece.range.skipped.iter().all(|key| *key <= piece.range.to.object_id));
                shipped += piece.writer.rows();
                skipped.extend(piece.range.skipped.clone());
            }
            prop_assert_eq!(shipped as usize + skipped.len(), keys.len());
            prop_assert!(skipped.is_sorted());
            prop_assert_eq!(after.map(|at| at.object_id), keys.last().map(|key| id(*key)));
        }
    }

    #[test]
    fn a_row_that_is_too_large_is_skipped_and_the_next_is_not() {
        let ceiling = Ceiling { rows: 10, bytes: 1000, row_bytes: 100 };
        let pieces = pieces(&[1, 2, 3], &[], &[1, 200, 1], ceiling);
        assert_eq!(pieces.len(), 1);
        assert_eq!((pieces[0].writer.rows(), pieces[0].range.skipped.clone()), (2, vec![id(2)]));
    }
}
