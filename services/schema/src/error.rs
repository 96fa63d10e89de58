//! What can go wrong in the schema service, in words that end with the next step.

use std::fmt::Write as _;

use sojourn_metadata::ConfigError;
use sojourn_platform::PlatformError;
use sojourn_runtime::nats::{NatsError, PublishError};
use sojourn_runtime::rpc::RpcError;
use sojourn_wire::InvalidToken;

use crate::register::Problem;

/// The metadata could not be checked, stored or published.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The file is not there.
    #[error("cannot read {path}: {problem}; name the file with --config or SOJOURN_CONFIG")]
    File {
        /// The file.
        path: String,
        /// Why.
        problem: String,
    },
    /// The file is wrong in itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file and the database do not go together. Nothing was changed.
    #[error("{}", list(.0))]
    Refused(Vec<Problem>),
    /// Another registration gave away one of our codes after we had read them.
    #[error(
        "the type_code {code} of entity {entity} was given to another entity at this moment; start the schema service \
         again"
    )]
    CodeLost {
        /// The entity.
        entity: String,
        /// The code it was to get.
        code: i32,
    },
    /// Changes would be missed.
    #[error(
        "the changes of {} are not tracked, or not as they must be; an administrator must run `sojourn-admin register \
         --config sojourn.yaml`", tables.join(", ")
    )]
    NotTracked {
        /// The tables.
        tables: Vec<String>,
    },
    /// Rows would not be found.
    #[error(
        "sojourn_scan may not read {}, by which rows are found; an administrator must run `sojourn-admin register \
         --config sojourn.yaml`", columns.join(", ")
    )]
    NotGranted {
        /// The columns.
        columns: Vec<String>,
    },
    /// The index by which duplicates are found could not be made or removed.
    #[error(
        "{doing} failed: {source}; everything else is registered: settle this and do it again, which makes the indexes \
         that are missing"
    )]
    Index {
        /// The index and its table.
        doing: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// Nothing can be installed while somebody writes.
    #[error(
        "the tables whose changes are to be tracked are in use for longer than can be waited for: {}; nothing was \
         changed, try again when they are not written for a moment", tables.join(", ")
    )]
    Busy {
        /// Their oids.
        relations: Vec<i64>,
        /// Those in use, and by which process.
        tables: Vec<String>,
    },
    /// The metadata cannot be written down.
    #[error("the metadata cannot be written as JSON: {0}")]
    Document(String),
    /// The dataset's name cannot stand in a subject.
    #[error("sojourn.yaml: dataset: {0}")]
    Dataset(#[from] InvalidToken),
    /// The database failed.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// No NATS.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// The version is stored, but not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// No questions.
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

fn list(problems: &[Problem]) -> String {
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    };
    let mut text = format!("sojourn.yaml and the database do not go together ({count}, nothing was changed):");
    for problem in problems {
        let _ = write!(text, "\n  - {problem}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_listed_one_a_line() {
        let missing = || Problem::RoleMissing { role: "users".into() };
        let told = SchemaError::Refused(vec![missing()]).to_string();
        assert!(told.contains("(1 problem, nothing was changed):\n  - the acting role \"users\""), "{told}");
        let told = SchemaError::Refused(vec![missing(), missing()]).to_string();
        assert!(told.contains("(2 problems") && told.lines().count() == 3, "{told}");
    }
}
