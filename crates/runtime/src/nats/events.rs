//! What happens to a connection, said once in our own words.

use async_nats::{Event, ServerError};

/// Logs one event of the connection called `name`.
pub(super) fn log(name: &str, event: &Event) {
    match event {
        Event::Connected => tracing::info!(connection = name, "connected to NATS"),
        Event::Disconnected => tracing::warn!(connection = name, "lost the connection to NATS, trying to come back"),
        Event::SlowConsumer(_) => {
            tracing::warn!(connection = name, "messages were dropped: they came faster than they were read");
        }
        Event::ServerError(ServerError::AuthorizationViolation) => {
            tracing::error!(connection = name, "NATS no longer authorises this identity");
        }
        // A denied subject is a wrong permission list: nothing else will say so, the caller only sees a deadline.
        Event::ServerError(error) => tracing::error!(connection = name, %error, "NATS refused something: {error}"),
        Event::LameDuckMode | Event::Draining | Event::Closed | Event::ClientError(_) => {
            tracing::debug!(connection = name, "NATS connection: {event}");
        }
    }
}
