//! What a session moved, entity by entity, and how long each stage took: the device's half of *RecordSyncInfo*. Pure:
//! moments are counted from the session's beginning, and come in as arguments.

use std::collections::HashMap;
use std::time::Duration;

use sojourn_wire::message::batch::{BatchKind, BatchOutcome};
use sojourn_wire::message::sync_info::{EntitySyncInfo, SyncInfo};

use crate::store::Loaded;

/// A batch of which export has spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Batch {
    /// The entity.
    pub(super) object_type_code: i32,
    /// What it holds.
    pub(super) kind: BatchKind,
    /// How many rows or ids.
    pub(super) rows: u32,
    /// The size of its file.
    pub(super) bytes: u64,
    /// How long its manifest was awaited.
    waited: Duration,
}

/// The books of one session.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    awaited: HashMap<u32, Duration>,
    batches: HashMap<u32, Batch>,
    /// The last batch that is durable.
    durable: u32,
    info: SyncInfo,
}

impl Recorder {
    /// A batch's manifest is awaited from now on.
    pub(super) fn awaiting(&mut self, batch: u32, at: Duration) {
        self.awaited.insert(batch, at);
    }

    /// Export has said what the batch is.
    pub(super) fn described(&mut self, batch: u32, outcome: &BatchOutcome, at: Duration) {
        let began = self.awaited.remove(&batch).unwrap_or(at);
        let BatchOutcome::Ready { object_type_code, content: kind, rows, bytes, row_bytes, server, .. } = *outcome
        else {
            return;
        };
        let waited = at.saturating_sub(began);
        self.batches.insert(batch, Batch { object_type_code, kind, rows, bytes, waited });
        let entity = self.entity(object_type_code, began);
        entity.row_bytes += row_bytes;
        entity.server.read_us += server.read_us;
        entity.server.encode_us += server.encode_us;
        entity.server.store_us += server.store_us;
    }

    /// Its file is complete; `retries` parts were asked for again. Answers how long the device has waited and worked for
    /// it.
    pub(super) fn fetched(&mut self, batch: u32, took: Duration, retries: u32) -> Option<(Batch, Duration)> {
        let described = self.of(batch)?;
        let entity = self.entity(described.object_type_code, Duration::ZERO);
        entity.wire_bytes += described.bytes;
        entity.retries += retries;
        entity.device.fetch_us += micros(took);
        Some((described, described.waited + took))
    }

    /// Its file was checked and decoded.
    pub(super) fn checked(&mut self, batch: u32, took: Duration) {
        if let Some(described) = self.of(batch) {
            self.entity(described.object_type_code, Duration::ZERO).device.decode_us += micros(took);
        }
    }

    /// It is durable, loaded or spooled.
    pub(super) fn durable(&mut self, batch: u32, took: Duration, at: Duration) -> Option<Batch> {
        self.durable = batch;
        let described = self.of(batch)?;
        let entity = self.entity(described.object_type_code, at);
        entity.batches += 1;
        entity.device.load_us += micros(took);
        self.committed(described.object_type_code, at);
        Some(described)
    }

    /// Rows of an entity were put into its table.
    pub(super) fn loaded(&mut self, object_type_code: i32, loaded: &Loaded, at: Duration) {
        let entity = self.entity(object_type_code, at);
        entity.rows += loaded.rows;
        entity.deletes += loaded.deletes;
        entity.set_aside += loaded.rebased;
    }

    /// Rows of an entity left the spool, which took so long.
    pub(super) fn applied(&mut self, object_type_code: i32, took: Duration, at: Duration) {
        self.entity(object_type_code, at).device.load_us += micros(took);
        self.committed(object_type_code, at);
    }

    /// The run failed for a file: the foremost that is on its way is begun anew by the next session.
    pub(super) fn begun_anew(&mut self) {
        if let Some(described) = self.of(self.durable + 1) {
            self.entity(described.object_type_code, Duration::ZERO).retries += 1;
        }
    }

    /// What export has said of a batch.
    pub(super) fn of(&self, batch: u32) -> Option<Batch> {
        self.batches.get(&batch).copied()
    }

    /// The statistics so far. Entities of which nothing moved are left out.
    pub(super) fn info(&self) -> &SyncInfo {
        &self.info
    }

