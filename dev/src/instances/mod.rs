//! Running things: Postgres, nats-server and our own processes, each in a folder of its own, each registered
//! with the reaper before anybody can forget it.

mod deadline;
mod error;
mod log;
mod nats;
mod port;
mod postgres;
mod process;

pub use error::InstanceError;
pub use nats::Nats;
pub use port::free as free_port;
pub use postgres::{Durability, Postgres, PostgresOptions};
pub use process::{Child, Launch, Output};
