//! What every process does: settings, logs, the connection to NATS, the job loop, readiness and the way out.
//!
//! A service built on this crate says what it does with a message; it never connects, retries, acknowledges or listens
//! for signals itself. The crate knows the bus and nothing behind it: no database, no service, no agent.

pub mod backoff;
pub mod clock;
pub mod deadline;
pub mod deploy;
pub mod jobs;
pub mod nats;
pub mod process;
pub mod ready;
pub mod rpc;
pub mod secret;
pub mod settings;
pub mod telemetry;

pub use async_nats::{Client, HeaderMap};
pub use deadline::{Elapsed, deadline};
pub use tokio_util::sync::CancellationToken;
