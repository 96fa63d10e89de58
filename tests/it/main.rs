//! All integration tests, in one binary: they share one Postgres, and run in parallel on databases and NATS of their
//! own.

mod tidy;
