//! The statements that pick keys and read rows, for a batch or a verification. Pure.
//!
//! Keys go into a temporary table, which is all that the acting role can see of the sync entries. The rows are read
//! from the base table under row-level security, so that a row hidden since PrepareSync is not shipped. Both sides of
//! the join are bounded by the key range: bounded on one side only it costs seven times as much. Where most rows of a
//! range are wanted, as by a first load, the range is read without a join, and what is not wanted is left out here.

use sojourn_platform::entities::{Column, Table};
use sojourn_platform::sql::{Ident, InvalidIdent, Sql};
use uuid::Uuid;

use crate::plan::Position;

/// The next keys of an entity's rows, in the order of their entries. `$1` object type
/// code, `$2` and `$3` after this prepare sequence and key, `$4` up to this sequence, `$5` the most.
///
/// # Errors
/// Never for a number: the name is short.
pub fn pick_rows(subscription_number: i64) -> Result<Sql, InvalidIdent> {
    Ok(Sql::new("SELECT prepare_seq, object_id FROM sojourn.").ident(&entries(subscription_number)?).raw(
        "
 WHERE object_type_code = $1 AND NOT deleted AND (prepare_seq, object_id) > ($2, $3) AND prepare_seq <= $4
 ORDER BY prepare_seq, object_id LIMIT $5",
    ))
}

/// The next ids of an entity to delete, in order. `$1` object type code, `$2` after this id (null: from the least), `$3`
/// the most.
///
/// # Errors
/// Never for a number: the name is short.
pub fn pick_deletes(subscription_number: i64) -> Result<Sql, InvalidIdent> {
    Ok(Sql::new("SELECT object_id FROM sojourn.").ident(&entries(subscription_number)?).raw(
        "
 WHERE object_type_code = $1 AND deleted AND ($2::uuid IS NULL OR object_id > $2)
 ORDER BY object_id LIMIT $3",
    ))
}

