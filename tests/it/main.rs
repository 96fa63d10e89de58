//! All integration tests, in one binary: they share one Postgres, and run in parallel on databases and NATS of their
//! own.

#![expect(unreachable_pub, reason = "helpers are shared by the modules of one binary")]

mod capture;
mod commands;
mod faults;
mod scenarios;
mod security;
mod sql;
mod support;
mod tidy;
