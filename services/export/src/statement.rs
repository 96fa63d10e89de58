//! The statements that pick keys and read rows, for a batch or a verification. Pure.
//!
//! Keys go into a temporary table, which is all that the acting role can see of the sync entries. The rows are read
//! from the base table under row-level security, so that a row hidden since PrepareSync is not shipped. Both sides of
//! the join are bounded by the key range: bounded on one side only it costs seven times as much.

use sojourn_platform::entities::{Column, Table};
use sojourn_platform::sql::{Ident, InvalidIdent, Sql};
use sojourn_wire::message::batch::BatchKind;
use uuid::Uuid;

/// Picks the next keys of an entity into the temporary table, in order. `$1` object type code, `$2` after key (null:
/// from the least), `$3` the most.
///
/// # Errors
/// Never for a number: the name is short.
pub fn pick(subscription_number: i64, kind: BatchKind) -> Result<Sql, InvalidIdent> {
    let state = match kind {
        BatchKind::Rows => 1,
        BatchKind::Deletes => 2,
    };
    Ok(Sql::new("INSERT INTO pg_temp.export_key (object_id)\nSELECT object_id FROM sojourn.")
        .ident(&entries(subscription_number)?)
        .raw("\n WHERE object_type_code = $1 AND sync_state = ")
        .number(state)
        .raw(" AND ($2::uuid IS NULL OR object_id > $2)\n ORDER BY object_id LIMIT $3"))
}

/// Which entities have something to move (state 1) or to delete (state 2).
///
/// # Errors
/// Never for a number: the name is short.
pub fn waiting(subscription_number: i64) -> Result<Sql, InvalidIdent> {
    Ok(Sql::new("SELECT DISTINCT object_type_code, sync_state FROM sojourn.")
        .ident(&entries(subscription_number)?)
        .raw(" WHERE sync_state <> 0"))
}

/// Notes an entity's entries within ranges of keys in the temporary table: with the version that was sent, where the
/// device has PostSynced it, and the number of the range, from 1. `$1` object type code, `$2` and `$3` the ranges' least
/// and greatest keys.
///
/// # Errors
/// Never for a number: the name is short.
pub fn note_entries(subscription_number: i64) -> Result<Sql, InvalidIdent> {
    Ok(Sql::new(
        "INSERT INTO pg_temp.verify_key (object_id, version, range)
SELECT s.object_id, CASE s.sync_state WHEN 0 THEN s.version END, r.number
  FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY r (first, last, number)
  JOIN sojourn.",
    )
    .ident(&entries(subscription_number)?)
    .raw(" s ON s.object_type_code = $1 AND s.object_id BETWEEN r.first AND r.last"))
}

/// Reads the rows of the picked keys, which lie in `[first, last]`, in Postgres' binary form and in key order.
#[must_use]
pub fn copy_rows(table: &Table, first: Uuid, last: Uuid) -> Sql {
    join(table, "export_key", "", first, last)
}

/// Reads the rows of the noted entries that are in the version that was sent, as [`copy_rows`] does.
#[must_use]
pub fn copy_unchanged(table: &Table, first: Uuid, last: Uuid) -> Sql {
    join(table, "verify_key", " AND e.xmin = k.version", first, last)
}

fn join(table: &Table, keys: &'static str, on: &'static str, first: Uuid, last: Uuid) -> Sql {
    let key = &table.key().name;
    let column = |sql: Sql, column: &Column| {
        let sql = sql.raw("e.").ident(&column.name);
        if column.travels_as_text() { sql.raw("::text") } else { sql }
    };
    Sql::new("COPY (SELECT ")
        .list(&table.columns, ", ", column)
        .raw("\n  FROM ")
        .table(&table.schema, &table.table)
        .raw(" e JOIN pg_temp.")
        .raw(keys)
        .raw(" k ON k.object_id = e.")
        .ident(key)
        .raw(on)
        .raw("\n WHERE e.")
        .ident(key)
        .raw(" BETWEEN ")
        .uuid(first)
        .raw(" AND ")
        .uuid(last)
        .raw("\n   AND k.object_id BETWEEN ")
        .uuid(first)
        .raw(" AND ")
        .uuid(last)
        .raw("\n ORDER BY e.")
        .ident(key)
        .raw(") TO STDOUT (FORMAT binary)")
}

fn entries(subscription_number: i64) -> Result<Ident, InvalidIdent> {
    Ident::new(&format!("sync_entry_{subscription_number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_metadata::{Attribute, DataType, Entity, Metadata};
    use sojourn_platform::entities::Published;

    fn attribute(id: u32, name: &str, data_type: DataType, sql_type: &str) -> Attribute {
        let (name, sql_type) = (name.to_owned(), sql_type.to_owned());
        let (required, has_default, generated) = (true, false, false);
        let (max_length, enum_values) = (None, vec![]);
        Attribute { id, name, data_type, sql_type, required, has_default, generated, max_length, enum_values }
    }

    #[test]
    fn the_statements_are_as_reviewed() {
        let entity = Entity {
            name: "contact".into(),
            object_type_code: 2,
            schema: "crm".into(),
            table: "contact".into(),
            attributes: vec![
                attribute(1, "id", DataType::Uuid, "uuid"),
                attribute(2, "last \"name\"", DataType::Text, "text"),
                attribute(3, "tags", DataType::Other, "text[]"),
            ],
            relationships: vec![],
        };
        let metadata = Metadata { dataset: "crm".into(), acting_role: "u".into(), entities: vec![entity] };
        let published = Published::new(1, metadata).expect("good names");
        let statements = [
            waiting(7).expect("a name"),
            pick(7, BatchKind::Rows).expect("a name"),
            pick(7, BatchKind::Deletes).expect("a name"),
            copy_rows(&published.entities[0], Uuid::from_u128(1), Uuid::from_u128(2)),
            note_entries(7).expect("a name"),
            copy_unchanged(&published.entities[0], Uuid::from_u128(1), Uuid::from_u128(2)),
        ];
        let all = statements.iter().map(Sql::text).collect::<Vec<_>>().join(";\n\n");
        insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("statements.sql", all);
        });
    }
}
