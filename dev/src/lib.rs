//! Everything development and tests need to run Sojourn on one machine: Postgres, nats-server, our own
//! processes, and the certainty that none of them outlives whoever started them.

pub mod agent;
mod bench;
pub mod cli;
mod commands;
mod ending;
pub mod instances;
pub mod machine;
pub mod oracle;
mod os;
mod output;
pub mod processes;
pub mod proxy;
pub mod reaper;
pub mod samples;
pub mod stack;
pub mod tools;
