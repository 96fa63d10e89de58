//! What a command can end in: the thing, the place, and the next step.

use sojourn_metadata::Metadata;
use sojourn_platform::PlatformError;
use sojourn_platform::filter::FilterError;
use sojourn_schema::SchemaError;
use sojourn_wire::{AgentId, SubscriptionId};
use uuid::Uuid;

/// A command failed, and changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The database.
    #[error(transparent)]
    Platform(PlatformError),
    /// This login may not become the user.
    #[error("{0}; connect as a superuser, or as a login that is a member of sojourn_scan and of the acting role")]
    Acting(PlatformError),
    /// Nobody answers, or the login is refused.
    #[error("{0}; start it, or name another with --database-url or SOJOURN_ADMIN_DATABASE_URL")]
    Connect(PlatformError),
    /// The file and the database do not go together, or tables are in use.
    #[error(transparent)]
    Schema(Box<SchemaError>),
    /// Nothing of ours is in this database.
    #[error(
        "Sojourn is not installed in this database, or an older one is: run `sojourn-admin register --config \
         sojourn.yaml`, or name another with --database-url"
    )]
    NotInstalled,
    /// The dataset is registered, but no service has published it.
    #[error("no metadata is published for the dataset {0:?} yet: start sojourn-schema with its sojourn.yaml")]
    NotPublished(String),
    /// No dataset is registered, or not the one that is named, or it is not said which.
    #[error("{}", which_dataset(asked.as_deref(), known))]
    Dataset {
        /// The one that is named.
        asked: Option<String>,
        /// Those that are registered.
        known: Vec<String>,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {problem}")]
    File {
        /// The file.
        path: String,
        /// Why.
        problem: String,
    },
    /// The file with the password has none.
    #[error("{path} holds no password: write one line, the new password of sojourn_service")]
    NoPassword {
        /// The file.
        path: String,
    },
    /// No such subscription.
    #[error("there is no subscription {0}: see `sojourn-admin subscriptions list`")]
    NoSubscription(SubscriptionId),
    /// No such session, or several that are meant.
    #[error(
        "{} starts with {wanted:?}: see `sojourn-admin history`",
        if *several { "more than one session" } else { "no session" }
    )]
    NoSession {
        /// What was asked for.
        wanted: String,
        /// Several have such an id.
        several: bool,
    },
    /// The subscription has no such device.
    #[error("{client} is no device of the subscription {id}; its devices are {}", known.join(", "))]
    NoClient {
        /// The subscription.
        id: SubscriptionId,
        /// The device.
        client: AgentId,
        /// Its devices.
        known: Vec<String>,
    },
    /// Only a subscription that may synchronise expires.
    #[error(
        "the subscription {0} is revoked and cannot expire: readmit it first (sojourn-admin subscriptions readmit {0})"
    )]
    Revoked(SubscriptionId),
    /// Somebody changed it in between.
    #[error(
        "the subscription {0} was changed at this moment: look at it (sojourn-admin subscriptions show {0}), and try again"
    )]
    Changed(SubscriptionId),
    /// No such entity.
    #[error("there is no entity {asked:?} in the dataset {dataset}; there are {}", known.join(", "))]
    NoEntity {
        /// What was asked for.
        asked: String,
        /// The dataset.
        dataset: String,
        /// Its entities.
        known: Vec<String>,
    },
    /// The filter is wrong.
    #[error("the filter cannot be used: {error}{}", pointed(text, error))]
    Filter {
        /// The filter.
        text: String,
        /// What is wrong, and where.
        error: FilterError,
    },
    /// The name is none.
    #[error("a local data group needs a name of 1 to 100 printable characters")]
    Name,
    /// The name is taken.
    #[error("{place} defines a local data group {name:?} of {entity} already: choose another name, or {instead}")]
    NameTaken {
        /// Who defines it.
        place: &'static str,
        /// Its name.
        name: String,
        /// Its entity.
        entity: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// Nobody knows roles.
    #[error(
        "the dataset {0} does not know roles: name the function that does with `in_role:` in sojourn.yaml and register \
         again, or define the group for a user (--user) or for everyone"
    )]
    NoRoles(String),
    /// No such group.
    #[error(
        "there is no local data group {0}: see `sojourn-admin filters list`; those without an id are defined in \
         sojourn.yaml: change them there, and register again"
    )]
    NoGroup(Uuid),
    /// A user's own group.
    #[error(
        "the local data group {id} is the own one of the user of subscription {subscription}, who changes it with \
         `sojourn-agent filters`"
    )]
    OwnGroup {
        /// Its id.
        id: Uuid,
        /// Whose it is.
        subscription: String,
    },
    /// Nothing is to be changed.
    #[error("say what is to be changed: --filter, --name or --enforced")]
    NothingToChange,
    /// The program itself.
    #[error("cannot start: {0}")]
    Start(String),
}

impl AdminError {
    /// There is no such entity.
    pub(crate) fn no_entity(asked: &str, metadata: &Metadata) -> Self {
        let known = metadata.entities.iter().map(|entity| entity.name.clone()).collect();
        Self::NoEntity { asked: asked.to_owned(), dataset: metadata.dataset.clone(), known }
    }
}

impl From<PlatformError> for AdminError {
    fn from(error: PlatformError) -> Self {
        if matches!(error, PlatformError::Acting(_)) { Self::Acting(error) } else { Self::Platform(error) }
    }
}

impl From<SchemaError> for AdminError {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Platform(error) => error.into(),
            error => Self::Schema(Box::new(error)),
        }
    }
}

fn which_dataset(asked: Option<&str>, known: &[String]) -> String {
    match (asked, known) {
        (_, []) => "no dataset is registered: run `sojourn-admin register --config sojourn.yaml`, then start \
                    sojourn-schema"
            .to_owned(),
        (Some(asked), known) => format!("there is no dataset {asked:?}; there are {}", known.join(", ")),
        (None, known) => format!("there are several datasets: name one of {} with --dataset", known.join(", ")),
    }
}

fn pointed(text: &str, error: &FilterError) -> String {
    let pointed = error.pointed_at(text);
    if pointed.is_empty() { pointed } else { format!("\n\n{pointed}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_which_datasets_there_are() {
        let told = |asked: Option<&str>, known: &[&str]| {
            let known = known.iter().map(|name| (*name).to_owned()).collect();
            AdminError::Dataset { asked: asked.map(str::to_owned), known }.to_string()
        };
        assert!(told(None, &[]).contains("sojourn-admin register"));
        assert!(told(Some("crn"), &["crm"]).contains("\"crn\"; there are crm"));
        assert!(told(None, &["crm", "erp"]).contains("one of crm, erp with --dataset"));
    }

    #[test]
    fn a_wrong_filter_is_pointed_at() {
        let metadata = Metadata { dataset: "crm".into(), acting_role: "users".into(), entities: vec![] };
        let error = sojourn_platform::filter::Filter::parse("true", "contact", &metadata).expect_err("no entity");
        assert!(!AdminError::Filter { text: "true".into(), error }.to_string().contains('\n'));
    }
}
