//! What a run moved, counted.

use sojourn_wire::message::prepare::EntityCounts;

use crate::store::Loaded;

/// What a run moved.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Rows that were put into the tables.
    pub rows: u64,
    /// Rows that were deleted.
    pub deletes: u64,
    /// Rows that came beneath unsettled work.
    pub set_aside: u64,
    /// Of these all, how many a session that was cut short had brought before.
    pub resumed: u64,
    /// Batches that came.
    pub batches: u32,
    /// How long the server worked on PrepareSync, in milliseconds.
    pub prepare_ms: u64,
    /// What PrepareSync counted, per entity in load order; of several sessions, together.
    pub entities: Vec<EntityCounts>,
    /// Rows that wait on the server: they changed meanwhile and the next run brings them, or are too large to be sent.
    pub pending: u64,
    /// Sessions: more than one when the device caught up with what changed meanwhile.
    pub rounds: u32,
    /// Sessions that were begun anew because a batch file arrived broken, or was not kept any more.
    pub retries: u32,
    /// Batches that had come and were lost from the device's spool, in words. A comparison with the server is due.
    pub lost: Vec<String>,
}

impl Moved {
    /// Adds a batch that is in the tables.
    pub(super) fn take(&mut self, loaded: &Loaded) {
        self.rows += loaded.rows;
        self.deletes += loaded.deletes;
        self.set_aside += loaded.rebased;
    }

    /// Adds another session of the same download.
    pub(super) fn add(&mut self, session: Self) {
        self.rows += session.rows;
        self.deletes += session.deletes;
        self.set_aside += session.set_aside;
        self.resumed += session.resumed;
        self.batches += session.batches;
        self.prepare_ms += session.prepare_ms;
        self.pending = session.pending;
        self.rounds += session.rounds;
        self.retries += session.retries;
        self.lost.extend(session.lost);
        session.entities.into_iter().for_each(|counts| self.count(counts));
    }

    fn count(&mut self, more: EntityCounts) {
        match self.entities.iter_mut().find(|known| known.object_type_code == more.object_type_code) {
            None => self.entities.push(more),
            Some(known) => {
                known.insert += more.insert;
                known.update += more.update;
                known.delete += more.delete;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_add_up() {
        let counts = |code, insert| EntityCounts {
            entity: format!("entity {code}"),
            object_type_code: code,
            insert,
            update: 1,
            delete: 0,
        };
        let session = |entities, pending| Moved { rows: 5, rounds: 1, pending, entities, ..Moved::default() };
        let mut total = Moved::default();
        total.add(session(vec![counts(1, 5), counts(2, 0)], 3));
        total.add(session(vec![counts(1, 2), counts(3, 1)], 0));
        assert_eq!((total.rows, total.rounds, total.pending), (10, 2, 0));
        let inserted: Vec<_> = total.entities.iter().map(|e| (e.object_type_code, e.insert, e.update)).collect();
        assert_eq!(inserted, [(1, 7, 2), (2, 0, 1), (3, 1, 1)]);
    }
}
