//! The statements of prepare, export and replay, explained by Postgres for every table of the sample, in the role that
//! runs them: a wrong column, type or privilege shows here and not in the field.

use sojourn_export::plan::Position;
use sojourn_export::statement::{copy_keys, copy_range};
use sojourn_metadata::{Attribute, DataType, Entity, Relationship};
use sojourn_platform::Identity;
use sojourn_platform::acting::{SCAN_ROLE, become_role, become_service, become_user};
use sojourn_platform::entities::{Column, MetadataCache, Published, Table};
use sojourn_platform::filter::{ClockBound, Hop, Path};
use sojourn_platform::sql::{Ident, Sql};
use sojourn_prepare::statement::{SyncEntryTable, preview, referring, swept, visible, visible_among, visible_in_order};
use sojourn_replay::statement::one::{probe, statement};
use sojourn_replay::statement::{look, many};
use sojourn_replay::validate::Write;
use sojourn_replay::value::Parameter;
use sojourn_wire::message::operation::RowCommand;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::explain::explain;
use crate::support::{World, WorldPlan, run, service_pool};

/// The number of the first subscription.
const FIRST: i64 = 1;

/// A transaction of the services, with the temporary tables that theirs have, and the metadata in force.
struct Asking {
    world: World,
    pool: PgPool,
    metadata: std::sync::Arc<Published>,
    user: Identity,
}

impl Asking {
    async fn begin() -> Asking {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let metadata = MetadataCache::new(world.admin().clone()).newest("crm").await.expect("it is published");
        let user = Identity { user_id: world.devices[0].user_id, acting_role: metadata.acting_role.clone() };
        let pool = service_pool(&world).await;
        Asking { world, pool, metadata, user }
    }

    async fn transaction(&self) -> Transaction<'static, Postgres> {
        let mut tx = self.pool.begin().await.expect("a transaction");
        let tables = "CREATE TEMPORARY TABLE sync_visible (object_type_code int NOT NULL, object_id uuid NOT NULL,
                          version xid NOT NULL) ON COMMIT DROP;
                      CREATE TEMPORARY TABLE export_key (prepare_seq int NOT NULL, object_id uuid NOT NULL) ON COMMIT DROP;
                      GRANT INSERT ON pg_temp.sync_visible TO sojourn_user;
                      GRANT SELECT ON pg_temp.export_key TO sojourn_user";
        sqlx::raw_sql(tables).execute(&mut *tx).await.expect("temporary tables");
        tx
    }

    async fn end(self) {
        self.pool.close().await;
        self.world.stop().await;
    }
}

/// Asserts that Postgres plans a statement.
async fn planned(tx: &mut Transaction<'_, Postgres>, sql: &Sql, parameters: usize) {
    if let Err(error) = explain(tx, sql, parameters).await {
        panic!("Postgres refuses: {error}\n{}", sql.text());
    }
}

/// Every relationship of an entity, as a path of a filter.
fn paths(entity: &Entity) -> Vec<Path> {
    let hop = |to: &Relationship| vec![Hop { attribute: to.attribute.clone(), target: to.target.clone() }];
    entity.relationships.iter().map(hop).collect()
}

/// A comparison of every time of an entity with the clock.
fn clocks(entity: &Entity) -> Vec<ClockBound> {
    let is_time = |data_type| matches!(data_type, DataType::Date | DataType::Timestamp | DataType::TimestampTz);
    let times = entity.attributes.iter().filter(|attribute| is_time(attribute.data_type));
    let bound = |time: &Attribute| ClockBound {
        path: vec![],
        attribute: time.name.clone(),
        offset: "-7 days".to_owned(),
        data_type: time.data_type,
    };
    times.map(bound).collect()
}

#[test]
fn what_prepare_says_is_understood() {
    run(async {
        let asking = Asking::begin().await;
        let mut tx = asking.transaction().await;
        let entries = SyncEntryTable::new(FIRST).expect("a name");
        // LOCK cannot be explained: it is said. So are the indexes, which the others rest on.
        sqlx::query(entries.lock().into_sqlx()).execute(&mut *tx).await.expect("the service may lock");
        sqlx::query(entries.index().into_sqlx()).execute(&mut *tx).await.expect("the service may ask for indexes");
        let merges = [
            (entries.with_entries(), 1),
            (entries.load(), 2),
            (entries.merge_deleted(), 2),
            (entries.merge_updated(), 3),
            (entries.merge_inserted(), 2),
            (entries.merge_refused(), 4),
            (entries.merge_candidates_deleted(), 4),
            (entries.merge_candidates_updated(), 5),
            (entries.merge_candidates_inserted(), 4),
            (entries.merge_candidates_refused(), 3),
            (entries.drop_unknown(), 1),
            (entries.pending(), 2),
            (entries.post_sync_skipped(), 3),
            (entries.post_sync_deletes(), 3),
        ];
        for (sql, parameters) in &merges {
            planned(&mut tx, sql, *parameters).await;
        }
        become_user(&mut tx, &asking.user).await.expect("it takes");
        for table in &asking.metadata.entities {
            planned(&mut tx, &visible(table, None).sql, 0).await;
            planned(&mut tx, &visible_in_order(table, None).sql, 0).await;
            planned(&mut tx, &visible_among(table, None).sql, 1).await;
            planned(&mut tx, &preview(table, None, None), 0).await;
        }
        become_service(&mut tx).await.expect("it takes");
        become_role(&mut tx, SCAN_ROLE).await.expect("it takes");
        for (table, entity) in asking.metadata.entities.iter().zip(&asking.metadata.metadata.entities) {
            for path in paths(entity) {
                planned(&mut tx, &referring(&asking.metadata, table, &path).expect("a path"), 2).await;
            }
            for bound in clocks(entity) {
                planned(&mut tx, &swept(&asking.metadata, table, &bound).expect("a time"), 4).await;
            }
        }
        tx.rollback().await.expect("it ends");
        asking.end().await;
    });
}

