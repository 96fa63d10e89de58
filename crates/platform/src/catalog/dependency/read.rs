//! Reading what policies lead to.

use sqlx::PgConnection;

use super::{Dependencies, Function, Object, ObjectKind, Policy, Unsteady};
use crate::database::PlatformError;

/// Reads everything that these relations lead to. `role` is the acting role's oid; without one no policy applies to it.
pub(in crate::catalog) async fn read(
    conn: &mut PgConnection,
    role: Option<i64>,
    relations: &[i64],
) -> Result<Dependencies, PlatformError> {
    let edges = read_edges(conn, relations).await?;
    let oids = |kind| -> Vec<i64> {
        let mut oids: Vec<i64> = edges.iter().map(|(_, to)| to).filter(|to| to.kind == kind).map(|to| to.oid).collect();
        oids.sort_unstable();
        oids.dedup();
        oids
    };
    let (policies, functions) = (oids(ObjectKind::Policy), oids(ObjectKind::Function));
    let unsteady = read_unsteady(conn, &policies, &functions, &oids(ObjectKind::Rule)).await?;
    let policies = read_policies(conn, role, &policies).await?;
    let functions = read_functions(conn, &functions).await?;
    Ok(Dependencies { edges, policies, functions, unsteady })
}

/// `pg_depend` knows the objects that an expression refers to, but not whether it reads a table or only knows its row
/// type: the expression's tree does, where a relation that is read has a `relid`. Objects below 16384 are Postgres' own.
async fn read_edges(conn: &mut PgConnection, roots: &[i64]) -> Result<Vec<(Object, Object)>, PlatformError> {
    let rows: Vec<(String, i64, String, i64)> = sqlx::query_as(
        r"WITH RECURSIVE edge (from_class, from_oid, class, oid) AS (
              SELECT 0::oid, 0::oid, 'pg_class'::regclass::oid, root FROM unnest($1::bigint[]::oid[]) AS root
            UNION
              SELECT edge.class, edge.oid, next.class, next.oid
                FROM edge
               CROSS JOIN LATERAL (
                  SELECT d.refclassid, d.refobjid
                    FROM pg_depend d
                   WHERE d.classid = edge.class AND d.objid = edge.oid AND d.refobjid >= 16384
                     AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass)
                     AND CASE edge.class
                         WHEN 'pg_policy'::regclass THEN (SELECT polqual::text FROM pg_policy p WHERE p.oid = edge.oid)
                         WHEN 'pg_rewrite'::regclass THEN (SELECT ev_action::text FROM pg_rewrite r WHERE r.oid = edge.oid)
                         WHEN 'pg_proc'::regclass THEN (SELECT prosqlbody::text FROM pg_proc f WHERE f.oid = edge.oid)
                         END ~ (CASE d.refclassid WHEN 'pg_class'::regclass THEN ':relid ' ELSE '\m' END
                                || d.refobjid || '\M')
                UNION ALL -- an aggregate has no tree, but functions that it is made of
                  SELECT d.refclassid, d.refobjid
                    FROM pg_depend d
                    JOIN pg_proc f ON f.oid = d.objid AND f.prokind = 'a'
                   WHERE edge.class = 'pg_proc'::regclass AND d.classid = edge.class AND d.objid = edge.oid
                     AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384
                UNION ALL
                  SELECT 'pg_proc'::regclass, o.oprcode
                    FROM pg_operator o
                   WHERE edge.class = 'pg_operator'::regclass AND o.oid = edge.oid AND o.oprcode::oid >= 16384
                UNION ALL
                  SELECT 'pg_rewrite'::regclass, r.oid
                    FROM pg_rewrite r
                   WHERE edge.class = 'pg_class'::regclass AND r.ev_class = edge.oid AND r.ev_type = '1'
                UNION ALL
                  SELECT 'pg_policy'::regclass, p.oid
                    FROM pg_policy p
                    JOIN pg_class c ON c.oid = p.polrelid AND c.relrowsecurity
                   WHERE edge.class = 'pg_class'::regclass AND p.polrelid = edge.oid AND p.polcmd IN ('r', '*')
               ) AS next (class, oid)
          )
          SELECT from_class::regclass::text, from_oid::bigint, class::regclass::text, oid::bigint
            FROM edge
           WHERE from_oid <> 0
           ORDER BY 2, 4",
    )
    .bind(roots)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading from the catalog what policies lead to"))?;
    let object = |class: String, oid| Object { kind: class.into(), oid };
    Ok(rows.into_iter().map(|(from, from_oid, to, to_oid)| (object(from, from_oid), object(to, to_oid))).collect())
}

