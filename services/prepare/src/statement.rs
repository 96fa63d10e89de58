//! The statements of PrepareSync and PostSync, made for one entity or one subscription's sync entry table. Pure.
//!
//! The names follow the documents: the temporary table is their `#SyncEntry`, the three merges are theirs.

use sojourn_platform::entities::Table;
use sojourn_platform::sql::{Ident, InvalidIdent, Sql};

/// One subscription's sync entry table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncEntryTable(Ident);

impl SyncEntryTable {
    /// The table of the subscription with this number.
    ///
    /// # Errors
    /// Never for a number: the name is short.
    pub fn new(number: i64) -> Result<Self, InvalidIdent> {
        Ident::new(&format!("sync_entry_{number}")).map(Self)
    }

    fn add_to(&self, sql: Sql) -> Sql {
        sql.raw("sojourn.").ident(&self.0)
    }

    /// Keeps prepares and PostSyncs of one subscription apart. LOCK TABLE takes no snapshot, so the one that is taken
    /// by the next statement is younger than the last of them.
    #[must_use]
    pub fn lock(&self) -> Sql {
        self.add_to(Sql::new("LOCK TABLE ")).raw(" IN SHARE ROW EXCLUSIVE MODE")
    }

    /// Entries of rows that the user no longer sees: to be deleted. `$1`: the object type codes in force.
    #[must_use]
    pub fn merge_deleted(&self) -> Sql {
        self.add_to(Sql::new("UPDATE ")).raw(
            " s SET sync_state = 2
 WHERE s.object_type_code = ANY ($1) AND s.sync_state <> 2
   AND NOT EXISTS (SELECT FROM pg_temp.sync_visible v
                    WHERE v.object_type_code = s.object_type_code AND v.object_id = s.object_id)",
        )
    }

    /// Entries of rows that the user sees in another version than the device has, or sees again, or that the device
    /// asks for: to be moved. `$1`, `$2`: object type codes and ids the device asks for.
    #[must_use]
    pub fn merge_updated(&self) -> Sql {
        self.add_to(Sql::new("UPDATE ")).raw(
            " s SET sync_state = 1, version = v.version
  FROM pg_temp.sync_visible v
 WHERE s.object_type_code = v.object_type_code AND s.object_id = v.object_id
   AND (s.version <> v.version OR s.sync_state = 2
        OR (s.object_type_code, s.object_id) IN (SELECT * FROM unnest($1::int[], $2::uuid[])))",
        )
    }

