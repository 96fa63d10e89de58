//! The device's database, shared by the tasks of one agent. SQLite blocks, so its work runs on threads of its own.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::AgentError;
use crate::store::{Store, StoreError};

/// One connection, used by one task at a time.
#[derive(Debug, Clone)]
pub struct SharedStore(Arc<Mutex<Store>>);

impl SharedStore {
    /// Shares a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    /// Runs `work` on the store; `doing` names it, should the thread be lost.
    ///
    /// # Errors
    /// What `work` meets.
    pub async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, AgentError> {
        let store = Arc::clone(&self.0);
        // Every method of the store is one transaction: a panic in one leaves nothing half done.
        let ran = tokio::task::spawn_blocking(move || work(&mut store.lock().unwrap_or_else(PoisonError::into_inner)));
        Ok(ran.await.map_err(|_| AgentError::Stopped(doing))??)
    }
}
