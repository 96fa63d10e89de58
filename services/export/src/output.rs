//! What a reader has made ready: at most one file waits while another is being made.

use std::time::Duration;

use sojourn_wire::batch::BatchError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::error::HandlerError;
use crate::file::{File, Read};

/// A device that lets a file wait for this long is slow: nothing may be kept open for it.
const SLOW: Duration = Duration::from_secs(1);

/// A file that is being made, in its turn.
type Making = JoinHandle<Result<File, BatchError>>;

/// What comes out of a reader.
#[derive(Debug)]
enum Item {
    File(Making),
    /// There is nothing more.
    End,
    Failed(HandlerError),
}

/// Whether the reader reads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// More is wanted.
    GoOn,
    /// Not now: whatever is open must be closed, and [`Output::unblock`] awaited.
    Leave,
}

/// The reader's end.
#[derive(Debug)]
pub struct Output {
    items: mpsc::Sender<Item>,
    stuck: Option<Making>,
    session: Uuid,
    metadata_version: u32,
    next_number: u32,
}

/// The worker's end.
#[derive(Debug)]
pub struct Input(mpsc::Receiver<Item>);

/// A channel for the files of a session, of which `next_number` is the first.
#[must_use]
pub fn channel(session: Uuid, metadata_version: u32, next_number: u32) -> (Output, Input) {
    let (items, input) = mpsc::channel(1);
    (Output { items, stuck: None, session, metadata_version, next_number }, Input(input))
}

impl Output {
    /// Makes a file of what was read, beside the reading of what follows.
    pub async fn take(&mut self, read: Read) -> Flow {
        let (session, metadata_version, number) = (self.session, self.metadata_version, self.next_number);
        self.next_number += 1;
        let making = tokio::task::spawn_blocking(move || read.into_file(session, number, metadata_version));
        match timeout(SLOW, self.items.reserve()).await {
            Ok(Ok(permit)) => {
                permit.send(Item::File(making));
                Flow::GoOn
            }
            Ok(Err(_)) => Flow::Leave,
            Err(_) => {
                self.stuck = Some(making);
                Flow::Leave
            }
        }
    }

    /// Waits until what was stuck is taken. Answers whether anybody still wants more.
    pub async fn unblock(&mut self) -> bool {
        match self.stuck.take() {
            Some(making) => self.items.send(Item::File(making)).await.is_ok(),
            None => !self.items.is_closed(),
        }
    }

    /// Says how it ended.
    pub async fn end(self, ended: Result<(), HandlerError>) {
        let item = ended.map_or_else(Item::Failed, |()| Item::End);
        let _ = self.items.send(item).await;
    }
}

impl Input {
    /// The next file; none at the end.
    ///
    /// # Errors
    /// What the reader met.
    pub async fn next(&mut self) -> Result<Option<File>, HandlerError> {
        match self.0.recv().await {
            Some(Item::File(making)) => Ok(Some(making.await.map_err(|_| HandlerError::Lost)??)),
            Some(Item::End) => Ok(None),
            Some(Item::Failed(error)) => Err(error),
            None => Err(HandlerError::Lost),
        }
    }
}
