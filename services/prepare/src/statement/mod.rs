//! The statements of PrepareSync and PostSync, made for one entity or one subscription's sync entry table. Pure.
//!
//! The names follow the documents: the temporary table is their `#SyncEntry`, the three merges are theirs. Each merge
//! comes twice: over everything that was evaluated into the temporary table, and over candidates alone.

mod candidates;
mod preview;
mod sight;

pub use candidates::{referring, swept};
pub use preview::preview;
pub use sight::{Evaluation, visible, visible_among, visible_ids, visible_in_order};

use sojourn_platform::sql::{Ident, InvalidIdent, Sql};

/// One subscription's sync entry table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncEntryTable {
    number: i64,
    name: Ident,
}

impl SyncEntryTable {
    /// The table of the subscription with this number.
    ///
    /// # Errors
    /// Never for a number: the name is short.
    pub fn new(number: i64) -> Result<Self, InvalidIdent> {
        Ident::new(&format!("sync_entry_{number}")).map(|name| Self { number, name })
    }

    fn add_to(&self, sql: Sql) -> Sql {
        sql.raw("sojourn.").ident(&self.name)
    }

    /// Keeps prepares and PostSyncs of one subscription apart. LOCK TABLE takes no snapshot, so the one that is taken
    /// by the next statement is younger than the last of them.
    #[must_use]
    pub fn lock(&self) -> Sql {
        self.add_to(Sql::new("LOCK TABLE ")).raw(" IN SHARE ROW EXCLUSIVE MODE")
    }

