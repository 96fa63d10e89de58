//! The definition of who sees what: one hash over all objects of the catalog that decide it, and over the triggers that
//! note what changed. While it stays the same, only changes of rows change what a user sees.

use sojourn_metadata::rules::Watched;
use sqlx::PgConnection;

use crate::database::PlatformError;

/// The hash of everything in the catalog that decides which rows the acting role sees, in hexadecimal.
///
/// It changes when a policy, a grant, an owner, a membership, a view, a function, a partition or one of our triggers
/// does, and when a table is renamed, moved, rewritten or emptied, because triggers do not see that. Of
/// functions it takes all that stand beside one that a policy calls: what that one calls, the catalog does not know. Vacuuming, analysing and indexing
/// leave it, and so does what the scanning role is granted. A row of `pg_class` may be changed in place, hence its columns and not its version.
///
/// # Errors
/// [`PlatformError::Database`].
pub async fn definition_hash(
    conn: &mut PgConnection,
    acting_role: &str,
    watched: &Watched,
) -> Result<String, PlatformError> {
    let oids = |oids: &[u32]| -> Vec<i64> { oids.iter().map(|oid| i64::from(*oid)).collect() };
    sqlx::query_scalar(
        "WITH RECURSIVE relation (oid) AS (
              SELECT unnest($1::bigint[]::oid[])
            UNION
              SELECT i.inhrelid FROM relation JOIN pg_catalog.pg_inherits i ON i.inhparent = relation.oid
          ), role (oid, superuser, bypasses_rls, inherits) AS (
              SELECT r.oid, r.rolsuper, r.rolbypassrls, r.rolinherit
                FROM pg_catalog.pg_roles r
               WHERE r.rolname = $3
                  OR r.oid IN (SELECT f.proowner FROM pg_catalog.pg_proc f WHERE f.oid = ANY ($2::bigint[]::oid[]))
                  OR r.oid IN (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::bigint[]::oid[]))
            UNION
              SELECT r.oid, r.rolsuper, r.rolbypassrls, r.rolinherit
                FROM role
                JOIN pg_catalog.pg_auth_members m ON m.member = role.oid
                JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
          ), part (text) AS (
              SELECT concat_ws(' ', 'class', c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner,
                               c.relfilenode, c.relispartition, coalesce(c.relacl::text, '-'),
                               CASE c.relkind WHEN 'v' THEN c.reloptions::text END)
                FROM relation
                JOIN pg_catalog.pg_class c ON c.oid = relation.oid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            UNION ALL
              SELECT concat_ws(' ', 'column', a.attrelid, a.attnum, granted.item)
                FROM relation
                JOIN pg_catalog.pg_attribute a ON a.attrelid = relation.oid AND a.attacl IS NOT NULL
               CROSS JOIN LATERAL unnest(a.attacl) AS granted (item)
               WHERE granted.item::text NOT LIKE 'sojourn\\_scan=%'
            UNION ALL
              SELECT concat_ws(' ', 'parent', i.inhrelid, i.inhparent, i.inhdetachpending)
                FROM relation JOIN pg_catalog.pg_inherits i ON i.inhrelid = relation.oid
            UNION ALL
              SELECT concat_ws(' ', 'replicated', s.srrelid)
                FROM relation JOIN pg_catalog.pg_subscription_rel s ON s.srrelid = relation.oid
            UNION ALL
              SELECT concat_ws(' ', 'policy', p.oid, p.xmin)
                FROM relation JOIN pg_catalog.pg_policy p ON p.polrelid = relation.oid
            UNION ALL
              SELECT concat_ws(' ', 'rule', r.oid, r.xmin)
                FROM relation JOIN pg_catalog.pg_rewrite r ON r.ev_class = relation.oid
            UNION ALL
              SELECT concat_ws(' ', 'trigger', t.oid, t.xmin, t.tgenabled, f.oid, f.xmin)
                FROM relation
                JOIN pg_catalog.pg_trigger t ON t.tgrelid = relation.oid AND NOT t.tgisinternal
                JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
                JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace AND n.nspname = 'sojourn'
            UNION ALL
              SELECT concat_ws(' ', 'function', n.nspname, f.oid, f.xmin)
                FROM pg_catalog.pg_namespace n
                JOIN pg_catalog.pg_proc f ON f.pronamespace = n.oid
               WHERE n.oid IN (SELECT w.pronamespace FROM pg_catalog.pg_proc w WHERE w.oid = ANY ($2::bigint[]::oid[]))
            UNION ALL
              SELECT concat_ws(' ', 'role', role.oid, superuser, bypasses_rls, inherits) FROM role
            UNION ALL
              SELECT concat_ws(' ', 'member', m.member, m.roleid, m.xmin)
                FROM role JOIN pg_catalog.pg_auth_members m ON m.member = role.oid
          )
          SELECT encode(sha256(convert_to(coalesce(string_agg(text, E'\\n' ORDER BY text COLLATE \"C\"), ''), 'UTF8')), 'hex')
            FROM part",
    )
    .bind(oids(&watched.relations))
    .bind(oids(&watched.functions))
    .bind(acting_role)
    .fetch_one(conn)
    .await
    .map_err(PlatformError::doing("reading the definition of who sees what"))
}
