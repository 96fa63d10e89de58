//! The store against a real database, with a second, plain connection as any other program has.

mod batches;
mod capture;
mod digest;
mod doubles;
mod file;
mod full_disk;
mod groups;
mod load;
mod refuse;
mod replace;
mod replay;
mod rules;
pub(super) mod sample;
mod session;
mod set_aside;
mod settle;
mod spool;
mod sync_info;
mod take_up;
mod values;
mod wide;
