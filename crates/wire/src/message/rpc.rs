//! Short questions to a service. Answers never echo input.

use serde::{Deserialize, Serialize};

use super::Message;
use crate::subject::Service;

/// The verb that asks whether a service is at work.
pub const READY: &str = "ready";

/// A service is at work: it reaches Postgres and reads its queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Who answers.
    pub service: Service,
    /// The program's version.
    pub version: String,
}

impl Message for Ready {
    const NAME: &'static str = "ready";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        golden::check("prepare", &Ready { service: Service::Prepare, version: "0.1.0".into() });
    }
}
