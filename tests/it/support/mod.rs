//! What every test stands on: one Postgres for all of them, a world for each.

mod device;
mod shared;
mod world;

pub use device::{Device, Ran};
pub use shared::{machine, run};
pub use world::{World, WorldPlan};
