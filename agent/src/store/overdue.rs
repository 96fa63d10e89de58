//! What the server has parked waits for an entry of the queue. When that is settled already, it has nothing to wait for.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::error::Fault;

/// An entry that has just been parked or cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parked {
    row_number: i64,
    group: Option<i64>,
    cause: Option<i64>,
    /// The cause for which it was let go before.
    let_go_for: Option<i64>,
}

impl Parked {
    /// Reads what must be known of the entry before its verdict is stored.
    pub(super) fn read(connection: &Connection, row_number: i64, cause: Option<u64>) -> Result<Self, Fault> {
        let sql = "SELECT parent_id, let_go_for FROM sojourn_queue WHERE row_number = ?1";
        let (group, let_go_for) =
            connection.prepare_cached(sql)?.query_row([row_number], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self { row_number, group, cause: cause.and_then(|cause| i64::try_from(cause).ok()), let_go_for })
    }
}

/// Notes for each entry which one it waits for, and lets those go on whose cause is settled. A group goes on when all of it
/// does.
pub(super) fn follow_up(connection: &Connection, parked: &[Parked]) -> Result<(), Fault> {
    if parked.is_empty() {
        return Ok(());
    }
    let unsettled = unsettled(connection)?;
    let mut wait = connection.prepare_cached("UPDATE sojourn_queue SET waits_for = ?2 WHERE row_number = ?1")?;
    for entry in parked {
        wait.execute((entry.row_number, entry.cause.and_then(|cause| unsettled.get(&cause))))?;
    }
    let sql = "UPDATE sojourn_queue SET state = 0, settles = sequence, sequence = NULL, verdict = NULL, reason = NULL, \
               attribute = NULL, trace_id = NULL, rule = NULL, let_go_for = cause, cause = NULL, waits_for = NULL, \
               detail = NULL WHERE row_number = ?1";
    let mut let_go = connection.prepare_cached(sql)?;
    for row_number in going_on(parked, &unsettled) {
        let_go.execute([row_number])?;
    }
    Ok(())
}

/// The refused entries that are not settled, by the sequence under which the server knows them.
fn unsettled(connection: &Connection) -> Result<BTreeMap<i64, i64>, Fault> {
    let sql = "SELECT coalesce(sequence, settles), row_number FROM sojourn_queue \
               WHERE state = 3 AND coalesce(sequence, settles) IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Which entries go on by themselves. Each once for a cause: a server that parks it for the same again knows of an
/// operation that this device has lost, and would do so for ever.
fn going_on(parked: &[Parked], unsettled: &BTreeMap<i64, i64>) -> Vec<i64> {
    let free = |entry: &&Parked| {
        let settled = entry.cause.is_some_and(|cause| !unsettled.contains_key(&cause));
        settled && entry.cause != entry.let_go_for
    };
    let held: BTreeSet<i64> = parked.iter().filter(|entry| !free(entry)).filter_map(|entry| entry.group).collect();
    let whole = |entry: &&Parked| entry.group.is_none_or(|group| !held.contains(&group));
    parked.iter().filter(free).filter(whole).map(|entry| entry.row_number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked(row_number: i64, cause: i64) -> Parked {
        Parked { row_number, group: None, cause: Some(cause), let_go_for: None }
    }

    #[test]
    fn what_waits_for_nothing_goes_on_once() {
        let unsettled = BTreeMap::from([(7, 1)]);
        let again = Parked { let_go_for: Some(5), ..parked(3, 5) };
        let for_another = Parked { let_go_for: Some(4), ..parked(4, 5) };
        let without = Parked { cause: None, ..parked(5, 0) };
        assert_eq!(going_on(&[parked(1, 7), parked(2, 5), again, for_another, without], &unsettled), [2, 4]);
    }

    #[test]
    fn a_group_goes_on_as_a_whole() {
        let member = |row_number, cause| Parked { group: Some(9), ..parked(row_number, cause) };
        let unsettled = BTreeMap::from([(7, 1)]);
        assert_eq!(going_on(&[member(1, 5), member(2, 7), parked(3, 5)], &unsettled), [3]);
        assert_eq!(going_on(&[member(1, 5), member(2, 5)], &unsettled), [1, 2]);
    }
}
