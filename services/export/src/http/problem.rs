//! Why there is no file: problem details (RFC 9457), the same for everybody who gets none.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sojourn_platform::PlatformError;
use sojourn_runtime::nats::ReadError;

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
/// How a token is asked for; RFC 6750 wants the second when there was one.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"sojourn\"");
const BAD_BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"sojourn\", error=\"invalid_token\"");
const SOON: HeaderValue = HeaderValue::from_static("1");

/// A request that is not answered with what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// There is no token.
    NoToken,
    /// The token is wrong, or has ended.
    BadToken,
    /// The subscription was revoked, or is not the device's any more.
    Forbidden,
    /// There is no such batch: unknown, another's, or not stored any more.
    NotFound,
    /// Only reading is possible.
    Method,
    /// The range begins after the file's end.
    Range {
        /// The size of the whole file.
        file_bytes: u64,
    },
    /// Enough is being sent.
    Busy,
    /// Postgres or NATS is away.
    Unavailable,
    /// What is stored is not what was recorded.
    Broken,
}

#[derive(Serialize)]
struct Details {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
}

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::NoToken | Self::BadToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Range { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::NoToken => "send a token: Authorization: Bearer TOKEN; `sojourn-agent token` gets one",
            Self::BadToken => "the token is wrong or has ended; `sojourn-agent token` gets another",
            Self::Forbidden => "the subscription may not be read by this device: ask the administrator",
            Self::NotFound => "there is nothing here: a batch is stored until its device has confirmed it",
            Self::Method => "batches can only be read: GET or HEAD",
            Self::Range { .. } => "the range begins after the end of the file",
            Self::Busy => "too much is being sent at the moment; try again",
            Self::Unavailable => "the server cannot reach its store at the moment; try again",
            Self::Broken => "the stored batch is broken: sync again",
        }
    }

    fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::NoToken => Some((header::WWW_AUTHENTICATE, BEARER)),
            Self::BadToken => Some((header::WWW_AUTHENTICATE, BAD_BEARER)),
            Self::Method => Some((header::ALLOW, HeaderValue::from_static("GET, HEAD"))),
            Self::Range { file_bytes } => {
                let value = HeaderValue::try_from(format!("bytes */{file_bytes}")).ok()?;
                Some((header::CONTENT_RANGE, value))
            }
            Self::Busy | Self::Unavailable => Some((header::RETRY_AFTER, SOON)),
            Self::Forbidden | Self::NotFound | Self::Broken => None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let title = status.canonical_reason().unwrap_or_default();
        let details = Details { r#type: "about:blank", title, status: status.as_u16(), detail: self.detail() };
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM)], Json(details)).into_response();
        response.headers_mut().extend(self.header());
        response
    }
}

impl From<PlatformError> for Problem {
    fn from(error: PlatformError) -> Self {
        tracing::warn!(%error, "a request over HTTP could not be answered: {error}");
        Self::Unavailable
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        tracing::warn!(%error, "a request over HTTP could not be answered: {error}");
        Self::Unavailable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_to_do() {
        let response = Problem::BadToken.into_response();
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], BAD_BEARER);
        let response = Problem::Range { file_bytes: 7 }.into_response();
        assert_eq!(response.status(), 416);
        assert_eq!(response.headers()[header::CONTENT_RANGE], "bytes */7");
    }
}
