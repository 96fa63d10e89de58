//! Large loads without secondary indexes: they are taken away, and built from the loaded tables.

use sqlx::PgConnection;

use crate::error::SampleError;

/// Drops the indexes of schema `crm` that no constraint needs, and keeps their definitions until the transaction
/// ends.
pub(crate) async fn drop_secondary(connection: &mut PgConnection) -> Result<(), SampleError> {
    let sql = "
        CREATE TEMPORARY TABLE crm_secondary_index ON COMMIT DROP AS
            SELECT c.oid::regclass::text AS name, pg_get_indexdef(c.oid) AS definition
              FROM pg_index i
              JOIN pg_class c ON c.oid = i.indexrelid
             WHERE c.relnamespace = 'crm'::regnamespace
               AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid);
        DO $$
        DECLARE
            index record;
        BEGIN
            FOR index IN SELECT * FROM crm_secondary_index LOOP
                EXECUTE 'DROP INDEX ' || index.name;
            END LOOP;
        END
        $$";
    let step = "put the secondary indexes of the CRM aside";
    sqlx::raw_sql(sql).execute(connection).await.map_err(|source| SampleError::Step { step, source })?;
    Ok(())
}

/// Builds what [`drop_secondary`] dropped earlier in the same transaction.
pub(crate) async fn build_secondary(connection: &mut PgConnection) -> Result<(), SampleError> {
    let sql = "
        DO $$
        DECLARE
            index record;
        BEGIN
            FOR index IN SELECT * FROM crm_secondary_index LOOP
                EXECUTE index.definition;
            END LOOP;
        END
        $$";
    let step = "build the secondary indexes of the CRM";
    sqlx::raw_sql(sql).execute(connection).await.map_err(|source| SampleError::Step { step, source })?;
    Ok(())
}