    /// Which entities have entries. `$1`: the object type codes in question. Each takes one look, whatever it has.
    #[must_use]
    pub fn with_entries(&self) -> Sql {
        self.add_to(Sql::new("SELECT c.code FROM unnest($1::int[]) c (code),\nLATERAL (SELECT FROM ")).raw(
            " e WHERE e.object_type_code = c.code
          ORDER BY e.object_type_code, e.object_id LIMIT 1) e",
        )
    }

    /// Loads the entries of entities that have none, as they lie in the temporary table: everything that the user sees is
    /// to be moved. `$1`: this prepare's sequence; `$2`: the object type codes that have entries.
    #[must_use]
    pub fn load(&self) -> Sql {
        self.add_to(Sql::new("INSERT INTO ")).raw(
            " (object_type_code, prepare_seq, object_id, version)
SELECT v.object_type_code, $1, v.object_id, v.version FROM pg_temp.sync_visible v
 WHERE v.object_type_code <> ALL ($2)",
        )
    }

    /// Makes the table's indexes, where it has none yet.
    #[must_use]
    pub fn index(&self) -> Sql {
        Sql::new("SELECT sojourn.sync_entry_index(").number(self.number).raw(")")
    }

    /// Entries of rows that the user no longer sees: to be deleted. `$1`: this prepare's sequence; `$2`: the object type
    /// codes that were evaluated and have entries.
    #[must_use]
    pub fn merge_deleted(&self) -> Sql {
        self.add_to(Sql::new("UPDATE ")).raw(
            " s SET deleted = true, prepare_seq = $1
 WHERE s.object_type_code = ANY ($2) AND NOT s.deleted
   AND NOT EXISTS (SELECT FROM pg_temp.sync_visible v
                    WHERE v.object_type_code = s.object_type_code AND v.object_id = s.object_id)",
        )
    }

    /// Entries of rows that the user sees in another version than the device has, or sees again, or that the device
    /// asks for: to be moved. `$1`: this prepare's sequence; `$2`, `$3`: object type codes and ids the device asks for.
    #[must_use]
    pub fn merge_updated(&self) -> Sql {
        self.add_to(Sql::new("UPDATE ")).raw(
            " s SET deleted = false, prepare_seq = $1, version = v.version
  FROM pg_temp.sync_visible v
 WHERE s.object_type_code = v.object_type_code AND s.object_id = v.object_id
   AND (s.version <> v.version OR s.deleted
        OR (s.object_type_code, s.object_id) IN (SELECT * FROM unnest($2::int[], $3::uuid[])))",
        )
    }

    /// Rows that the user sees and the device has not: to be moved. `$1`: this prepare's sequence; `$2`: the object type
    /// codes that have no entries. Answers how many, by object type code.
    ///
    /// Those that have entries are not named: the planner, which knows nothing of a temporary table, would expect a few
    /// rows of them, and look each one up.
    #[must_use]
    pub fn merge_inserted(&self) -> Sql {
        let sql = self.add_to(Sql::new("WITH inserted AS (\n  INSERT INTO "));
        let sql = sql.raw(
            " (object_type_code, prepare_seq, object_id, version)
  SELECT v.object_type_code, $1, v.object_id, v.version FROM pg_temp.sync_visible v
   WHERE v.object_type_code <> ALL ($2)
     AND NOT EXISTS (SELECT FROM ",
        );
        self.add_to(sql).raw(
            " s
                      WHERE s.object_type_code = v.object_type_code AND s.object_id = v.object_id)
   ORDER BY v.object_type_code, v.object_id
  RETURNING object_type_code)
SELECT object_type_code, count(*) FROM inserted GROUP BY object_type_code",
        )
    }

    /// Entries of candidates that the user does not see: to be deleted. `$1`: this prepare's sequence; `$2` object type
    /// code; `$3` the candidates; `$4` those that the user sees.
    #[must_use]
    pub fn merge_candidates_deleted(&self) -> Sql {
        self.add_to(Sql::new("UPDATE ")).raw(
            " s SET deleted = true, prepare_seq = $1
  FROM unnest($3::uuid[]) c (id)
 WHERE s.object_type_code = $2 AND s.object_id = c.id AND NOT s.deleted
   AND NOT EXISTS (SELECT FROM unnest($4::uuid[]) v (id) WHERE v.id = c.id)",
        )
    }

    /// Entries of candidates that the user sees in another version than the device has, or sees again, or that the
    /// device asks for. `$1`: this prepare's sequence; `$2` object type code; `$3` ids and `$4` versions of those that
    /// the user sees; `$5` the ids that the device asks for.
    #[must_use]
    pub fn merge_candidates_updated(&self) -> Sql {
        self.add_to(Sql::new("UPDATE ")).raw(
            " s SET deleted = false, prepare_seq = $1, version = v.version::text::xid
  FROM unnest($3::uuid[], $4::bigint[]) v (id, version)
 WHERE s.object_type_code = $2 AND s.object_id = v.id
   AND (s.version <> v.version::text::xid OR s.deleted OR s.object_id = ANY ($5))",
        )
    }

    /// Candidates that the user sees and the device has not. Parameters as above, without the last. Answers how many.
    #[must_use]
    pub fn merge_candidates_inserted(&self) -> Sql {
        self.add_to(Sql::new("INSERT INTO ")).raw(
            " (object_type_code, prepare_seq, object_id, version)
SELECT $2, $1, v.id, v.version::text::xid FROM unnest($3::uuid[], $4::bigint[]) v (id, version)
    ON CONFLICT (object_type_code, object_id) DO NOTHING",
        )
    }

    /// Candidates that the device asks for and the user does not see: to be deleted, whether or not the server ever
    /// sent them. `$1`: this prepare's sequence; `$2` object type code; `$3` their ids.
    #[must_use]
    pub fn merge_candidates_refused(&self) -> Sql {
        self.add_to(Sql::new("INSERT INTO ")).raw(
            " (object_type_code, prepare_seq, object_id, version, deleted)
SELECT $2, $1, id, '0'::xid, true FROM unnest($3::uuid[]) r (id)
    ON CONFLICT (object_type_code, object_id) DO NOTHING",
        )
    }

    /// Rows that the device asks for and the user does not see: to be deleted, whether or not the server ever sent
    /// them. `$1`: this prepare's sequence; `$2`, `$3`: object type codes and ids; `$4`: the object type codes that were
    /// evaluated.
    #[must_use]
    pub fn merge_refused(&self) -> Sql {
        self.add_to(Sql::new("INSERT INTO ")).raw(
            " (object_type_code, prepare_seq, object_id, version, deleted)
SELECT r.code, $1, r.id, '0'::xid, true FROM (SELECT DISTINCT * FROM unnest($2::int[], $3::uuid[])) r (code, id)
 WHERE r.code = ANY ($4)
   AND NOT EXISTS (SELECT FROM pg_temp.sync_visible v WHERE v.object_type_code = r.code AND v.object_id = r.id)
    ON CONFLICT (object_type_code, object_id) DO NOTHING",
        )
    }

    /// Entries of entities that are no longer in the metadata. `$1`: the object type codes in force.
    #[must_use]
    pub fn drop_unknown(&self) -> Sql {
        self.add_to(Sql::new("DELETE FROM ")).raw(" WHERE object_type_code <> ALL ($1)")
    }

    /// How many entries wait, by object type code: to be moved, to be deleted. `$1`: the subscription; `$2`: the object
    /// type codes whose entries to be moved are known, and not counted.
    ///
    /// The sequence is compared twice: by one comparison of rows the planner expects a third of the table, and may read
    /// all of it.
    #[must_use]
    pub fn pending(&self) -> Sql {
        let sql = Sql::new(
            "SELECT c.object_type_code,
       CASE WHEN c.object_type_code = ANY ($2) THEN 0 ELSE (SELECT count(*) FROM ",
        );
        let sql = self.add_to(sql).raw(
            " e
         WHERE e.object_type_code = c.object_type_code AND NOT e.deleted AND e.prepare_seq >= coalesce(p.prepare_seq, -1)
           AND (e.prepare_seq, e.object_id)
             > (coalesce(p.prepare_seq, -1), coalesce(p.object_id, '00000000-0000-0000-0000-000000000000'))) END,
       (SELECT count(*) FROM ",
        );
        self.add_to(sql).raw(
            " e WHERE e.object_type_code = c.object_type_code AND e.deleted)
  FROM sojourn.subscription_entity c
  LEFT JOIN sojourn.sync_progress p USING (subscription_id, object_type_code)
 WHERE c.subscription_id = $1",
        )
    }

    /// PostSync of a batch of rows, of those that were not shipped: they wait for the next prepare. `$1`: the session's
    /// sequence; `$2` object type code; `$3` their ids.
    #[must_use]
    pub fn post_sync_skipped(&self) -> Sql {
        self.add_to(Sql::new("UPDATE ")).raw(
            " SET prepare_seq = $1 + 1
 WHERE object_type_code = $2 AND object_id = ANY ($3) AND prepare_seq <= $1 AND NOT deleted",
        )
    }

    /// PostSync of a batch of deletes: the entries are gone. `$1` object type code, `$2` after key, `$3` to key.
    #[must_use]
    pub fn post_sync_deletes(&self) -> Sql {
        self.add_to(Sql::new("DELETE FROM ")).raw(
            "
 WHERE object_type_code = $1 AND deleted
   AND ($2::uuid IS NULL OR object_id > $2) AND object_id <= $3",
        )
    }
}

#[cfg(test)]
mod tests;
