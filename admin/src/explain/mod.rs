//! Why a row is on a device or not. [`gather`](gather::explain) asks Postgres for each decision by itself, [`facts`]
//! holds what came of it, and [`sentence`](mod@sentence) says it in one sentence.

pub mod facts;
pub mod gather;
pub mod sentence;
mod shown;

pub use facts::Explained;
pub use gather::explain;
