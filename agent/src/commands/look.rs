//! Looking at the device. Needs no server and no lock: an agent may be at work meanwhile.

use std::collections::BTreeMap;
use std::path::Path;

use super::answer::{Answer, Looked, QueueAnswer};
use super::errors::{ErrorCounts, home_option};
use crate::error::AgentError;
use crate::home::database_of;
use crate::store::Store;

/// The mode, the rows and the queue.
///
/// # Errors
/// [`AgentError::Store`] when there is no device, or its database is not ours.
pub fn status(folder: &Path) -> Result<Answer, AgentError> {
    let store = Store::open(&database_of(folder))?;
    let device = store.device()?;
    let mut rows = BTreeMap::new();
    let names: Vec<String> =
        store.metadata().map(|(_, m)| m.entities.iter().map(|e| e.name.clone()).collect()).unwrap_or_default();
    for name in names {
        let count = store.count_rows(&name)?;
        rows.insert(name, count);
    }
    Ok(Answer::Status(Looked {
        mode: store.mode()?,
        database: store.path().to_owned(),
        agent: device.agent,
        subscription: device.subscription,
        user_id: device.user_id,
        server: device.server,
        metadata_version: store.metadata().map(|(version, _)| version),
        rows,
        queue: store.queue_summary()?,
        errors: ErrorCounts::of(&store.errors()?),
        home: home_option(folder),
        session: store.session()?,
    }))
}

/// What was captured, and what became of it.
///
/// # Errors
/// As [`status`].
pub fn queue(folder: &Path, limit: usize) -> Result<Answer, AgentError> {
    let store = Store::open(&database_of(folder))?;
    Ok(Answer::Queue(QueueAnswer { summary: store.queue_summary()?, entries: store.queue_entries(limit)? }))
}
