//! Brings the device to what its user may see now: sessions, one after the other, until it has caught up.

mod acks;
mod books;
mod checker;
mod moved;
mod recorder;
mod rounds;
mod run;
mod share;
mod tasks;

use std::time::Duration;

use jiff::SignedDuration;
use sojourn_runtime::clock;
use sojourn_wire::message::prepare::{Holds, ObjectRef, PrepareRequest};
use sojourn_wire::streams;
use tokio::time::Instant;

use crate::batching::Batching;
use crate::error::AgentError;
use crate::link::Link;
use crate::progress::Progress;
use crate::shared::SharedStore;
use crate::store::{Session, Store, StoreError};

pub use moved::Moved;
use rounds::{Round, Rounds};
use run::Run;

/// How long the server may be silent before a run is given up.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Rows asked for again in one request: a request is at most 256 KB.
const REFRESH: usize = 500;

/// PrepareSync, metadata, data; again while there is more to catch up with. A session whose files are lost on their way
/// is begun anew.
///
/// # Errors
/// [`AgentError`]; what was PostSynced until then is on the device, and not sent again.
pub async fn download(store: &SharedStore, link: &Link, progress: &mut Progress) -> Result<Moved, AgentError> {
    store.run("tidying the spool", Store::tidy_spool).await?;
    let batching = store.run("reading the settings", |store| Batching::read(store)).await?;
    let (mut total, mut rounds) = (Moved::default(), Rounds::default());
    loop {
        let refresh = store.run("reading the store", |store| store.refresh_list(REFRESH)).await?;
        let more_to_ask = refresh.len() == REFRESH;
        let request = store.run("reading the store", move |store| request(store, refresh, &batching)).await?;
        let (began, began_at) = (Instant::now(), clock::now());
        match Run::new(store, link, progress, batching).run(request).await {
            Ok((session, first)) => {
                let moved = session.rows + session.deletes;
                total.add(session);
                if !rounds.another_after(Round { first, took: began.elapsed(), moved, more_to_ask }) {
                    return Ok(total);
                }
            }
            Err(error) => {
                let age = clock::now().duration_since(began_at);
                if total.retries >= batching.retry_count || !a_new_session_helps(&error, age) {
                    return Err(error);
                }
                total.retries += 1;
            }
        }
    }
}

/// Whether a file is broken or gone; or the answer that was awaited is not kept any more, as when the device slept for
/// days. The age is by the clock on the wall: the other one may sleep with the device.
fn a_new_session_helps(error: &AgentError, age: SignedDuration) -> bool {
    let kept = streams::BATCH.max_age.is_none_or(|most| age.unsigned_abs() <= most);
    error.is_lost_file() || (error.is_silence() && !kept)
}

/// What to ask for. A device that has begun no session holds nothing, though it may have tables.
fn request(store: &Store, refresh: Vec<ObjectRef>, batching: &Batching) -> Result<PrepareRequest, StoreError> {
    let holds =
        |session: Session| Holds { session: session.id, batch: session.last_batch, prepare_seq: session.prepare_seq };
    let holds = store.session()?.map(holds);
    let metadata_version = holds.as_ref().and(store.metadata()).map(|(version, _)| version);
    let batching = Some(batching.asked());
    Ok(PrepareRequest { request: clock::fresh_id(), metadata_version, refresh, holds, batching })
}

#[cfg(test)]
mod tests {
    use sojourn_wire::batch::BatchError;

    use super::*;
    use crate::link::LinkError;

    #[test]
    fn a_new_session_is_begun_for_what_only_a_new_session_brings() {
        let (now, later) = (SignedDuration::from_mins(3), SignedDuration::from_hours(49));
        let silent = || LinkError::Silent { what: "batch", patience: PATIENCE, last: None }.into();
        let helps = |error: AgentError, age| a_new_session_helps(&error, age);
        assert!(helps(LinkError::Gone { what: "part of a batch" }.into(), now));
        assert!(helps(LinkError::File(BatchError::BodyDigest).into(), now));
        assert!(helps(StoreError::Batch(BatchError::BodyDigest).into(), now));
        assert!(!helps(silent(), now), "the server is not there: another request would wait as long");
        assert!(helps(silent(), later), "what was awaited is not kept any more");
        assert!(!helps(AgentError::Refused("no".into()), later));
    }
}