/// Which of these entities have something to move or to delete, after which position, and which share of the table
/// that is, as far as its statistics know. `$1` the object type codes, `$2` the subscription, `$3` up to this prepare sequence, `$4` and `$5` the
/// entities' schemas and tables, `$6` the session.
///
/// # Errors
/// Never for a number: the name is short.
pub fn waiting(subscription_number: i64) -> Result<Sql, InvalidIdent> {
    let entries = entries(subscription_number)?;
    Ok(Sql::new(
        "SELECT c.code, p.prepare_seq, p.object_id,
       EXISTS (SELECT FROM sojourn.",
    )
    .ident(&entries)
    .raw(
        " e
                WHERE e.object_type_code = c.code AND NOT e.deleted AND e.prepare_seq <= $3
                  AND (e.prepare_seq, e.object_id)
                    > (coalesce(p.prepare_seq, -1), coalesce(p.object_id, '00000000-0000-0000-0000-000000000000')))
         AS rows,
       EXISTS (SELECT FROM sojourn.",
    )
    .ident(&entries)
    .raw(
        " e WHERE e.object_type_code = c.code AND e.deleted) AS deletes,
       coalesce((i.insert_count + i.update_count) / nullif(greatest(t.reltuples, 0), 0), 0)::float8 AS share
  FROM unnest($1::int[], $4::text[], $5::text[]) c (code, schema, name)
  LEFT JOIN sojourn.sync_progress p ON p.subscription_id = $2 AND p.object_type_code = c.code
  LEFT JOIN sojourn.subscription_sync_info i ON i.session_id = $6 AND i.object_type_code = c.code
  LEFT JOIN pg_namespace n ON n.nspname = c.schema
  LEFT JOIN pg_class t ON t.relnamespace = n.oid AND t.relname = c.name",
    ))
}

/// Notes an entity's entries within ranges of keys in the temporary table: with the version that was sent, where the
/// device has PostSynced it, and the number of the range, from 1. `$1` object type code, `$2` and `$3` the ranges' least
/// and greatest keys, `$4` the subscription.
///
/// # Errors
/// Never for a number: the name is short.
pub fn note_entries(subscription_number: i64) -> Result<Sql, InvalidIdent> {
    Ok(Sql::new(
        "INSERT INTO pg_temp.verify_key (object_id, version, range)
SELECT s.object_id,
       CASE WHEN NOT s.deleted AND (s.prepare_seq, s.object_id) <= (p.prepare_seq, p.object_id) THEN s.version END,
       r.number
  FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY r (first, last, number)
  LEFT JOIN sojourn.sync_progress p ON p.subscription_id = $4 AND p.object_type_code = $1
  JOIN sojourn.",
    )
    .ident(&entries(subscription_number)?)
    .raw(" s ON s.object_type_code = $1 AND s.object_id BETWEEN r.first AND r.last"))
}

/// Reads the rows of the picked keys, in Postgres' binary form and in the order of their entries.
#[must_use]
pub fn copy_keys(table: &Table, keys: &[Position]) -> Sql {
    match (keys.first(), keys.last()) {
        (Some(first), Some(last)) if first.prepare_seq == last.prepare_seq => {
            join(table, "export_key", "", first.object_id, last.object_id)
        }
        _ => columns_of(table)
            .raw(" JOIN pg_temp.export_key k ON k.object_id = e.")
            .ident(&table.key().name)
            .raw("\n ORDER BY k.prepare_seq, k.object_id) TO STDOUT (FORMAT binary)"),
    }
}

/// Reads every row that the user may read in `[first, last]`, in key order: where nearly all of them were picked, that
/// costs less than to look for each.
#[must_use]
pub fn copy_range(table: &Table, first: Uuid, last: Uuid) -> Sql {
    let key = &table.key().name;
    let range = columns_of(table).raw("\n WHERE e.").ident(key).raw(" BETWEEN ").uuid(first).raw(" AND ").uuid(last);
    range.raw("\n ORDER BY e.").ident(key).raw(") TO STDOUT (FORMAT binary)")
}

/// Reads the rows of the noted entries that are in the version that was sent, as [`copy_keys`] does.
#[must_use]
pub fn copy_unchanged(table: &Table, first: Uuid, last: Uuid) -> Sql {
    join(table, "verify_key", " AND e.xmin = k.version", first, last)
}

fn join(table: &Table, keys: &'static str, on: &'static str, first: Uuid, last: Uuid) -> Sql {
    let key = &table.key().name;
    columns_of(table)
        .raw(" JOIN pg_temp.")
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

fn columns_of(table: &Table) -> Sql {
    let column = |sql: Sql, column: &Column| {
        let sql = sql.raw("e.").ident(&column.name);
        if column.travels_as_text() { sql.raw("::text") } else { sql }
    };
    Sql::new("COPY (SELECT ")
        .list(&table.columns, ", ", column)
        .raw("\n  FROM ")
        .table(&table.schema, &table.table)
        .raw(" e")
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

    fn position(prepare_seq: i32, id: u128) -> Position {
        Position { prepare_seq, object_id: Uuid::from_u128(id) }
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
            commands: vec![],
        };
        let metadata = Metadata { dataset: "crm".into(), acting_role: "u".into(), entities: vec![entity] };
        let published = Published::new(1, metadata).expect("good names");
        let statements = [
            waiting(7).expect("a name"),
            pick_rows(7).expect("a name"),
            pick_deletes(7).expect("a name"),
            copy_keys(&published.entities[0], &[position(1, 1), position(1, 2)]),
            copy_keys(&published.entities[0], &[position(1, 1), position(2, 2)]),
            copy_range(&published.entities[0], Uuid::from_u128(1), Uuid::from_u128(2)),
            note_entries(7).expect("a name"),
            copy_unchanged(&published.entities[0], Uuid::from_u128(1), Uuid::from_u128(2)),
        ];
        let all = statements.iter().map(Sql::text).collect::<Vec<_>>().join(";\n\n");
        insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("statements.sql", all);
        });
    }
}
