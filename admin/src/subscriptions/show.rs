//! One subscription in full.

use std::sync::Arc;

use serde::Serialize;
use sojourn_platform::PlatformError;
use sojourn_platform::entities::{MetadataCache, Published};
use sojourn_prepare::db::explain::explain_begin;
use sojourn_prepare::db::overview::{
    EntryCounts, Overview, SessionSeen, overview_clients, overview_entries, overview_sessions,
};
use sojourn_prepare::db::rules::RulesCache;
use sojourn_prepare::groups;
use sojourn_prepare::local_data_groups::LocalDataGroups;
use sojourn_prepare::situation::{Ask, Situation};
use sojourn_prepare::sync::outlook;
use sojourn_runtime::clock;
use sojourn_wire::SubscriptionId;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::find;
use super::list::Device;
use crate::error::AdminError;
use crate::filters::kind::{Kind, kind};

/// Sessions that are shown.
const SESSIONS: i64 = 10;

/// A subscription.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Whose data it is.
    pub user_id: Uuid,
    /// Its set of entities.
    pub dataset: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its status: active, expired or revoked.
    pub status: String,
    /// What its last prepare saw; none before the first.
    pub watermark: Option<Watermark>,
    /// Its devices, the primary one first.
    pub devices: Vec<Device>,
    /// Its rows, and what the next prepare would do, by entity in load order.
    pub entities: Vec<EntityShown>,
    /// Its newest sessions, newest first.
    pub sessions: Vec<SessionSeen>,
    /// The local data groups that concern its user.
    pub groups: Vec<GroupShown>,
    /// Why every prepare is refused; none when none is.
    pub refused: Option<String>,
}

/// What the last prepare saw.
#[derive(Debug, Serialize)]
pub struct Watermark {
    /// The snapshot, as Postgres writes it.
    pub snapshot: String,
    /// When it was taken.
    pub evaluated_at: Option<String>,
    /// How many transactions of the whole cluster began since.
    pub transactions_behind: i64,
    /// How many prepares there were.
    pub prepares: i64,
    /// The metadata version then.
    pub metadata_version: Option<i32>,
}

/// The rows of an entity.
#[derive(Debug, Serialize)]
pub struct EntityShown {
    /// The entity.
    pub entity: String,
    /// Rows that the device has.
    pub synchronised: i64,
    /// Rows that wait to be moved.
    pub to_move: i64,
    /// Rows that wait to be deleted.
    pub to_delete: i64,
    /// What the next prepare evaluates, in words; none when every prepare is refused.
    pub next: Option<String>,
}

/// A local data group, as it concerns the user.
#[derive(Debug, Serialize)]
pub struct GroupShown {
    /// Its entity.
    pub entity: String,
    /// Its name.
    pub name: String,
    /// Its filter.
    pub filter: String,
    /// Enforced, a default, or the user's own.
    pub kind: Kind,
    /// It decides what the device holds.
    pub in_force: bool,
}

/// Gathers it: everything from one snapshot.
///
/// # Errors
/// [`AdminError::NoSubscription`], [`AdminError::NotPublished`], or the database fails.
pub async fn show(pool: &PgPool, id: &SubscriptionId) -> Result<Shown, AdminError> {
    let mut tx = explain_begin(pool).await?;
    let overview = find(&mut tx, id).await?;
    let metadata = MetadataCache::new(pool.clone()).newest(&overview.dataset).await?;
    let devices = overview_clients(&mut tx, Some(id)).await?.into_iter().map(Device::from).collect();
    let sessions = overview_sessions(&mut tx, id, SESSIONS).await?;
    let entries = overview_entries(&mut tx, overview.number).await?;
    let groups = concerned(&mut tx, id, &overview, &metadata).await?;
    let next = next(&mut tx, id, &overview, Arc::clone(&metadata)).await?;
    let (next, refused) = match next {
        Ok(next) => (next, None),
        Err(words) => (Vec::new(), Some(words)),
    };
    Ok(Shown {
        watermark: watermark(&overview),
        id: overview.id,
        user_id: overview.user_id,
        dataset: overview.dataset,
        kind: overview.kind,
        status: overview.status,
        devices,
        entities: entities(&metadata, &entries, &next),
        sessions,
        groups,
        refused,
    })
}

fn watermark(overview: &Overview) -> Option<Watermark> {
    Some(Watermark {
        snapshot: overview.snapshot.clone()?,
        evaluated_at: overview.evaluated_at.clone(),
        transactions_behind: overview.transactions_behind.unwrap_or(0),
        prepares: overview.prepare_seq,
        metadata_version: overview.metadata_version,
    })
}

async fn concerned(
    tx: &mut Transaction<'_, Postgres>,
    id: &SubscriptionId,
    overview: &Overview,
    metadata: &Published,
) -> Result<Vec<GroupShown>, PlatformError> {
    let of_user = LocalDataGroups::of(tx, id, &overview.subscription()?, metadata, &RulesCache::default()).await?;
    let Some(of_user) = of_user else { return Ok(Vec::new()) };
    let mut shown = Vec::new();
    for table in &metadata.entities {
        let member = of_user.member(table.object_type_code);
        let (all, one) = groups::in_force(&of_user.groups, table.object_type_code, &member);
        let of_entity = of_user.groups.iter().filter(|group| group.object_type_code == table.object_type_code);
        shown.extend(of_entity.filter(|group| groups::concerns(group, &member)).map(|group| GroupShown {
            entity: table.entity.clone(),
            name: group.name.clone(),
            filter: group.filter.clone(),
            kind: kind(&group.author),
            in_force: all.contains(&group) || one.contains(&group),
        }));
    }
    Ok(shown)
}

/// What the next prepare does, by entity in load order; or why it is refused.
async fn next(
    tx: &mut Transaction<'_, Postgres>,
    id: &SubscriptionId,
    overview: &Overview,
    metadata: Arc<Published>,
) -> Result<Result<Vec<String>, String>, PlatformError> {
    let (subscription, rules, ask) = (overview.subscription()?, RulesCache::default(), Ask::default());
    if !subscription.active {
        return Ok(Err("the subscription is revoked".to_owned()));
    }
    match Situation::gather(tx, id, &subscription, metadata, &rules, clock::now(), ask).await? {
        Err(refusal) => Ok(Err(refusal.to_string())),
        Ok(situation) => {
            Ok(Ok(outlook(tx, &situation).await?.iter().map(|outlook| outlook.mode.to_string()).collect()))
        }
    }
}

fn entities(metadata: &Published, entries: &[EntryCounts], next: &[String]) -> Vec<EntityShown> {
    let shown = |(index, table): (usize, &sojourn_platform::entities::Table)| {
        let code = table.object_type_code;
        let none = EntryCounts { object_type_code: code, synchronised: 0, to_move: 0, to_delete: 0 };
        let counts = entries.iter().find(|counts| counts.object_type_code == code).unwrap_or(&none);
        EntityShown {
            entity: table.entity.clone(),
            synchronised: counts.synchronised,
            to_move: counts.to_move,
            to_delete: counts.to_delete,
            next: next.get(index).cloned(),
        }
    };
    metadata.entities.iter().enumerate().map(shown).collect()
}
