//! Local data groups at the user's hand: which are in force, what a change would move, and changing them.

mod change;
mod list;

use std::collections::BTreeSet;

use change::{Action, Change, defined, removed};
use jiff::Timestamp;
use list::listed;
use sojourn_platform::entities::{Published, Table};
use sojourn_platform::filter::{Context, Filter};
use sojourn_platform::{Identity, PlatformError};
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::filters::{FiltersAction, FiltersOutcome, FiltersPreview, GroupDefinition};
use sqlx::{PgPool, Postgres, Transaction};

use crate::db::evaluate::as_user;
use crate::db::group::{GroupAuthor, NewGroup, Stored, group_remove, group_store};
use crate::db::preview::{Moving, preview_moving, preview_scans, preview_sizes};
use crate::db::subscription::Subscription;
use crate::groups::{self, BadGroup, Group};
use crate::local_data_groups::LocalDataGroups;
use crate::plan::cost;
use crate::prepare_sync::PrepareSync;

/// What a user is told whose filter takes longer than a minute.
const TOO_SLOW: &str = "it takes longer than a minute to find what this filter lets through: write a narrower one, or ask \
    your administrator for an index on what it compares";

/// Whose groups they are.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The subscription.
    pub id: &'a SubscriptionId,
    /// What is known of it.
    pub subscription: &'a Subscription,
    /// The clock, for filters.
    pub now: Timestamp,
}

/// Answers what is asked, and does what is wanted. Doing it twice does it once.
///
/// # Errors
/// When the database fails. What cannot be is an outcome.
pub async fn act(
    pool: &PgPool,
    prepares: &PrepareSync,
    asker: Asker<'_>,
    action: FiltersAction,
) -> Result<FiltersOutcome, PlatformError> {
    let metadata = prepares.metadata().newest(&asker.subscription.dataset).await?;
    let doing = || PlatformError::doing("looking at the local data groups");
    let mut tx = pool.begin().await.map_err(doing())?;
    let groups_of_user =
        LocalDataGroups::of(&mut tx, asker.id, asker.subscription, &metadata, prepares.rules()).await?;
    let Some(groups_of_user) = groups_of_user else {
        return Ok(refused("you lack the Go Offline privilege: ask your administrator"));
    };
    let change = match action {
        FiltersAction::List => return Ok(listed(&metadata, &groups_of_user)),
        FiltersAction::Define { group, preview } => defined(&metadata, &groups_of_user, group, preview),
        FiltersAction::Remove { id, preview } => removed(&groups_of_user, id, preview),
    };
    let change = match change {
        Ok(change) => change,
        Err(outcome) => return Ok(*outcome),
    };
    let preview = match moves(&mut tx, &metadata, &groups_of_user, &change, asker).await {
        Ok(Ok(preview)) => preview,
        Ok(Err(bad)) => return Ok(refused(bad)),
        Err(error) if error.is_timeout() => return Ok(refused(TOO_SLOW)),
        Err(error) => return Err(error),
    };
    if change.preview {
        return Ok(FiltersOutcome::Changed { preview, stored: false });
    }
    let outcome = store(&mut tx, asker, change.action).await?;
    tx.commit().await.map_err(doing())?;
    Ok(outcome.unwrap_or(FiltersOutcome::Changed { preview, stored: true }))
}

async fn store(
    tx: &mut Transaction<'_, Postgres>,
    asker: Asker<'_>,
    action: Action,
) -> Result<Option<FiltersOutcome>, PlatformError> {
    let dataset = &asker.subscription.dataset;
    match action {
        Action::Remove(id) => {
            group_remove(tx, dataset, Some(asker.id), id).await?;
            Ok(None)
        }
        Action::Store(GroupDefinition { id, name, filter, .. }, object_type_code) => {
            let author = GroupAuthor::User(asker.id);
            let group = NewGroup { id, dataset, object_type_code, name: &name, filter: &filter, author };
            Ok(match group_store(tx, &group).await? {
                Stored::Yes => None,
                Stored::NameTaken => Some(refused("another local data group has this name: choose another")),
                Stored::NotYours => Some(refused("this id belongs to another local data group: make a new one")),
            })
        }
    }
}

/// What the change moves, and what it costs to find out.
async fn moves(
    tx: &mut Transaction<'_, Postgres>,
    metadata: &Published,
    groups_of_user: &LocalDataGroups,
    change: &Change,
    asker: Asker<'_>,
) -> Result<Result<FiltersPreview, BadGroup>, PlatformError> {
    let code = change.object_type_code;
    let missing = || PlatformError::Setup(format!("there is no entity with the object type code {code}"));
    let table = metadata.table_of(code).ok_or_else(missing)?;
    let member = groups_of_user.member(code);
    let filter = |groups: &[Group]| groups::filter(groups, code, &table.entity, &member, &metadata.metadata);
    // What does not fit any more lets nothing through until it is changed.
    let before = filter(&groups_of_user.groups).unwrap_or_else(|_| Filter::any(Vec::new()));
    let after = match filter(&change.after) {
        Ok(after) => after,
        Err(bad) => return Ok(Err(bad)),
    };
    let compile = |filter: &Filter, first_param| {
        let context = Context { first_param, now: asker.now, user_id: asker.subscription.user_id };
        filter.compile(metadata, table, &context)
    };
    let before = compile(&before, 1)?;
    let alone = compile(&after, 1)?;
    let after = compile(&after, 1 + before.params.len())?;
    let identity = Identity { user_id: asker.subscription.user_id, acting_role: metadata.acting_role.clone() };
    let (moving, scans) = as_user(tx, &identity, async |tx| {
        let scans = preview_scans(tx, table, &alone).await?;
        Ok((preview_moving(tx, table, Some(&before), Some(&after)).await?, scans))
    })
    .await?;
    let tables: Vec<&Table> = metadata.entities.iter().collect();
    let sizes = preview_sizes(tx, &tables).await?;
    Ok(Ok(shown(&table.entity, moving, words(&scans, &sizes))))
}

/// What reading tables from end to end costs, in words; none where it is nothing to speak of.
fn words(scans: &[cost::Scan], sizes: &[(String, f64)]) -> Option<String> {
    let rows_of = |table: &str| sizes.iter().find(|(name, _)| name == table).map_or(0.0, |(_, rows)| *rows);
    let mut told = BTreeSet::new();
    for scan in scans.iter().filter(|scan| cost::is_remarkable(scan, rows_of(&scan.table))) {
        told.insert(format!(
            "no index serves this: all {:.0} rows of {} are read to find about {:.0} (cost {:.0}); your administrator \
             can index what it compares: {}",
            rows_of(&scan.table),
            scan.table,
            scan.rows,
            scan.cost,
            scan.condition,
        ));
    }
    (!told.is_empty()).then(|| told.into_iter().collect::<Vec<_>>().join("; "))
}

fn shown(entity: &str, moving: Moving, cost: Option<String>) -> FiltersPreview {
    FiltersPreview {
        entity: entity.to_owned(),
        rows_come: moving.rows_come.unsigned_abs(),
        bytes_come: moving.bytes_come.unsigned_abs(),
        rows_go: moving.rows_go.unsigned_abs(),
        bytes_go: moving.bytes_go.unsigned_abs(),
        rows_then: moving.rows_then.unsigned_abs(),
        cost,
    }
}

fn refused(reason: impl ToString) -> FiltersOutcome {
    FiltersOutcome::Refused { reason: reason.to_string(), place: None }
}
