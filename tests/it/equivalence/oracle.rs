//! What a user has, as a SELECT says that knows nothing of Sojourn.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::entities::ENTITIES;
use super::groups::condition;
use super::world::{World, own};

/// Rows by entity and id, with their versions.
pub type Rows = BTreeMap<(i32, Uuid), i64>;

/// Whether the user may go offline.
pub async fn may_go_offline(world: &World, subscriber: usize) -> bool {
    sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM crm.office_worker WHERE user_id = $1)")
        .bind(world.subscribers[subscriber].user)
        .fetch_one(&world.admin)
        .await
        .expect("an answer")
}

/// Everything that the user has of all entities, under policies and filters.
pub async fn everything(world: &World, subscriber: usize) -> Rows {
    let roles = roles(world, subscriber).await;
    let of_entity = |(code, table): &(i32, &str)| {
        let condition = condition(&world.groups, *code, subscriber, &roles);
        format!("SELECT {code}, e.id, e.xmin::text::bigint FROM {table} e WHERE {condition}")
    };
    let user = world.subscribers[subscriber].user;
    let text = ENTITIES.iter().map(of_entity).collect::<Vec<_>>().join(" UNION ALL ");
    let text = text.replace("{now}", &format!("'{}'::timestamptz", world.clock.0));
    as_user(world, user, text.replace("{user}", &format!("'{user}'::uuid"))).await
}

/// Those of these ids that the user sees, whatever the filters.
pub async fn among(world: &World, user: Uuid, code: i32, ids: &[Uuid]) -> Rows {
    let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    let table = super::entities::table(code);
    let text = format!("SELECT {code}, id, xmin::text::bigint FROM {table} WHERE id IN ({})", ids.join(", "));
    as_user(world, user, text).await
}

async fn roles(world: &World, subscriber: usize) -> Vec<String> {
    sqlx::query_scalar("SELECT r.name FROM crm.role r JOIN crm.user_role u ON u.role_id = r.id WHERE u.user_id = $1")
        .bind(world.subscribers[subscriber].user)
        .fetch_all(&world.admin)
        .await
        .expect("the roles")
}

async fn as_user(world: &World, user: Uuid, text: String) -> Rows {
    let mut tx = world.admin.begin().await.expect("a transaction");
    let claims = format!(r#"{{"sub":"{user}","role":"sojourn_user"}}"#);
    let become_user = format!(
        "SET LOCAL sojourn.user_id = '{user}'; SET LOCAL \"request.jwt.claims\" = '{claims}';
         SET LOCAL ROLE sojourn_user"
    );
    sqlx::raw_sql(own(become_user)).execute(&mut *tx).await.expect("the role");
    let found: Vec<(i32, Uuid, i64)> = sqlx::query_as(own(text)).fetch_all(&mut *tx).await.expect("the rows");
    tx.rollback().await.expect("it ends");
    found.into_iter().map(|(code, id, version)| ((code, id), version)).collect()
}
