//! Looking at local data groups, and changing the user's own. They are the server's: these commands need it.

use std::path::Path;
use std::time::Duration;

use sojourn_runtime::clock;

use super::answer::{Answer, Travelled};
use super::travel::{Trip, connect, travel};
use crate::error::AgentError;
use crate::filters::{self, GroupChanged, Wish};
use crate::progress::Progress;
use crate::store::{Store, StoreError};

/// How far a change of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// It is told what would move; nothing is stored.
    Preview,
    /// It is stored; the next sync moves the difference.
    Store,
    /// It is stored, and a sync follows.
    Sync,
}

/// Every group that concerns the user.
///
/// # Errors
/// [`AgentError`]; the server's words when it refuses.
pub async fn filters_list(folder: &Path, patience: Duration, mut progress: Progress) -> Result<Answer, AgentError> {
    let (_home, _store, link) = connect(folder, patience, &mut progress).await?;
    progress.begin("asking for the local data groups");
    let groups = filters::list(&link).await?;
    progress.end();
    Ok(Answer::Filters(groups))
}

/// Does what the user wishes of the own groups, as far as `extent` says.
///
/// # Errors
/// [`AgentError::Group`] when a group is named that cannot be found, [`AgentError::Filter`] when the server does not take
/// the filter. When the sync fails, the group is stored all the same.
pub async fn filters_change(
    folder: &Path,
    patience: Duration,
    mut progress: Progress,
    wish: Wish,
    extent: Extent,
) -> Result<Answer, AgentError> {
    let mut changed = change(folder, patience, &mut progress, wish, extent == Extent::Preview).await?;
    if extent == Extent::Sync {
        changed.sync = Some(follow(folder, patience, progress).await?);
    }
    Ok(Answer::FiltersChanged(changed))
}

async fn change(
    folder: &Path,
    patience: Duration,
    progress: &mut Progress,
    wish: Wish,
    preview: bool,
) -> Result<GroupChanged, AgentError> {
    let (_home, store, link) = connect(folder, patience, progress).await?;
    progress.begin("comparing the filters");
    let known = filters::list(&link).await?;
    let (group, removal) = filters::plan(wish, &known.groups, clock::fresh_id())?;
    let (preview, stored) = filters::change(&link, &group, removal, preview).await?;
    progress.end();
    let entity = group.entity.clone();
    let (unsent, empty) = store.run("counting the queue", move |store| unsent(store, &entity)).await?;
    Ok(GroupChanged { group, removal, stored, preview, unsent, empty, sync: None })
}

/// Operations on an entity that are not settled, and whether the device was never loaded.
fn unsent(store: &Store, entity: &str) -> Result<(u64, bool), StoreError> {
    let known = store.metadata().and_then(|(_, metadata)| metadata.entity(entity));
    let count = known.map_or(Ok(0), |entity| store.queue_unsent(entity.object_type_code))?;
    Ok((count, store.session()?.is_none()))
}

async fn follow(folder: &Path, patience: Duration, progress: Progress) -> Result<Travelled, AgentError> {
    let synced = travel(folder, patience, progress, Trip::default()).await;
    synced.map_err(|error| AgentError::StoredOnly(Box::new(error)))
}
