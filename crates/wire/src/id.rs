//! Ids that may stand in a subject: one token of `[A-Za-z0-9_-]`, at most 64 characters.
//!
//! A `.`, `*`, `>` or space inside an id would let a device reach other subjects than its own, so an id that could is
//! refused before it exists.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest id, in characters.
pub const MAX_TOKEN: usize = 64;

/// Text that is not one subject token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be an id: use 1 to {MAX_TOKEN} of the characters A-Z a-z 0-9 _ -")]
pub struct InvalidToken {
    /// The text as it came, cut to a printable length.
    pub text: String,
}

/// Checks that `text` is one subject token.
pub(crate) fn check(text: &str) -> Result<(), InvalidToken> {
    let fits = (1..=MAX_TOKEN).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits {
        return Ok(());
    }
    Err(InvalidToken { text: text.chars().take(MAX_TOKEN + 16).collect() })
}

macro_rules! token_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as it stands in a subject.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidToken;
            fn from_str(text: &str) -> Result<Self, InvalidToken> {
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidToken;
            fn try_from(text: String) -> Result<Self, InvalidToken> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

token_id!(
    /// One installation of the agent: a device.
    AgentId
);
token_id!(
    /// One device's offline data set of one user.
    SubscriptionId
);
token_id!(
    /// The name of one configured set of entities (`dataset:` in `sojourn.yaml`).
    Dataset
);
token_id!(
    /// The name of an entity or of a command.
    Name
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_tokens_and_refuses_what_could_leave_its_subject() {
        assert!("laptop-7_b".parse::<AgentId>().is_ok());
        for bad in ["", "a.b", "*", ">", "a b", "ü", "a\n", &"x".repeat(MAX_TOKEN + 1)] {
            assert!(bad.parse::<AgentId>().is_err(), "{bad:?} was accepted");
        }
    }
}
