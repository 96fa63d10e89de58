//! Which tables take runs: where nothing can tell that many rows are written in one statement.

use sojourn_platform::PlatformError;
use sojourn_platform::entities::Table;
use sojourn_wire::message::operation::RowCommand;
use sqlx::{Postgres, Transaction};

use crate::validate::Write;

/// How runs may be written to a table.
#[derive(Debug, Clone, Default, sqlx::FromRow)]
pub(super) struct Runnable {
    /// Nothing of it fires after a row was written, or once for a statement, but our own triggers and those of its rules, so
    /// that what triggers are told is right for each row.
    is_plain: bool,
    /// Its policies read the table itself, or may: in one statement they would not see the rows before. (Of the columns that
    /// they compare in the row at hand the catalog says so too, but with a column.)
    is_watched: bool,
    /// Columns that refer to the table itself: one by one, a row must be there before another refers to it.
    referring: Vec<String>,
    /// Columns that must be unique beside the key: whether a value is free depends on the order, which an update of many
    /// rows does not keep.
    ordered: Vec<String>,
    /// So may any column: an index is over an expression, or over some rows.
    is_ordered: bool,
}

impl Runnable {
    /// Reads what the catalog says.
    pub(super) async fn read(tx: &mut Transaction<'_, Postgres>, table: &Table) -> Result<Self, PlatformError> {
        sqlx::query_as(
            "SELECT c.relkind = 'r' AND NOT c.relhasrules AND NOT EXISTS (
                      SELECT FROM pg_catalog.pg_trigger t
                        JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
                        JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
                       WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND n.nspname <> 'sojourn'
                         AND (t.tgtype & 3) <> 3) AS is_plain,
                    ARRAY(SELECT a.attname::text
                            FROM pg_catalog.pg_index i
                            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                           WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion)) AS ordered,
                    EXISTS (SELECT FROM pg_catalog.pg_index i
                             WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion)
                               AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) AS is_ordered,
                    ARRAY(SELECT a.attname::text
                            FROM pg_catalog.pg_constraint k
                            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
                           WHERE k.conrelid = c.oid AND k.confrelid = c.oid) AS referring,
                    EXISTS (
                      WITH RECURSIVE reached (class, oid) AS (
                          SELECT 'pg_catalog.pg_policy'::regclass::oid, p.oid
                            FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid
                        UNION
                          SELECT d.refclassid, d.refobjid
                            FROM reached r
                            JOIN pg_catalog.pg_depend d ON d.classid = r.class AND d.objid = r.oid AND d.deptype = 'n'
                           WHERE d.refobjid >= 16384 AND d.refobjsubid = 0
                             AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_class'::regclass))
                      SELECT FROM reached r
                        LEFT JOIN pg_catalog.pg_proc f ON r.class = 'pg_catalog.pg_proc'::regclass AND f.oid = r.oid
                        LEFT JOIN pg_catalog.pg_class t ON r.class = 'pg_catalog.pg_class'::regclass AND t.oid = r.oid
                       WHERE t.oid = c.oid OR t.relkind NOT IN ('r', 'p') OR (f.oid IS NOT NULL AND f.prosqlbody IS NULL)
                    ) AS is_watched
               FROM pg_catalog.pg_class c
               JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
              WHERE s.nspname = $1 AND c.relname = $2",
        )
        .bind(table.schema.name())
        .bind(table.table.name())
        .fetch_optional(&mut **tx)
        .await
        .map(Option::unwrap_or_default)
        .map_err(PlatformError::doing("looking at the triggers and indexes of a table"))
    }

    /// Whether writes like this one may be written in one statement.
    pub(super) fn takes(&self, write: &Write<'_>) -> bool {
        let sets = |names: &[String]| {
            write.values.iter().any(|(column, _)| names.iter().any(|name| name == column.name.name()))
        };
        let any_order = match write.command {
            // What is inserted comes in order.
            RowCommand::Create => !sets(&self.referring),
            RowCommand::Update | RowCommand::Delete => !self.is_ordered && !sets(&self.ordered),
        };
        self.is_plain && !self.is_watched && any_order
    }
}
