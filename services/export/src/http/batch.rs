//! One batch: what is told of it in headers, and which of its bytes are sent.

use std::ops::Range;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use headers::{AcceptRanges, ContentLength, ContentRange, ETag, HeaderMapExt as _, IfNoneMatch, IfRange};
use sojourn_wire::message::batch::{BatchManifest, BatchOutcome};
use sojourn_wire::message::encode;
use uuid::Uuid;

use super::Http;
use super::access::Caller;
use super::body::{body, read};
use super::pieces::pieces;
use super::problem::Problem;
use super::range::{Wanted, wanted};
use crate::db::stored::stored_one;
use crate::store::{Address, StoredError};

/// User data: nobody on the way keeps it.
const FIXED: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// `GET /batches/{session}/{number}`, and HEAD.
pub(super) async fn one(
    State(http): State<Http>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    path: Result<Path<(Uuid, u32)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((session, number)) = path.map_err(|_| Problem::NotFound)?;
    let manifest = stored_one(&http.pool, &caller.subscription, session, number).await?.ok_or(Problem::NotFound)?;
    let BatchOutcome::Ready { bytes: file_bytes, .. } = manifest.outcome else { return Err(Problem::NotFound) };
    let etag = etag_of(&manifest)?;
    let wanted = match asked_range(&method, &headers, &etag) {
        Some(range) => wanted(range, file_bytes),
        None => Wanted::Whole,
    };
    let (status, range) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0..file_bytes),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0..file_bytes),
    };
    let turn = http.turns.take(&caller.subscription).ok_or(Problem::Busy)?;
    let address = Address { agent: caller.agent, subscription: caller.subscription, session, batch: number };
    let mut pieces = pieces(range.clone(), file_bytes);
    // Nothing is told of a batch that is not stored any more.
    let first = pieces.next().ok_or(Problem::Broken)?;
    let first = read(&http.nats, &address, &first).await?;
    if headers.typed_get::<IfNoneMatch>().is_some_and(|known| !known.precondition_passes(&etag)) {
        return Ok(with_etag(StatusCode::NOT_MODIFIED.into_response(), etag));
    }
    if status == StatusCode::RANGE_NOT_SATISFIABLE {
        return Err(Problem::Range { file_bytes });
    }
    let subscription = &address.subscription;
    tracing::debug!(%subscription, %session, number, "bytes {range:?} of batch {number} of {session}");
    let name = format!("attachment; filename=\"{session}-{number}.bin\"");
    let body = body(http.nats, address, first, pieces, turn);
    let mut response = with_etag((status, FIXED, body).into_response(), etag);
    describe(response.headers_mut(), status, range, file_bytes);
    response.headers_mut().extend(HeaderValue::try_from(name).map(|name| (header::CONTENT_DISPOSITION, name)));
    Ok(response)
}

/// The range a request asks for. Only GET has ranges, and only of the file that the client has begun with.
fn asked_range<'a>(method: &Method, headers: &'a HeaderMap, etag: &ETag) -> Option<&'a str> {
    let range = headers.get(header::RANGE).filter(|_| method == Method::GET)?.to_str().ok()?;
    let same = match headers.contains_key(header::IF_RANGE) {
        true => headers.typed_get::<IfRange>().is_some_and(|begun| !begun.is_modified(Some(etag), None)),
        false => true,
    };
    same.then_some(range)
}

/// A batch that is recorded never changes; one that is made again, after the server was restored to an earlier state,
/// has another record.
fn etag_of(manifest: &BatchManifest) -> Result<ETag, Problem> {
    let record = blake3::hash(&encode(manifest)).to_hex();
    let etag = format!("\"{}-{}-{}\"", manifest.session.simple(), manifest.batch, &record[..16]);
    etag.parse().map_err(|_| Problem::Broken)
}

fn with_etag(mut response: Response, etag: ETag) -> Response {
    response.headers_mut().typed_insert(etag);
    response
}

fn describe(headers: &mut HeaderMap, status: StatusCode, range: Range<u64>, file_bytes: u64) {
    headers.typed_insert(AcceptRanges::bytes());
    headers.typed_insert(ContentLength(range.end - range.start));
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(place) = ContentRange::bytes(range, file_bytes)
    {
        headers.typed_insert(place);
    }
}

impl From<StoredError> for Problem {
    fn from(error: StoredError) -> Self {
        match error {
            StoredError::Gone(_) => Self::NotFound,
            StoredError::Read(error) => error.into(),
            StoredError::Foreign { .. } => {
                tracing::error!(%error, "a stored batch is broken: {error}");
                Self::Broken
            }
        }
    }
}
