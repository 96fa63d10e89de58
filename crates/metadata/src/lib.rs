//! Metadata: which entities exist, what their attributes are, and how they refer to each other.
//!
//! Pure values and functions of values. The server's `schema` service fills the model from the catalog and
//! `sojourn.yaml`, publishes it as a numbered version, and every batch carries that number; the agent turns it into
//! SQLite tables. In the documents this is the *Metadata Cache*, the common denominator of all the ways to load it.

pub mod config;
pub mod model;
pub mod order;
pub mod replay;
pub mod rules;
pub mod sqlite;

pub use config::{Config, ConfigError};
pub use model::{Attribute, DataType, Entity, EntityCommand, Metadata, Relationship};
pub use replay::ReplayRules;
pub use rules::Rules;
