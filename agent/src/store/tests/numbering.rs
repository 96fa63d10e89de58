//! Where the numbers of this device begin: the server is told with every chunk.

use sojourn_wire::message::operation::{OperationChunk, VerdictKind};
use tempfile::TempDir;

use super::sample::{Sample, device, id, metadata};
use super::settlement::{fix, rename, verdict};
use super::take_up::{CHUNK, WIDE};
use crate::store::Store;

/// A device whose first operation gets this number, and that has two operations.
fn numbered_from(sequence: Option<u64>) -> (Store, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let mut store = Store::create(&folder.path().join("sojourn.db"), &device()).expect("a new database");
    sequence.into_iter().for_each(|sequence| store.number_from(sequence).expect("numbered"));
    store.adopt_metadata(1, &metadata()).expect("tables");
    let foreign = rusqlite::Connection::open(store.path()).expect("a connection");
    let write = |digit| foreign.execute_batch(&format!("INSERT INTO account (id, name) VALUES ({}, 'A')", id(digit)));
    [1, 2].into_iter().for_each(|digit| write(digit).expect("a write"));
    (store, folder)
}

fn chunk(store: &mut Store) -> OperationChunk {
    let dry = store.dry_take_up(CHUNK, WIDE.bytes).expect("readable").expect("operations").0.chunk;
    let chunk = store.take_up(CHUNK, WIDE).expect("readable").expect("operations").chunk;
    assert_eq!((dry.first, dry.since), (chunk.first, chunk.since));
    chunk
}

#[test]
fn the_server_is_told_where_the_numbers_began() {
    for (from, since) in [(None, 1), (Some(1), 1), (Some(7), 7)] {
        let (mut store, _folder) = numbered_from(from);
        assert_eq!((chunk(&mut store).first, chunk(&mut store).since), (since, Some(since)));
        store.connection.execute_batch("UPDATE sojourn_queue SET state = 2 WHERE row_number = 1").expect("done");
        let rest = chunk(&mut store);
        assert_eq!((rest.first, rest.since), (since + 1, Some(since)));
    }
}

#[test]
fn numbers_that_no_database_has_told_begin_once() {
    let (mut store, _folder) = numbered_from(Some(7));
    store.number_from(9).expect("it changes nothing");
    assert_eq!(chunk(&mut store).since, Some(7));
}

#[test]
fn a_restored_server_may_have_them_begin_earlier() {
    let (mut store, _folder) = numbered_from(Some(7));
    chunk(&mut store);
    store.number_again_from(8).expect("numbered");
    assert_eq!((chunk(&mut store).first, chunk(&mut store).since), (7, Some(7)));
    store.number_again_from(3).expect("numbered");
    assert_eq!((chunk(&mut store).first, chunk(&mut store).since), (3, Some(3)));
}

#[test]
fn what_is_kept_back_here_forgets_a_number_that_a_restored_server_does_not_know() {
    let mut sample = Sample::edited(&[rename(1, "a"), rename(2, "b")]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), verdict(2, VerdictKind::Rejected)]);
    sample.store.retry_errors().expect("released");
    sample.edit(&["UPDATE sojourn_queue SET data = '{\"industry\":true}' WHERE row_number = 1".to_owned()]);
    assert_eq!(settling(&mut sample), [(3, Some(2), 2)], "the other one is refused here");
    sample.store.number_again_from(1).expect("numbered");
    assert_eq!(settling(&mut sample), [(1, None, 2)]);
    sample.store.settle(&[verdict(1, VerdictKind::Rejected)]).expect("stored");
    sample.settled(1, &fix(&[("industry", "retail".into())]));
    assert_eq!(settling(&mut sample), [(2, None, 1)], "number 1 is another operation's now");
}

/// Number, the number that it settles, and object of what is sent.
fn settling(sample: &mut Sample) -> Vec<(u64, Option<u64>, u128)> {
    sample.taken().iter().map(|o| (o.sequence, o.settles, o.object_id.as_u128())).collect()
}
