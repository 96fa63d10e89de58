//! Registering what goes offline: the file is checked against the database, what Sojourn keeps there is installed, and
//! so is what follows changes.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use sojourn_metadata::Config as SojournYaml;
use sojourn_platform::{Ident, PlatformError, install};
use sojourn_schema::register::Registration;
use sqlx::PgPool;

use crate::error::AdminError;

/// What a registration came to.
#[derive(Debug, Serialize)]
pub struct Registered {
    /// The set of entities.
    pub dataset: String,
    /// Its entities, in load order.
    pub entities: Vec<String>,
    /// What is allowed, but rarely meant.
    pub warnings: Vec<String>,
    /// How many tables are followed.
    pub streams: usize,
    /// What was done; nothing when it was only checked.
    pub done: Option<Done>,
}

/// What a registration did.
#[derive(Debug, Serialize)]
pub struct Done {
    /// Tables that are followed from now on, or again.
    pub installed: Vec<String>,
    /// Tables that no dataset follows any more.
    pub removed: Vec<String>,
    /// Indexes by which duplicates are found from now on: table, and the index in brackets.
    pub indexes_made: Vec<String>,
    /// Indexes that no duplicate rule needs any more: table, and the index in brackets.
    pub indexes_removed: Vec<String>,
    /// The services have a new password.
    pub password_changed: bool,
}

/// Checks, and unless it is a dry run installs. `password` becomes that of the services. `progress` hears of what may
/// take a while, before it begins.
///
/// # Errors
/// [`AdminError::Schema`] holds every problem; nothing was changed then, unless it names an index that could not be made.
pub async fn register(
    pool: &PgPool,
    wanted: &SojournYaml,
    password: Option<&str>,
    dry_run: bool,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Registered, AdminError> {
    let mut admin = pool.acquire().await.map_err(PlatformError::doing("taking a connection"))?;
    let registration = sojourn_schema::check(&mut admin, wanted).await?;
    let mut registered = checked(&registration);
    if dry_run {
        return Ok(registered);
    }
    let acting_role = Ident::new(&wanted.acting_role).map_err(PlatformError::from)?;
    install::install(&mut admin, &acting_role, password).await?;
    let tracked = sojourn_schema::track(&mut admin, &registration).await?;
    let indexed = sojourn_schema::index(&mut admin, &registration, progress).await?;
    registered.done = Some(Done {
        installed: tracked.installed,
        removed: tracked.removed,
        indexes_made: indexed.made,
        indexes_removed: indexed.removed,
        password_changed: password.is_some(),
    });
    Ok(registered)
}

fn checked(registration: &Registration) -> Registered {
    let metadata = &registration.metadata;
    Registered {
        dataset: metadata.dataset.clone(),
        entities: metadata.entities.iter().map(|entity| entity.name.clone()).collect(),
        warnings: registration.warnings.iter().map(ToString::to_string).collect(),
        streams: registration.streams.len(),
        done: None,
    }
}

/// Reads the password that a file holds, without the end of its line.
///
/// # Errors
/// [`AdminError::File`], [`AdminError::NoPassword`].
pub fn password_in(path: &Path) -> Result<String, AdminError> {
    let shown = || path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| AdminError::File { path: shown(), problem: error.to_string() })?;
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() { Err(AdminError::NoPassword { path: shown() }) } else { Ok(password.to_owned()) }
}

impl fmt::Display for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        let (dataset, entities, streams) = (&self.dataset, self.entities.len(), self.streams);
        writeln!(f, "The dataset {dataset} has {entities} entities: {}", self.entities.join(", "))?;
        let Some(done) = &self.done else {
            return write!(f, "\nIt can be registered; {streams} tables would be followed. Nothing was changed.");
        };
        writeln!(f, "Its changes are followed in {streams} tables.")?;
        let told = [
            (&done.installed, "Installed on"),
            (&done.removed, "Removed from"),
            (&done.indexes_made, "Duplicates are found by new indexes on"),
            (&done.indexes_removed, "No longer needed, and removed: the indexes on"),
        ];
        for (what, words) in told.into_iter().filter(|(what, _)| !what.is_empty()) {
            writeln!(f, "{words} {}", what.join(", "))?;
        }
        if done.password_changed {
            writeln!(f, "sojourn_service has a new password: give it to the services.")?;
        }
        write!(f, "\nNext: start sojourn-schema with this file, or start it again: it puts the rules in force.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(done: Option<Done>) -> String {
        let entities = vec!["account".to_owned(), "contact".to_owned()];
        let warnings = vec!["look at this".to_owned()];
        Registered { dataset: "crm".to_owned(), entities, warnings, streams: 3, done }.to_string()
    }

    #[test]
    fn a_check_says_that_nothing_was_changed() {
        let told = registered(None);
        assert!(
            told.starts_with("warning: look at this\nThe dataset crm has 2 entities: account, contact\n"),
            "{told}"
        );
        assert!(told.ends_with("3 tables would be followed. Nothing was changed."), "{told}");
    }

    #[test]
    fn a_registration_says_what_it_did_and_what_comes_next() {
        let told = registered(Some(Done {
            installed: vec!["crm.contact".to_owned()],
            removed: vec![],
            indexes_made: vec!["crm.lead (i)".to_owned()],
            indexes_removed: vec![],
            password_changed: false,
        }));
        assert!(told.contains("Installed on crm.contact\n") && told.contains("Next: start sojourn-schema"), "{told}");
        assert!(told.contains("Duplicates are found by new indexes on crm.lead (i)\n"), "{told}");
        assert!(!told.contains("emoved") && !told.contains("password"), "{told}");
    }
}