    /// Rows that the user sees and the device has not: to be moved. Answers how many, by object type code.
    #[must_use]
    pub fn merge_inserted(&self) -> Sql {
        let sql = self.add_to(Sql::new("WITH inserted AS (\n  INSERT INTO "));
        let sql = sql.raw(
            " (object_type_code, object_id, sync_state, version)
  SELECT v.object_type_code, v.object_id, 1, v.version FROM pg_temp.sync_visible v
   WHERE NOT EXISTS (SELECT FROM ",
        );
        self.add_to(sql).raw(
            " s
                      WHERE s.object_type_code = v.object_type_code AND s.object_id = v.object_id)
   ORDER BY v.object_type_code, v.object_id
  RETURNING object_type_code)
SELECT object_type_code, count(*) FROM inserted GROUP BY object_type_code",
        )
    }

    /// Rows that the device asks for and the user does not see: to be deleted, whether or not the server ever sent
    /// them. `$1`, `$2`: object type codes and ids; `$3`: the object type codes in force.
    #[must_use]
    pub fn merge_refused(&self) -> Sql {
        self.add_to(Sql::new("INSERT INTO ")).raw(
            " (object_type_code, object_id, sync_state, version)
SELECT r.code, r.id, 2, '0'::xid FROM (SELECT DISTINCT * FROM unnest($1::int[], $2::uuid[])) r (code, id)
 WHERE r.code = ANY ($3)
   AND NOT EXISTS (SELECT FROM pg_temp.sync_visible v WHERE v.object_type_code = r.code AND v.object_id = r.id)
    ON CONFLICT (object_type_code, object_id) DO NOTHING",
        )
    }

    /// A device that holds nothing gets everything again.
    #[must_use]
    pub fn reset(&self) -> Sql {
        self.add_to(Sql::new("UPDATE ")).raw(" SET sync_state = 1 WHERE sync_state = 0")
    }

    /// Entries of entities that are no longer in the metadata. `$1`: the object type codes in force.
    #[must_use]
    pub fn drop_unknown(&self) -> Sql {
        self.add_to(Sql::new("DELETE FROM ")).raw(" WHERE object_type_code <> ALL ($1)")
    }

    /// How many entries wait, by object type code: to be moved, to be deleted.
    #[must_use]
    pub fn pending(&self) -> Sql {
        let sql = Sql::new(
            "SELECT object_type_code, count(*) FILTER (WHERE sync_state = 1), count(*) FILTER (WHERE sync_state = 2)
  FROM ",
        );
        self.add_to(sql).raw(" WHERE sync_state <> 0 GROUP BY object_type_code")
    }

    /// PostSync of a batch of rows: they are synchronised. `$1` object type code, `$2` after key, `$3` to key,
    /// `$4` the ids that were not shipped.
    #[must_use]
    pub fn post_sync_rows(&self) -> Sql {
        self.add_to(Sql::new("UPDATE ")).raw(
            " SET sync_state = 0
 WHERE object_type_code = $1 AND sync_state = 1
   AND ($2::uuid IS NULL OR object_id > $2) AND object_id <= $3 AND object_id <> ALL ($4)",
        )
    }

    /// PostSync of a batch of deletes: the entries are gone. Parameters as above, without the last.
    #[must_use]
    pub fn post_sync_deletes(&self) -> Sql {
        self.add_to(Sql::new("DELETE FROM ")).raw(
            "
 WHERE object_type_code = $1 AND sync_state = 2
   AND ($2::uuid IS NULL OR object_id > $2) AND object_id <= $3",
        )
    }
}

/// Fills the temporary table with what the user sees of one entity, as the user. The version of a row is the
/// transaction that wrote it (`xmin`): it differs after every update, and after a delete and re-creation.
#[must_use]
pub fn visible(table: &Table) -> Sql {
    Sql::new("INSERT INTO pg_temp.sync_visible (object_type_code, object_id, version)\nSELECT ")
        .number(table.object_type_code.into())
        .raw(", e.")
        .ident(&table.key().name)
        .raw(", e.xmin FROM ")
        .table(&table.schema, &table.table)
        .raw(" e")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_metadata::{Attribute, DataType, Entity, Metadata};
    use sojourn_platform::entities::Published;

    #[test]
    fn the_statements_are_as_reviewed() {
        let id = Attribute {
            id: 1,
            name: "id".into(),
            data_type: DataType::Uuid,
            sql_type: "uuid".into(),
            required: true,
            has_default: true,
            generated: false,
            max_length: None,
            enum_values: vec![],
        };
        let entity = Entity {
            name: "contact".into(),
            object_type_code: 2,
            schema: "crm".into(),
            table: "contact".into(),
            attributes: vec![id],
            relationships: vec![],
        };
        let metadata = Metadata { dataset: "crm".into(), acting_role: "sojourn_user".into(), entities: vec![entity] };
        let published = Published::new(1, metadata).expect("good names");
        let entries = SyncEntryTable::new(7).expect("a name");
        let statements = [
            visible(&published.entities[0]),
            entries.lock(),
            entries.reset(),
            entries.merge_deleted(),
            entries.merge_updated(),
            entries.merge_inserted(),
            entries.merge_refused(),
            entries.drop_unknown(),
            entries.pending(),
            entries.post_sync_rows(),
            entries.post_sync_deletes(),
        ];
        let all = statements.iter().map(Sql::text).collect::<Vec<_>>().join(";\n\n");
        insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("statements.sql", all);
        });
    }
}
