//! What crosses the bus, and nothing else: subjects, streams, permissions, messages and batch files.
//!
//! This crate is pure. It has no I/O, no clock and no runtime; it turns values into bytes and bytes into values, and is
//! the only place where a subject may be spelled. Every message has a name and a version, and one golden file for each
//! version under `golden/`, so that a changed field breaks a test before it breaks an agent in the field.

pub mod batch;
pub mod events_api;
pub mod id;
pub mod message;
pub mod nats_config;
pub mod permissions;
pub mod streams;
pub mod subject;

pub use id::{AgentId, Dataset, InvalidToken, Name, SubscriptionId};
pub use subject::{Service, Subject};
