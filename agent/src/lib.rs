//! The agent: it takes a user's rows onto the device, keeps what the user does there, and brings it back.
//!
//! It promises that the device's SQLite file holds what PrepareSync decided and the user's own unsent work on top, that
//! PostSync is said only of what is committed, and that an operation leaves the queue only with a verdict.

pub mod attachments;
pub mod batching;
pub mod cli;
pub mod commands;
pub mod download;
pub mod error;
pub mod filters;
pub mod home;
pub mod link;
pub mod playback;
pub mod progress;
pub mod session;
pub mod shared;
pub mod store;
pub mod verify;

pub use cli::run;
