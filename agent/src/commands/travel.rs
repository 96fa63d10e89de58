//! Going offline, going online, and what both are made of: playing the queue back, then loading what changed.

use std::path::Path;
use std::time::Duration;

use sojourn_runtime::clock;

use super::answer::{Answer, Travelled};
use crate::download::download;
use crate::error::AgentError;
use crate::home::Home;
use crate::link::Link;
use crate::playback::play_back;
use crate::progress::Progress;
use crate::shared::SharedStore;
use crate::store::{Mode, Store};

/// Takes the user's rows offline.
///
/// # Errors
/// [`AgentError`]; the device keeps what it has, and its mode.
pub async fn go_offline(folder: &Path, patience: Duration, progress: Progress) -> Result<Answer, AgentError> {
    let by_way = Some((Mode::GoingOffline, Mode::Offline));
    Ok(Answer::GoneOffline(travel(folder, patience, progress, by_way).await?))
}

/// Brings the user's work back.
///
/// # Errors
/// [`AgentError`]; what has no verdict yet stays in the queue, and the device keeps its mode.
pub async fn go_online(folder: &Path, patience: Duration, progress: Progress) -> Result<Answer, AgentError> {
    let by_way = Some((Mode::GoingOnline, Mode::Online));
    Ok(Answer::GoneOnline(travel(folder, patience, progress, by_way).await?))
}

/// Exchanges both ways, whatever the mode.
///
/// # Errors
/// [`AgentError`]; as above.
pub async fn sync(folder: &Path, patience: Duration, progress: Progress) -> Result<Answer, AgentError> {
    Ok(Answer::Synchronised(travel(folder, patience, progress, None).await?))
}

async fn travel(
    folder: &Path,
    patience: Duration,
    mut progress: Progress,
    by_way: Option<(Mode, Mode)>,
) -> Result<Travelled, AgentError> {
    let home = Home::open(folder)?;
    let store = Store::open(&home.database())?;
    let credentials = home.credentials_of(&store.device()?)?;
    let store = SharedStore::new(store);
    let before = store.run("reading the mode", |store| store.mode()).await?;
    let started = clock::now();
    progress.begin("connecting");
    let link = Link::connect(&credentials, patience).await?;
    if let Some((passing, _)) = by_way {
        set_mode(&store, passing).await?;
    }
    let exchanged = exchange(&store, &link, patience, &mut progress).await;
    let after = match (&exchanged, by_way) {
        (Ok(_), Some((_, arrived))) => arrived,
        _ => settled(before),
    };
    set_mode(&store, after).await?;
    let (queue, data) = exchanged?;
    let left = store.run("counting the queue", |store| store.queue_summary()).await?;
    let elapsed_ms = clock::now().duration_since(started).as_millis().unsigned_abs() as u64;
    Ok(Travelled { mode: after, queue, data, left, elapsed_ms, database: home.database() })
}

async fn exchange(
    store: &SharedStore,
    link: &Link,
    patience: Duration,
    progress: &mut Progress,
) -> Result<(crate::playback::PlayedBack, crate::download::Moved), AgentError> {
    let queue = play_back(store, link, patience, progress).await?;
    let data = download(store, link, progress).await?;
    Ok((queue, data))
}

async fn set_mode(store: &SharedStore, mode: Mode) -> Result<(), AgentError> {
    store.run("storing the mode", move |store| store.set_mode(mode)).await
}

/// The mode of a device whose agent died on the way: it is where it set out from.
fn settled(mode: Mode) -> Mode {
    match mode {
        Mode::GoingOffline => Mode::Online,
        Mode::GoingOnline => Mode::Offline,
        Mode::Online | Mode::Offline => mode,
    }
}