    fn committed(&mut self, object_type_code: i32, at: Duration) {
        let at = millis(at);
        self.entity(object_type_code, Duration::ZERO).last_ms = at;
        self.info.elapsed_ms = at;
    }

    fn entity(&mut self, object_type_code: i32, began: Duration) -> &mut EntitySyncInfo {
        let entities = &mut self.info.entities;
        let known = entities.iter().position(|entity| entity.object_type_code == object_type_code);
        let place = known.unwrap_or_else(|| {
            let first_ms = millis(began);
            entities.push(EntitySyncInfo { object_type_code, first_ms, ..EntitySyncInfo::default() });
            entities.len() - 1
        });
        &mut entities[place]
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use sojourn_wire::message::sync_info::{DeviceTime, ServerTime};

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn ready(object_type_code: i32) -> BatchOutcome {
        BatchOutcome::Ready {
            object_type_code,
            content: BatchKind::Rows,
            rows: 10,
            bytes: 1000,
            parts: 1,
            row_bytes: 3000,
            server: ServerTime { read_us: 1, encode_us: 2, store_us: 3 },
        }
    }

    fn loaded(batch: u32) -> Loaded {
        Loaded { batch, rows: 8, deletes: 1, rebased: 1, repeated: false }
    }

    #[test]
    fn two_batches_of_one_entity_and_one_of_another() {
        let mut books = Recorder::default();
        for (batch, entity, at) in [(1, 2, 10), (2, 2, 40), (3, 5, 70)] {
            books.awaiting(batch, ms(at));
            books.described(batch, &ready(entity), ms(at + 4));
            let (described, waited) = books.fetched(batch, ms(6), 1).expect("it is known");
            assert_eq!((described.rows, waited), (10, ms(10)));
            books.checked(batch, ms(2));
            books.durable(batch, ms(5), ms(at + 20));
            books.loaded(entity, &loaded(batch), ms(at + 20));
        }
        let info = books.info();
        assert_eq!(info.elapsed_ms, 90);
        let [two, five] = &info.entities[..] else { panic!("{info:?}") };
        let expected = EntitySyncInfo {
            object_type_code: 2,
            first_ms: 10,
            last_ms: 60,
            rows: 16,
            deletes: 2,
            set_aside: 2,
            batches: 2,
            retries: 2,
            wire_bytes: 2000,
            row_bytes: 6000,
            server: ServerTime { read_us: 2, encode_us: 4, store_us: 6 },
            device: DeviceTime { fetch_us: 12_000, decode_us: 4_000, load_us: 10_000 },
        };
        assert_eq!(*two, expected);
        assert_eq!((five.object_type_code, five.first_ms, five.last_ms, five.batches), (5, 70, 90, 1));
    }

    #[test]
    fn what_an_earlier_session_had_brought_counts_when_it_is_applied() {
        let mut books = Recorder::default();
        books.loaded(7, &loaded(3), ms(50));
        books.applied(7, ms(4), ms(50));
        let [entity] = &books.info().entities[..] else { panic!("{:?}", books.info()) };
        assert_eq!((entity.rows, entity.batches, entity.first_ms, entity.last_ms), (8, 0, 50, 50));
        assert_eq!(entity.device.load_us, 4_000);
    }

    #[test]
    fn a_run_that_fails_names_the_file_that_is_begun_anew() {
        let mut books = Recorder::default();
        books.begun_anew();
        assert!(books.info().entities.is_empty(), "nothing was on its way");
        for batch in [1, 2] {
            books.awaiting(batch, ms(1));
            books.described(batch, &ready(batch as i32), ms(2));
        }
        books.begun_anew();
        let retries: Vec<u32> = books.info().entities.iter().map(|entity| entity.retries).collect();
        assert_eq!(retries, [1, 0]);
    }

    #[test]
    fn the_end_of_a_session_is_no_batch() {
        let mut books = Recorder::default();
        books.awaiting(1, ms(1));
        books.described(1, &BatchOutcome::End, ms(2));
        assert_eq!(*books.info(), SyncInfo::default());
        assert_eq!(books.fetched(1, ms(1), 0), None);
    }
}
