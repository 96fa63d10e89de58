//! Everything development and tests need to run Sojourn on one machine: Postgres, nats-server, our own
//! processes, and the certainty that none of them outlives whoever started them.

pub mod instances;
mod os;
pub mod reaper;
pub mod tools;
