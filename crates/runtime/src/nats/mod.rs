//! The connection to NATS, and the few things one does with it besides reading a queue.
//!
//! [`connect`] gives a client that survives a server's restart. Everything sent through it is sent only while it is
//! connected and awaited with a deadline: a client that is not connected keeps what it is given and may send it later,
//! when nobody waits for it any more.

mod answered;
mod connect;
mod events;
mod in_order;
mod publish;
mod purge;
mod read;

pub(crate) use answered::{Unanswered, answered};
pub use connect::{Identity, NatsError, connect};
pub use in_order::{InOrder, Named, publish_in_order};
pub use publish::{PublishError, publish_hint, publish_stored};
pub use purge::{PurgeError, purge};
pub use read::{ReadError, direct_get};

use async_nats::Client;
use async_nats::connection::State;

/// Whether the client has a connection at this moment.
#[must_use]
pub fn is_connected(client: &Client) -> bool {
    client.connection_state() == State::Connected
}
