//! Every generated statement, held against a real Postgres, and the metadata of every kind of table.

mod duplicates;
mod every_type;
mod explain;
mod filters;
mod migration;
mod registration;
mod statements;
mod tracking;
