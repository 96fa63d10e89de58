//! A database of an earlier version keeps what it knows when it is migrated.

use std::borrow::Cow;

use sqlx::PgConnection;
use sqlx::migrate::Migrator;
use uuid::Uuid;

use super::registration::{database, drop_database};
use super::tracking::set_up;
use crate::support::run;

static MIGRATOR: Migrator = sqlx::migrate!("../crates/platform/migrations");

/// What is in the schema `sojourn` goes, and it is made again as it was with this migration.
async fn as_it_was_with(connection: &mut PgConnection, version: i64) {
    set_up(connection).await;
    execute(
        connection,
        "DROP SCHEMA sojourn CASCADE;
         CREATE SCHEMA sojourn AUTHORIZATION sojourn_owner;
         GRANT USAGE ON SCHEMA sojourn TO sojourn_service;
         SET ROLE sojourn_owner; SET search_path = sojourn",
    )
    .await;
    let earlier = MIGRATOR.migrations.iter().filter(|migration| migration.version <= version).cloned();
    let mut migrator = Migrator { migrations: Cow::Owned(earlier.collect()), ..Migrator::DEFAULT };
    migrator.dangerous_set_table_name("sojourn.migration");
    migrator.run_direct(None, connection, false).await.expect("it is migrated");
    execute(connection, "RESET ROLE; RESET search_path").await;
}

async fn execute(connection: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.expect("the statements run");
}

type Entry = (i32, Uuid, i16, i64);

async fn entries(connection: &mut PgConnection, sql: &'static str) -> Vec<Entry> {
    sqlx::query_as(sql).fetch_all(connection).await.expect("the entries")
}

/// The first subscription is in the middle of a session, the second was never prepared.
const SUBSCRIPTIONS: &str = "
INSERT INTO sojourn.subscription (id, dataset, user_id, prepare_seq)
VALUES ('halfway', 'crm', gen_random_uuid(), 5), ('new', 'crm', gen_random_uuid(), 0);
SELECT sojourn.sync_entry_create(number) FROM sojourn.subscription;
INSERT INTO sojourn.sync_entry_1 (object_type_code, object_id, sync_state, version)
SELECT code, lpad((10 * code + n)::text, 32, '0')::uuid, state, (700 + n)::text::xid
  FROM (VALUES (1, 1, 0), (1, 2, 1), (1, 3, 2), (1, 4, 0), (2, 5, 1), (2, 6, 1), (3, 7, 2)) e (code, n, state);
INSERT INTO sojourn.session (id, subscription_id, request, prepare_seq, metadata_version, result)
VALUES (lpad('1', 32, '0')::uuid, 'halfway', gen_random_uuid(), 5, 1, '{}');
INSERT INTO sojourn.batch (session_id, number, kind, object_type_code, to_key, manifest)
SELECT id, n, 'rows', 1, lpad('12', 32, '0')::uuid, '{}' FROM sojourn.session, generate_series(1, 3) n;
INSERT INTO sojourn.post_sync (session_id, number) SELECT id, n FROM sojourn.session, generate_series(1, 2) n";

const BEFORE: &str = "SELECT object_type_code, object_id, sync_state, version::text::bigint FROM sojourn.sync_entry_1
                       ORDER BY object_id";
const AFTER: &str = "SELECT object_type_code, object_id, sync_state, version::text::bigint FROM sojourn.sync_state_1
                      ORDER BY object_id";
const INDEXES: &str =
    "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'sojourn' AND tablename LIKE 'sync\\_entry%'
                        ORDER BY indexname COLLATE \"C\"";

#[test]
fn sync_entries_keep_their_states() {
    run(async {
        let mut connection = database("migration", "").await;
        as_it_was_with(&mut connection, 3).await;
        execute(&mut connection, SUBSCRIPTIONS).await;
        let before = entries(&mut connection, BEFORE).await;
        assert_eq!(before.iter().map(|(_, _, state, _)| *state).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 1, 2]);
        for _again in 0..2 {
            set_up(&mut connection).await;
            assert_eq!(entries(&mut connection, AFTER).await, before);
        }
        let pending = "SELECT count(*) FROM sojourn.sync_entry_1 WHERE prepare_seq = 5";
        let pending: i64 = sqlx::query_scalar(pending).fetch_one(&mut connection).await.expect("a count");
        assert_eq!(pending, 5, "what waits counts as of the last prepare");
        let settled = "SELECT settled FROM sojourn.session";
        let settled: i32 = sqlx::query_scalar(settled).fetch_one(&mut connection).await.expect("a number");
        assert_eq!(settled, 2);
        let indexes: Vec<String> = sqlx::query_scalar(INDEXES).fetch_all(&mut connection).await.expect("the indexes");
        let expected = [1, 2].map(|n| ["deleted", "order", "pkey"].map(|kind| format!("sync_entry_{n}_{kind}")));
        assert_eq!(indexes, expected.as_flattened());
        drop_database("migration", connection).await;
    });
}
