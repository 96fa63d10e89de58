//! What the catalog says about a constraint that was broken: an error names it, but not its columns.

use sojourn_platform::PlatformError;
use sqlx::{Postgres, Row as _, Transaction};

use crate::refusal::{Failure, Rule};

/// The rule a failure names: a constraint, or an index that is unique without being one.
pub(super) async fn rule_of(
    tx: &mut Transaction<'_, Postgres>,
    failure: &Failure,
) -> Result<Option<Rule>, PlatformError> {
    let (Some((schema, table)), Some(name)) = (&failure.table, &failure.constraint) else { return Ok(None) };
    let doing = || PlatformError::doing("looking up the rule that was broken");
    let row = sqlx::query(
        "WITH rule (relid, columns, target) AS (
           SELECT conrelid, conkey::int[], confrelid FROM pg_catalog.pg_constraint WHERE conname = $3
           UNION ALL
           SELECT i.indrelid, i.indkey::int[], 0 FROM pg_catalog.pg_index i
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE c.relname = $3)
         SELECT ARRAY(SELECT a.attname::text FROM unnest(rule.columns) WITH ORDINALITY k (number, place)
                        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = rule.relid AND a.attnum = k.number
                       ORDER BY k.place),
                tn.nspname::text, t.relname::text
           FROM rule
           JOIN pg_catalog.pg_class r ON r.oid = rule.relid
           JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
           LEFT JOIN pg_catalog.pg_class t ON t.oid = rule.target
           LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
          WHERE n.nspname = $1 AND r.relname = $2 LIMIT 1",
    )
    .bind(schema)
    .bind(table)
    .bind(name)
    .fetch_optional(&mut **tx)
    .await
    .map_err(doing())?;
    let Some(row) = row else { return Ok(None) };
    let (schema, table): (Option<String>, Option<String>) =
        (row.try_get(1).map_err(doing())?, row.try_get(2).map_err(doing())?);
    Ok(Some(Rule { columns: row.try_get(0).map_err(doing())?, target: schema.zip(table) }))
}
