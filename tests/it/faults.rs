//! Killed, cut off, broken: nothing is lost, nothing is done twice.

mod agent;
mod audit;
mod corrupt;
mod engines;
mod garbage;
pub mod hand;
mod ledger;
mod link;
mod oversize;
mod replay;
mod restored;
mod revoked;
mod rules;
pub mod running;
mod services;
