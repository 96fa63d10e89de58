//! Going offline, going online, and what both are made of: playing the queue back, then loading what changed; and
//! comparing with the server.

use std::path::Path;
use std::time::Duration;

use sojourn_runtime::clock;

use super::answer::{Answer, Travelled};
use super::errors::{ErrorCounts, home_option, listing};
use super::on_errors::OnErrors;
use crate::download::{Moved, download};
use crate::error::AgentError;
use crate::home::Home;
use crate::link::Link;
use crate::playback::{PlayedBack, play_back};
use crate::progress::Progress;
use crate::shared::SharedStore;
use crate::store::{Mode, Store};
use crate::verify::{self, Verified};

/// What to do about rows that may differ from the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// Compare only when it is due: after the server was restored to an earlier state.
    #[default]
    WhenDue,
    /// Compare, and tell.
    Report,
    /// Compare, and repair what differs.
    Repair,
}

/// What an exchange is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trip {
    /// The mode on the way, and the one that it leads to; none when the mode stays.
    by_way: Option<(Mode, Mode)>,
    verification: Verification,
    on_errors: OnErrors,
}

impl Default for Trip {
    fn default() -> Self {
        Self { by_way: None, verification: Verification::WhenDue, on_errors: OnErrors::Finish }
    }
}

/// What both ways came to.
struct Exchanged {
    queue: PlayedBack,
    retried: Option<PlayedBack>,
    data: Moved,
    verification: Option<Verified>,
    stays: bool,
}

/// Takes the user's rows offline.
///
/// # Errors
/// [`AgentError`]; the device keeps what it has, and its mode.
pub async fn go_offline(folder: &Path, patience: Duration, progress: Progress) -> Result<Answer, AgentError> {
    let trip = Trip { by_way: Some((Mode::GoingOffline, Mode::Offline)), ..Trip::default() };
    Ok(Answer::GoneOffline(travel(folder, patience, progress, trip).await?))
}

/// Brings the user's work back. `on_errors` says what is done when some of it is refused.
///
/// # Errors
/// [`AgentError`]; what has no verdict yet stays in the queue, and the device keeps its mode.
pub async fn go_online(
    folder: &Path,
    patience: Duration,
    progress: Progress,
    on_errors: OnErrors,
) -> Result<Answer, AgentError> {
    let trip = Trip { by_way: Some((Mode::GoingOnline, Mode::Online)), on_errors, ..Trip::default() };
    let travelled = travel(folder, patience, progress, trip).await?;
    Ok(match travelled.mode {
        Mode::Online => Answer::GoneOnline(travelled),
        _ => Answer::StayedOffline(travelled),
    })
}

/// Exchanges both ways, whatever the mode.
///
/// # Errors
/// [`AgentError`]; as above.
pub async fn sync(
    folder: &Path,
    patience: Duration,
    progress: Progress,
    verification: Verification,
) -> Result<Answer, AgentError> {
    Ok(Answer::Synchronised(travel(folder, patience, progress, Trip { verification, ..Trip::default() }).await?))
}

/// Compares with the server; nothing is exchanged but what is repaired.
///
/// # Errors
/// [`AgentError::HalfWay`] while a session that was cut short waits in the spool; [`AgentError`]. The device keeps what it
/// has.
pub async fn verify(
    folder: &Path,
    patience: Duration,
    mut progress: Progress,
    verification: Verification,
) -> Result<Answer, AgentError> {
    let (_home, store, link) = connect(folder, patience, &mut progress).await?;
    let spooled = store.run("reading the spool", |store| store.spooled()).await?;
    if spooled > 0 {
        return Err(AgentError::HalfWay(spooled));
    }
    let repair = verification == Verification::Repair;
    Ok(Answer::Verified(verify::verify(&store, &link, &mut progress, repair).await?))
}

/// The device, in this process's hands, and its link.
pub(super) async fn connect(
    folder: &Path,
    patience: Duration,
    progress: &mut Progress,
) -> Result<(Home, SharedStore, Link), AgentError> {
    let home = Home::open(folder)?;
    let store = Store::open(&home.database())?;
    let credentials = home.credentials_of(&store.device()?)?;
    progress.begin("connecting");
    let link = Link::connect(&credentials, patience).await?;
    Ok((home, SharedStore::new(store), link))
}

pub(super) async fn travel(
    folder: &Path,
    patience: Duration,
    mut progress: Progress,
    trip: Trip,
) -> Result<Travelled, AgentError> {
    let started = clock::now();
    let (home, store, link) = connect(folder, patience, &mut progress).await?;
    let before = store.run("reading the mode", |store| store.mode()).await?;
    if let Some((passing, _)) = trip.by_way {
        set_mode(&store, passing).await?;
    }
    let exchanged = exchange(folder, &store, &link, patience, &mut progress, trip).await;
    let after = match (&exchanged, trip.by_way) {
        (Ok(exchanged), Some(_)) if exchanged.stays => Mode::Offline,
        (Ok(_), Some((_, arrived))) => arrived,
        _ => settled(before),
    };
    set_mode(&store, after).await?;
    let Exchanged { queue, retried, data, verification, .. } = exchanged?;
    let left = store.run("counting the queue", |store| store.queue_summary()).await?;
    let errors = errors(&store).await?;
    let elapsed_ms = clock::now().duration_since(started).as_millis().unsigned_abs() as u64;
    let (database, home) = (home.database(), home_option(folder));
    Ok(Travelled { mode: after, queue, retried, data, verification, errors, left, elapsed_ms, database, home })
}

async fn exchange(
    folder: &Path,
    store: &SharedStore,
    link: &Link,
    patience: Duration,
    progress: &mut Progress,
    trip: Trip,
) -> Result<Exchanged, AgentError> {
    let queue = play_back(store, link, patience, progress).await?;
    // A question may follow.
    progress.end();
    let home = folder.to_owned();
    let choice = match store.run("reading what was refused", move |store| listing(store, &home)).await? {
        none if none.counts.is_empty() => OnErrors::Finish,
        listed => trip.on_errors.decide(listed).await?,
    };
    let retried = match choice {
        OnErrors::Retry => {
            store.run("sending again what was refused", |store| store.retry_errors()).await?;
            Some(play_back(store, link, patience, progress).await.map_err(|error| error.after(&queue))?)
        }
        _ => None,
    };
    let data = download(store, link, progress).await.map_err(|error| error.after(&queue))?;
    let verified = match (verify::verify_if_due(store, link, progress).await?, trip.verification) {
        (None, Verification::Report) => Some(verify::verify(store, link, progress, false).await?),
        (None, Verification::Repair) => Some(verify::verify(store, link, progress, true).await?),
        (verified, _) => verified,
    };
    Ok(Exchanged { queue, retried, data, verification: verified, stays: choice == OnErrors::Stay })
}

async fn errors(store: &SharedStore) -> Result<ErrorCounts, AgentError> {
    store.run("counting what was refused", |store| Ok(ErrorCounts::of(&store.errors()?))).await
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