/// The first and the last key of a query, of one prepare or of several.
fn positions(several: bool) -> [Position; 2] {
    let position = |prepare_seq, object_id| Position { prepare_seq, object_id };
    [position(1, Uuid::nil()), position(1 + i32::from(several), Uuid::max())]
}

#[test]
fn what_export_says_is_understood() {
    run(async {
        let asking = Asking::begin().await;
        let mut tx = asking.transaction().await;
        planned(&mut tx, &sojourn_export::statement::waiting(FIRST).expect("a name"), 6).await;
        planned(&mut tx, &sojourn_export::statement::pick_rows(FIRST).expect("a name"), 5).await;
        planned(&mut tx, &sojourn_export::statement::pick_deletes(FIRST).expect("a name"), 3).await;
        become_user(&mut tx, &asking.user).await.expect("it takes");
        for table in &asking.metadata.entities {
            planned(&mut tx, &copy_range(table, Uuid::nil(), Uuid::max()), 0).await;
            for several in [false, true] {
                planned(&mut tx, &copy_keys(table, &positions(several)), 0).await;
            }
        }
        tx.rollback().await.expect("it ends");
        asking.end().await;
    });
}

/// A write of every attribute that a user may write.
fn write(table: &Table, command: RowCommand) -> Write<'_> {
    let columns = writable(table).into_iter();
    let values = match command {
        RowCommand::Delete => Vec::new(),
        RowCommand::Create | RowCommand::Update => columns.map(|column| (column, Parameter::Text(None))).collect(),
    };
    Write { table, command, object_id: Uuid::nil(), values }
}

/// The attributes that a user may write.
fn writable(table: &Table) -> Vec<&Column> {
    table.columns.iter().skip(1).filter(|column| !column.attribute.generated).collect()
}

/// Asserts that Postgres plans the statements that write runs.
async fn runs_planned(tx: &mut Transaction<'_, Postgres>, table: &Table) {
    let columns: Vec<&Column> = writable(table).into_iter().filter(|column| look::is_comparable(column)).collect();
    let lists = 3 + columns.len();
    planned(tx, &many::update(table, &columns).expect("good types"), lists).await;
    planned(tx, &many::insert(table, &columns).expect("good types"), lists).await;
    planned(tx, &look::look(table, &columns).expect("good types"), 1 + 2 * columns.len()).await;
    planned(tx, &look::version(table), 1).await;
    planned(tx, &look::versions(table), 1).await;
    planned(tx, &look::locked(table), 1).await;
    planned(tx, &look::reference(table, table.key()), 1).await;
}

#[test]
fn what_replay_says_is_understood() {
    run(async {
        let asking = Asking::begin().await;
        let mut tx = asking.transaction().await;
        let read_only = ["system_user", "team", "business_unit"];
        for table in asking.metadata.entities.iter().filter(|table| !read_only.contains(&table.entity.as_str())) {
            become_user(&mut tx, &asking.user).await.expect("it takes");
            for command in [RowCommand::Create, RowCommand::Update, RowCommand::Delete] {
                let write = write(table, command);
                let sql = statement(&write).expect("good types").expect("something to write");
                let version = usize::from(command == RowCommand::Delete);
                planned(&mut tx, &sql, 1 + version + write.values.len()).await;
            }
            runs_planned(&mut tx, table).await;
            for column in &table.columns {
                planned(&mut tx, &probe(table, column).expect("good types"), 2).await;
            }
            become_service(&mut tx).await.expect("it takes");
        }
        tx.rollback().await.expect("it ends");
        asking.end().await;
    });
}

#[test]
fn a_statement_with_a_mistake_is_not_understood() {
    run(async {
        let asking = Asking::begin().await;
        let mut wrong = asking.metadata.entities[0].clone();
        wrong.columns[1].name = Ident::new("no_such_column").expect("a name");
        let strange = Ident::new("role_privilege").expect("a name");
        let withheld = Table { table: strange, ..asking.metadata.entities[0].clone() };
        for table in [wrong, withheld] {
            let mut tx = asking.transaction().await;
            become_user(&mut tx, &asking.user).await.expect("it takes");
            let copy = copy_keys(&table, &positions(false));
            assert!(explain(&mut tx, &copy, 0).await.is_err(), "{}", copy.text());
            tx.rollback().await.expect("it ends");
        }
        asking.end().await;
    });
}
