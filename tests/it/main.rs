//! All integration tests, in one binary: they share one Postgres, and run in parallel on databases and NATS of their
//! own.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "seeds and fetches are told to whoever runs the tests")]
#![expect(unreachable_pub, reason = "helpers are shared by the modules of one binary")]

mod admin;
mod capture;
mod commands;
mod equivalence;
mod faults;
mod filters;
mod model;
mod pipeline;
mod plugins;
mod scenarios;
mod security;
mod sql;
mod support;
mod tidy;
mod verify;
