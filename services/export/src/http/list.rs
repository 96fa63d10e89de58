//! Which batches of a subscription are stored now.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use sojourn_wire::message::batch::{BatchKind, BatchManifest, BatchOutcome};
use uuid::Uuid;

use super::Http;
use super::access::Caller;
use super::body::read;
use super::pieces::pieces;
use super::problem::Problem;
use crate::db::stored::stored_list;
use crate::store::{Address, StoredError};

const NO_STORE: [(HeaderName, HeaderValue); 1] = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// A batch that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Listed {
    session: Uuid,
    number: u32,
    object_type_code: i32,
    kind: BatchKind,
    /// Rows, or ids to delete.
    rows: u32,
    /// The file's size.
    bytes: u64,
    /// Parts in the store.
    parts: u32,
    /// Where it is: below the announced URL, or from the root of whatever host was asked.
    url: String,
}

/// `GET /batches`.
pub(super) async fn all(
    State(http): State<Http>,
    caller: Caller,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Vec<Listed>>), Problem> {
    let mut stored = Vec::new();
    for manifest in stored_list(&http.pool, &caller.subscription).await? {
        let Some(listed) = listed(&manifest, http.settings.url().unwrap_or_default()) else { continue };
        if is_stored(&http, &caller, &listed).await? {
            stored.push(listed);
        }
    }
    Ok((NO_STORE, Json(stored)))
}

fn listed(manifest: &BatchManifest, base: &str) -> Option<Listed> {
    let BatchOutcome::Ready { object_type_code, content, rows, bytes, parts, .. } = manifest.outcome else {
        return None;
    };
    let (session, number) = (manifest.session, manifest.batch);
    let url = format!("{base}/batches/{session}/{number}");
    Some(Listed { session, number, object_type_code, kind: content, rows, bytes, parts, url })
}

/// Whether the store has its first part: the parts of a batch go together, or the first one goes first.
async fn is_stored(http: &Http, caller: &Caller, listed: &Listed) -> Result<bool, Problem> {
    let Caller { agent, subscription } = caller.clone();
    let address = Address { agent, subscription, session: listed.session, batch: listed.number };
    let Some(first) = pieces(0..listed.bytes, listed.bytes).next() else { return Ok(false) };
    match read(&http.nats, &address, &first).await {
        Ok(_) => Ok(true),
        Err(StoredError::Gone(_) | StoredError::Foreign { .. }) => Ok(false),
        Err(StoredError::Read(error)) => Err(error.into()),
    }
}
