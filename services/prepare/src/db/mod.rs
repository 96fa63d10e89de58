//! The only part of this service that touches the database. One file for each thing that is kept.

pub mod order;
pub mod post_sync;
pub mod prepare;
pub mod session;
pub mod subscription;
