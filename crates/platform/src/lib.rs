//! Postgres on behalf of the user.
//!
//! One function switches a transaction to the user ([`acting::become_user`]) and one back; prepare, export and replay
//! all use it, and row-level security decides what they see. Generated SQL is put together by one small builder
//! ([`sql::Sql`]), where only an [`sql::Ident`] can become a name.

pub mod acting;
pub mod catalog;
pub mod database;
pub mod definition;
pub mod duplicates;
pub mod entities;
pub mod filter;
pub mod install;
pub mod sql;

pub use acting::{ActingError, Identity};
pub use database::{PlatformError, connect};
pub use sql::{Ident, Sql};
