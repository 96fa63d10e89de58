//! Hints that a device has received a batch: a worker that waits for its window to open looks at once.
//!
//! They may be lost, or come for nothing. What is true is the session in Postgres.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use sojourn_runtime::{CancellationToken, Client};
use sojourn_wire::{Subject, subject};
use tokio::sync::Notify;
use uuid::Uuid;

/// How long to wait before listening again.
const AGAIN: Duration = Duration::from_secs(1);

type Waiting = Arc<Mutex<HashMap<Uuid, Arc<Notify>>>>;

/// Who waits for which session.
#[derive(Debug, Clone, Default)]
pub struct Hints(Waiting);

/// Somebody who waits for hints about a session, until it is dropped.
#[derive(Debug)]
pub struct Listening {
    waiting: Waiting,
    session: Uuid,
    hint: Arc<Notify>,
}

impl Hints {
    /// Passes hints on until `shutdown`.
    pub async fn serve(self, client: Client, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.pass_all_on(&client) => {
                    tracing::warn!("hints of receipts have ended, and are listened to again: until then batches wait longer");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// Passes hints on while they come.
    async fn pass_all_on(&self, client: &Client) {
        let Ok(mut hints) = client.subscribe(subject::received_hints()).await else { return };
        while let Some(message) = hints.next().await {
            if let Ok(Subject::ReceivedHint { session }) = message.subject.parse() {
                self.pass_on(session);
            }
        }
    }

    /// Listens for hints about a session. One that comes before the first wait is kept.
    #[must_use]
    pub fn listen(&self, session: Uuid) -> Listening {
        let hint = Arc::new(Notify::new());
        lock(&self.0).insert(session, Arc::clone(&hint));
        Listening { waiting: Arc::clone(&self.0), session, hint }
    }

    fn pass_on(&self, session: Uuid) {
        if let Some(hint) = lock(&self.0).get(&session) {
            hint.notify_one();
        }
    }
}

impl Listening {
    /// Waits for a hint.
    pub async fn hint(&self) {
        self.hint.notified().await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut waiting = lock(&self.waiting);
        if waiting.get(&self.session).is_some_and(|hint| Arc::ptr_eq(hint, &self.hint)) {
            waiting.remove(&self.session);
        }
    }
}

fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Notify>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hint_reaches_who_listens_and_nobody_else() {
        let (hints, mine, other) = (Hints::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        let listening = hints.listen(mine);
        hints.pass_on(other);
        hints.pass_on(mine);
        listening.hint().await;
        drop(listening);
        assert!(lock(&hints.0).is_empty());
    }

    #[tokio::test]
    async fn who_listens_anew_is_not_forgotten_with_the_one_before() {
        let (hints, session) = (Hints::default(), Uuid::from_u128(1));
        let before = hints.listen(session);
        let after = hints.listen(session);
        drop(before);
        hints.pass_on(session);
        after.hint().await;
    }
}
