//! A message that could not be handled, kept with its reason.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Message;
use crate::subject::Service;

/// One dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Who could not handle it.
    pub service: Service,
    /// The subject it came on.
    pub subject: String,
    /// Why it was refused.
    pub reason: String,
    /// How often it had been handed out.
    pub deliveries: u64,
    /// The message as it came, base64.
    pub payload: String,
}

impl DeadLetter {
    /// A letter around the bytes as they came.
    #[must_use]
    pub fn new(service: Service, subject: &str, reason: &str, deliveries: u64, payload: &[u8]) -> Self {
        let payload = STANDARD.encode(payload);
        Self { service, subject: subject.to_owned(), reason: reason.to_owned(), deliveries, payload }
    }
}

impl Message for DeadLetter {
    const NAME: &'static str = "dead-letter";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        golden::check("malformed", &DeadLetter::new(Service::Replay, "op.a.s", "not a message", 1, b"{"));
    }
}
