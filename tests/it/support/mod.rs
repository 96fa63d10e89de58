//! What every test stands on: one Postgres for all of them, a world for each.

mod device;
mod peak;
pub mod sender;
mod service;
mod shared;
mod until;
mod web;
mod world;

pub use device::{Device, Ran, agent};
pub use peak::Peak;
pub use service::service_pool;
pub use shared::{machine, run, shared, with_sample};
pub use until::until;
pub use web::{Fetched, Web};
pub use world::{World, WorldPlan};
