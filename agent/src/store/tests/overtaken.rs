//! A delete of a row whose news waits in the spool: the user saw the old row.

use super::batches::accounts;
use super::sample::Sample;
use super::settlement::{create, remove, rename};

/// The entries that are overtaken, by row number.
fn overtaken(sample: &mut Sample) -> Vec<i64> {
    sample.store.overtake_deletes().expect("written");
    let foreign = sample.foreign();
    let sql = "SELECT row_number FROM sojourn_queue WHERE overtaken = 1 ORDER BY row_number";
    let mut statement = foreign.prepare(sql).expect("a query");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("numbers")
}

#[test]
fn a_delete_may_not_have_seen_what_is_spooled() {
    let edits = (0..6).flat_map(|_| [create(9, "C"), remove(9)]).chain([rename(1, "x")]);
    // The deletes are in each of the states, and the last one is given up.
    let states = "UPDATE sojourn_queue SET state = CASE row_number WHEN 12 THEN 0 ELSE (row_number - 1) / 2 END \
                  WHERE row_number <= 12; UPDATE sojourn_queue SET given_up = 1 WHERE row_number = 12";
    let mut sample = Sample::edited(&edits.chain([states.to_owned()]).collect::<Vec<_>>());
    assert!(overtaken(&mut sample).is_empty(), "nothing is spooled");
    let proven = sample.store.fitting().expect("tables").prove(accounts(2, &[(1, "news")])).expect("whole");
    sample.store.spool(&proven).expect("spooled");
    assert_eq!(overtaken(&mut sample), [2, 8], "waiting and refused");
}
