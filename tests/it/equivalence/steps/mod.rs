//! The steps of a story.

pub mod definition;
pub mod devices;
pub mod filters;
pub mod statements;
pub mod transactions;
pub mod upkeep;

/// What became of a step, in words for the log; `None` when it could not be done.
pub type Done = Option<String>;
