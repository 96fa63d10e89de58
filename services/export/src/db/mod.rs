//! The only part of this service that touches the database. One file for each thing that is kept or read.

pub mod activity;
pub mod batch;
mod keys;
pub mod pick;
pub mod rows;
pub mod session;
pub mod stored;
pub mod token;
pub mod verify;