async fn read_policies(conn: &mut PgConnection, role: Option<i64>, oids: &[i64]) -> Result<Vec<Policy>, PlatformError> {
    sqlx::query_as(
        "SELECT p.oid::bigint AS oid, p.polname::text AS name, p.polrelid::bigint AS relation,
                EXISTS (SELECT
                          FROM unnest(p.polroles) AS granted (role)
                         WHERE CASE granted.role WHEN 0 THEN true
                               ELSE pg_has_role($1::bigint::oid, granted.role, 'USAGE') END) AS applies
           FROM pg_policy p
          WHERE p.oid = ANY ($2::bigint[]::oid[])
          ORDER BY p.oid",
    )
    .bind(role)
    .bind(oids)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading policies from the catalog"))
}

/// An aggregate is as clear as the functions it is made of, and an immutable function in C looks nothing up: those are
/// the comparisons that come with types.
async fn read_functions(conn: &mut PgConnection, oids: &[i64]) -> Result<Vec<Function>, PlatformError> {
    sqlx::query_as(
        "SELECT f.oid::bigint AS oid, n.nspname::text AS schema, f.proname::text AS name,
                f.prosqlbody IS NULL AND f.prokind <> 'a' AND NOT (l.lanname = 'c' AND f.provolatile = 'i') AS opaque
           FROM pg_proc f
           JOIN pg_namespace n ON n.oid = f.pronamespace
           JOIN pg_language l ON l.oid = f.prolang
          WHERE f.oid = ANY ($1::bigint[]::oid[])
          ORDER BY f.oid",
    )
    .bind(oids)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading functions from the catalog"))
}

/// Postgres' own functions have no entries in `pg_depend`, but their oids stand in the trees. The values of
/// `SQLVALUEFUNCTION` up to 8 are of the clock, those above are of the role.
async fn read_unsteady(
    conn: &mut PgConnection,
    policies: &[i64],
    functions: &[i64],
    rules: &[i64],
) -> Result<Vec<Unsteady>, PlatformError> {
    let rows: Vec<(String, i64, String)> = sqlx::query_as(
        r"WITH tree (class, oid, text) AS (
              SELECT 'pg_policy', oid, polqual::text FROM pg_policy WHERE oid = ANY ($1::bigint[]::oid[])
            UNION ALL
              SELECT 'pg_proc', oid, prosqlbody::text FROM pg_proc WHERE oid = ANY ($2::bigint[]::oid[])
            UNION ALL
              SELECT 'pg_rewrite', oid, ev_action::text FROM pg_rewrite WHERE oid = ANY ($3::bigint[]::oid[])
          )
          SELECT DISTINCT tree.class, tree.oid::bigint, found.what
            FROM tree
           CROSS JOIN LATERAL (
              SELECT f.proname || '()'
                FROM regexp_matches(tree.text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g') AS called
                JOIN pg_proc f ON f.oid = called[1]::oid
               WHERE f.oid < 16384
                 AND (f.provolatile = 'v'
                      OR f.proname IN ('now', 'transaction_timestamp', 'statement_timestamp', 'pg_current_xact_id',
                                       'pg_current_xact_id_if_assigned', 'txid_current', 'txid_current_if_assigned',
                                       'pg_current_snapshot', 'txid_current_snapshot')
                      OR f.proname = 'age' AND f.pronargs = 1
                      OR f.proname ~ '^(query|table|schema|database|cursor)_to_xml')
            UNION
              SELECT 'the clock'
                FROM regexp_matches(tree.text, '\{SQLVALUEFUNCTION :op (\d+)', 'g') AS value
               WHERE value[1]::int <= 8
            UNION -- a text that is read as a time may be 'now'
              SELECT 'a time made of text'
               WHERE tree.text ~ '\{COERCEVIAIO ' AND tree.text ~ ':resulttype (1082|1083|1114|1184|1266)\M'
            UNION -- a crash empties it, and nobody is told
              SELECT 'the unlogged table ' || c.oid::regclass
                FROM regexp_matches(tree.text, ':relid (\d+)', 'g') AS read
                JOIN pg_class c ON c.oid = read[1]::oid AND c.relpersistence = 'u'
            UNION
              SELECT read[1]::oid::regclass::text
                FROM regexp_matches(tree.text, ':relid (\d+)', 'g') AS read
               WHERE read[1]::oid BETWEEN 1 AND 16383
           ) AS found (what)
           ORDER BY 1, 2, 3",
    )
    .bind(policies)
    .bind(functions)
    .bind(rules)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading from the catalog what policies take from the clock"))?;
    let unsteady =
        |(class, oid, what): (String, i64, String)| Unsteady { object: Object { kind: class.into(), oid }, what };
    Ok(rows.into_iter().map(unsteady).collect())
}
