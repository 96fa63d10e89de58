//! The administrator's program: it registers what goes offline, looks at subscriptions and governs them, defines local
//! data groups, and explains why a row is on a device or not.
//!
//! It promises to use the services' own functions for what they decide, to change nothing but what it was asked to, to
//! tell ids and decisions and never a row's values, and to end every refusal with the next step.

pub mod cli;
mod connect;
pub mod error;
pub mod explain;
pub mod filters;
pub mod history;
pub mod register;
pub mod subscriptions;
mod table;

pub use cli::run;
