//! A device asks export for a token, to fetch the batches of its subscription over HTTP. A short question: see `rpc`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Message;
use crate::id::SubscriptionId;

/// The verb that asks for a token.
pub const TOKEN: &str = "token";

/// Asks for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest {
    /// The subscription whose batches are wanted.
    pub subscription: SubscriptionId,
}

impl Message for TokenRequest {
    const NAME: &'static str = "token-request";
    const VERSION: u16 = 1;
}

/// Whoever holds it may fetch the batches of one subscription. It hides in `Debug` and has no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BatchToken(String);

impl BatchToken {
    /// A token of this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the `Authorization` header and for its owner's eyes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BatchToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BatchToken(hidden)")
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TokenOutcome {
    /// A token.
    Issued {
        /// The token.
        token: BatchToken,
        /// When it ends: RFC 3339, in UTC.
        expires_at: String,
        /// Where batches are served, without a slash at the end; none when the server does not say.
        url: Option<String>,
    },
    /// There is none: the words are for the user.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
    /// An outcome of a newer service.
    #[serde(other)]
    Unknown,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// What came of it.
    pub outcome: TokenOutcome,
}

impl Message for TokenAnswer {
    const NAME: &'static str = "token-answer";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        golden::check("ask", &TokenRequest { subscription: "s1".parse().expect("an id") });
        let answer = |case, outcome| golden::check(case, &TokenAnswer { outcome });
        let token = BatchToken::new("wPz0dGhpcyBpcyBub3QgYSByZWFsIHRva2VuIGF0IGE".to_owned());
        let (expires_at, url) = ("2026-05-04T03:02:01Z".to_owned(), Some("https://sync.example".to_owned()));
        answer("issued", TokenOutcome::Issued { token, expires_at, url });
        answer("refused", TokenOutcome::Refused { reason: "the subscription was revoked".to_owned() });
    }

    #[test]
    fn a_token_is_not_shown_by_accident() {
        let token = BatchToken::new("hunter2".to_owned());
        let outcome = TokenOutcome::Issued { token, expires_at: String::new(), url: None };
        assert!(!format!("{outcome:?}").contains("hunter2"));
    }
}
