//! Killed, cut off, broken: nothing is lost, nothing is done twice.

mod agent;
mod audit;
mod corrupt;
mod engines;
mod full_store;
mod garbage;
pub mod hand;
mod ledger;
mod left_for_long;
mod link;
mod moving;
mod oversize;
mod replay;
mod replaying;
mod restored;
mod revoked;
mod rules;
pub mod running;
mod services;
mod slow_link;
