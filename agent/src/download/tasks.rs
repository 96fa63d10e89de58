//! What a session does beside others: each task is one step that the state machine has asked for.

use std::time::{Duration, Instant};

use sojourn_metadata::Metadata;
use sojourn_runtime::clock;
use sojourn_wire::Dataset;
use sojourn_wire::batch::Parts;
use sojourn_wire::message::batch::BatchOutcome;
use uuid::Uuid;

use super::share::Share;
use crate::error::AgentError;
use crate::link::{Fetched, Link};
use crate::progress::Progress;
use crate::session::{Begin, Event};
use crate::shared::SharedStore;
use crate::store::{Arrival, Fitting, Loaded, Proven, Store, Unspooled, VERIFICATION_DUE};

/// What a task has done.
pub(super) enum Done {
    Acknowledged,
    Begun { fitting: Fitting, later: bool },
    Manifest { batch: u32, outcome: BatchOutcome },
    Fetched { batch: u32, fetched: Fetched, took: Duration },
    Checked { batch: u32, checked: Checked, took: Duration },
    Loaded { loaded: Loaded, took: Duration },
    Spooled { batch: u32, took: Duration },
    Applied { session: Uuid, unspooled: Unspooled },
    Event(Event),
}

/// A batch that is whole and fits: decoded for the tables, or as it came for the spool.
pub(super) enum Checked {
    Decoded(Arrival),
    Proven(Proven),
}

/// Makes the device ready for a session, and notes it.
pub(super) async fn begin(store: SharedStore, link: Link, begin: Begin) -> Result<Done, AgentError> {
    let Begin { session, prepare_seq, prepare_ms, reinitialise, dataset, metadata_version, totals, next_sequence } =
        begin;
    adopt(&store, &link, &dataset, metadata_version, next_sequence).await?;
    let note = move |store: &mut Store| {
        if reinitialise {
            // Before the session: once that is noted, the server does not say it again.
            store.set_setting(VERIFICATION_DUE, Some("1"))?;
        }
        store.begin_session(session, prepare_seq, &totals)?;
        store.sync_info_begin(session, prepare_seq, clock::now(), prepare_ms, &totals)?;
        Ok((store.fitting()?, store.has_loaded()?))
    };
    let (fitting, later) = store.run("beginning the session", note).await?;
    Ok(Done::Begun { fitting, later })
}

/// Adopts the session's metadata, if the device has another. A device without any has no history either: its
/// operations are numbered from where the server stands.
async fn adopt(
    store: &SharedStore,
    link: &Link,
    dataset: &Dataset,
    version: u32,
    next_sequence: u64,
) -> Result<(), AgentError> {
    let held = store.run("reading the store", |store| Ok(store.metadata().map(|(version, _)| version))).await?;
    if held == Some(version) {
        return Ok(());
    }
    let published = link.schema(dataset, version).await?;
    let metadata: Metadata = serde_json::from_value(published.document)
        .map_err(|error| AgentError::Metadata { version, problem: error.to_string() })?;
    if held.is_none() {
        store.run("numbering operations", move |store| store.number_from(next_sequence)).await?;
    }
    store.run("adopting the metadata", move |store| store.adopt_metadata(version, &metadata)).await
}

/// Awaits what export says of a batch.
pub(super) async fn manifest(link: Link, session: Uuid, batch: u32) -> Result<Done, AgentError> {
    let outcome = link.manifest(session, batch).await?.outcome;
    Ok(Done::Manifest { batch, outcome })
}

/// Fetches a batch's file of so many rows, and shows how it comes.
pub(super) async fn fetch(
    link: Link,
    progress: Progress,
    (session, batch): (Uuid, u32),
    (expected, rows): (Parts, u32),
    in_flight: usize,
) -> Result<Done, AgentError> {
    let began = Instant::now();
    let mut share = Share::new(rows.into(), expected.bytes);
    let come = move |bytes| {
        progress.received(share.come(bytes));
        progress.received_bytes(bytes);
    };
    let fetched = link.file(session, batch, expected, in_flight, come).await?;
    Ok(Done::Fetched { batch, fetched, took: began.elapsed() })
}

/// Makes a batch durable.
pub(super) async fn keep(store: SharedStore, batch: u32, checked: Checked) -> Result<Done, AgentError> {
    let work = move |store: &mut Store| {
        let began = Instant::now();
        Ok(match checked {
            Checked::Decoded(arrival) => Done::Loaded { loaded: store.load(&arrival)?, took: began.elapsed() },
            Checked::Proven(proven) => {
                store.spool(&proven)?;
                Done::Spooled { batch, took: began.elapsed() }
            }
        })
    };
    store.run("loading a batch", work).await
}

/// Applies what is spooled.
pub(super) async fn apply(store: SharedStore, progress: Progress, session: Uuid) -> Result<Done, AgentError> {
    let work = move |store: &mut Store| store.apply_spool(session, |applied| progress.loaded(applied.loaded.taken()));
    let unspooled = store.run("applying what is spooled", work).await?;
    Ok(Done::Applied { session, unspooled })
}

/// Awaits the server's word that the session is settled.
pub(super) async fn settled(link: Link, session: Uuid) -> Result<Done, AgentError> {
    let pending = link.settled(session).await?.pending;
    Ok(Done::Event(Event::Settled { pending }))
}

/// Notes the session's end.
pub(super) async fn end(store: SharedStore, session: Uuid) -> Result<Done, AgentError> {
    store.run("ending the session", move |store| store.finish_session(session)).await?;
    Ok(Done::Event(Event::Ended))
}
