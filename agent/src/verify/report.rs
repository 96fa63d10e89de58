//! What a verification found, and what it repaired.

use serde::Serialize;
use uuid::Uuid;

use super::Differences;
use crate::download::Moved;

/// What came of comparing a device with its server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Rows on the device that were compared.
    pub rows: u64,
    /// Rows that differ, are missing, or are extra, when they were compared first.
    pub differences: u64,
    /// How many of these are as on the server now.
    pub repaired: u64,
    /// How many are not.
    pub left: u64,
    /// Rows that were left alone because they have operations that are not settled.
    pub left_alone: u64,
    /// How many questions the server was asked.
    pub questions: u64,
    /// Each entity, in load order.
    pub entities: Vec<Compared>,
    /// What the repair moved; none without one.
    pub moved: Option<Moved>,
}

/// One entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Its name.
    pub entity: String,
    /// Its object type code.
    pub object_type_code: i32,
    /// Its rows on the device.
    pub rows: u64,
    /// What was found, before any repair.
    #[serde(flatten)]
    pub found: Differences,
    /// Ids of rows here that are no object id, so that the server cannot know them; they are not repaired.
    pub strange: Vec<String>,
    /// Rows, here or deleted here, that were left alone because they have operations that are not settled.
    pub left_alone: u64,
    /// Rows that differ after the repair too.
    pub not_repaired: Vec<Uuid>,
}

impl Compared {
    /// An entity that is about to be compared.
    pub(super) fn new(entity: &str, object_type_code: i32, rows: u64) -> Self {
        Self {
            entity: entity.to_owned(),
            object_type_code,
            rows,
            found: Differences::default(),
            strange: Vec::new(),
            left_alone: 0,
            not_repaired: Vec::new(),
        }
    }
}

impl Verified {
    /// What was found; nothing is repaired yet.
    pub(super) fn of(entities: Vec<Compared>, questions: u64) -> Self {
        let mut verified = Self { entities, questions, ..Self::default() };
        verified.count();
        verified
    }

    /// Counts anew.
    pub(super) fn count(&mut self) {
        let sum = |of: &dyn Fn(&Compared) -> usize| self.entities.iter().map(of).sum::<usize>() as u64;
        let (found, strange) = (sum(&|e| e.found.repairable().count()), sum(&|e| e.strange.len()));
        let not_repaired = match self.moved {
            Some(_) => sum(&|e| e.not_repaired.len()),
            None => found,
        };
        self.rows = self.entities.iter().map(|entity| entity.rows).sum();
        self.left_alone = self.entities.iter().map(|entity| entity.left_alone).sum();
        self.differences = found + strange;
        self.left = not_repaired + strange;
        self.repaired = self.differences - self.left;
    }
}
