//! The markers of groups: they wait, are sent and are done together with what is between them.

use rusqlite::Connection;

use super::error::Fault;

/// Groups that were sent and of which no operation is waiting, under way or unsettled are done.
pub(super) fn finish(connection: &Connection) -> Result<(), Fault> {
    mark(connection, &format!("NOT {}", has_member("0, 1, 3")), 2)
}

/// Groups that were sent and of which operations wait again are to be sent again.
pub(super) fn send_again(connection: &Connection) -> Result<(), Fault> {
    mark(connection, &has_member("0"), 0)
}

/// Whether what is between a stop marker and its start marker has an entry in these states.
fn has_member(states: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM sojourn_queue AS member
            WHERE member.row_number > stop.parent_id AND member.row_number < stop.row_number
                AND member.command_id < 10 AND +member.state IN ({states}))"
    )
}

fn mark(connection: &Connection, condition: &str, state: u8) -> Result<(), Fault> {
    let sql = format!(
        "SELECT stop.parent_id, stop.row_number FROM sojourn_queue AS stop
         WHERE stop.state = 1 AND stop.command_id = 11 AND {condition}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let groups = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let groups: Vec<(Option<i64>, i64)> = groups.collect::<rusqlite::Result<_>>()?;
    let mut update = connection.prepare_cached("UPDATE sojourn_queue SET state = ?3 WHERE row_number IN (?1, ?2)")?;
    for (start, stop) in groups {
        update.execute((start, stop, state))?;
    }
    Ok(())
}
