//! Generated statements, explained by a real Postgres.
