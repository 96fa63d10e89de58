//! The only part of this service that touches the database. One file for each thing that is kept, or is done to it.

pub mod administer;
pub mod changes;
pub mod clean_up;
pub mod entity;
pub mod evaluate;
pub mod explain;
pub mod group;
pub mod history;
pub mod merge;
pub mod order;
pub mod overview;
pub mod post_sync;
pub mod prepare;
pub mod preview;
pub mod progress;
pub mod rules;
pub mod session;
pub mod subscription;
pub mod sync_info;
