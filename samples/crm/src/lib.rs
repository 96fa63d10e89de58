//! The sample CRM: a Postgres schema with row-level security in the manner of Dynamics CRM 4.0, and a generator.
//!
//! [`install`] creates the schema, [`generate`] fills it with believable data that is the same for the same
//! [`Plan`], and [`Generated`] names the people through whose eyes tests and the demo look at it. The files under
//! `schema/` say what the tables hold and who may see what; `sojourn.yaml` lists the entities that go offline.
//!
//! The generator is pure down to the bytes it sends: only `install`, `generate` and `indexes` know a database.

mod book;
mod copy;
mod draw;
mod edges;
mod entity;
mod error;
mod generate;
mod indexes;
mod install;
mod organisation;
mod plan;
mod roles;
mod rows;
mod shares;
mod words;

pub use entity::Entity;
pub use error::SampleError;
pub use generate::{Generated, Progress, generate};
pub use install::install;
pub use organisation::{People, Person};
pub use plan::Plan;
