//! What a local data group is to a user.

use serde::Serialize;
use sojourn_prepare::groups::Author;

/// What a local data group is to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It holds whatever the user defines.
    Enforced,
    /// It holds until the user defines a group of the entity.
    Default,
    /// The user has defined it.
    Own,
}

/// What a group is, by who defined it.
#[must_use]
pub fn kind(author: &Author) -> Kind {
    match author {
        Author::User => Kind::Own,
        Author::Administrator { enforced: true, .. } => Kind::Enforced,
        Author::Administrator { enforced: false, .. } => Kind::Default,
    }
}

impl Kind {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Default => "default",
            Self::Own => "own",
        }
    }
}
