//! Messages: JSON in an envelope that says which message it is and in which version.
//!
//! One file for each conversation, one golden file for each message and version in `golden/messages/`. A reader takes
//! every version up to its own; a field it does not know is ignored, and an outcome it does not know is a value
//! (`Unknown`), not a crash, so that an older agent survives a newer service.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub mod ack;
pub mod attachment;
pub mod batch;
pub mod dead_letter;
pub mod event;
pub mod filters;
pub mod operation;
pub mod plugin;
pub mod prepare;
pub mod rpc;
pub mod schema;
pub mod sync_info;
pub mod token;
pub mod verify;

/// A message of the bus.
pub trait Message: Serialize + DeserializeOwned {
    /// Its name in the envelope.
    const NAME: &'static str;
    /// The version this build writes, and the newest it reads.
    const VERSION: u16;
}

/// Bytes that are not the message that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not an envelope at all.
    #[error("not a message: {0}")]
    Malformed(String),
    /// Another message than the subject carries.
    #[error("expected the message {expected:?}, got {got:?}")]
    WrongMessage {
        /// What the subject carries.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// Written by a newer program.
    #[error("message {name:?} has version {got}, this program reads up to {newest}: update it")]
    TooNew {
        /// The message.
        name: &'static str,
        /// Its version.
        got: u16,
        /// The newest version known here.
        newest: u16,
    },
    /// The right envelope around something else.
    #[error("message {name:?} version {version}: {problem}")]
    Body {
        /// The message.
        name: &'static str,
        /// Its version.
        version: u16,
        /// What is wrong and where.
        problem: String,
    },
}

#[derive(Serialize)]
struct EnvelopeOut<'a, M> {
    message: &'a str,
    version: u16,
    body: &'a M,
}

#[derive(Deserialize)]
struct EnvelopeIn {
    message: String,
    version: u16,
    body: serde_json::Value,
}

/// Writes a message in its envelope.
///
/// # Panics
/// Never: messages are plain data with string keys, which JSON can always hold.
#[must_use]
pub fn encode<M: Message>(body: &M) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "plain data with string keys always serialises")]
    serde_json::to_vec(&EnvelopeOut { message: M::NAME, version: M::VERSION, body }).expect("plain data")
}

/// Reads a message out of its envelope.
///
/// # Errors
/// [`DecodeError`] says whether it is no message, another message, a newer one, or a broken one.
pub fn decode<M: Message>(bytes: &[u8]) -> Result<M, DecodeError> {
    let envelope: EnvelopeIn =
        serde_json::from_slice(bytes).map_err(|error| DecodeError::Malformed(discreet(&error)))?;
    if envelope.message != M::NAME {
        return Err(DecodeError::WrongMessage { expected: M::NAME, got: envelope.message });
    }
    if envelope.version > M::VERSION {
        return Err(DecodeError::TooNew { name: M::NAME, got: envelope.version, newest: M::VERSION });
    }
    serde_json::from_value(envelope.body).map_err(|error| DecodeError::Body {
        name: M::NAME,
        version: envelope.version,
        problem: discreet(&error),
    })
}

/// The error without the value it met: messages hold rows, and errors are logged.
fn discreet(error: &serde_json::Error) -> String {
    let words = error.to_string();
    match (words.find(" \""), words.rfind("\", expected")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &words[..from], &words[to + 1..]),
        _ => words,
    }
}

#[cfg(test)]
pub(crate) mod golden {
    use std::fmt::Debug;
    use std::path::PathBuf;

    use super::{Message, decode};

    /// Holds a message against its golden file. To accept a new version, run the tests with `SOJOURN_BLESS=1`.
    #[track_caller]
    pub(crate) fn check<M: Message + Debug + PartialEq>(case: &str, value: &M) {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!(
            "golden/messages/{}-v{}-{case}.json",
            M::NAME,
            M::VERSION
        ));
        let envelope = serde_json::json!({ "message": M::NAME, "version": M::VERSION, "body": value });
        let written = serde_json::to_string_pretty(&envelope).expect("plain data") + "\n";
        if option_env!("SOJOURN_BLESS").is_some() {
            std::fs::write(&file, &written).expect("the golden folder is writable");
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        assert_eq!(written, golden, "{} differs: a changed message needs a new version", file.display());
        assert_eq!(&decode::<M>(golden.as_bytes()).expect("the golden file is readable"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::ack::Ack;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strangers_are_named() {
        let told = |bytes: &[u8]| decode::<Ack>(bytes).expect_err("refused").to_string();
        assert!(told(b"{").starts_with("not a message"));
        assert!(told(br#"{"message":"x","version":1,"body":{}}"#).contains(r#"got "x""#));
        assert!(told(br#"{"message":"ack","version":99,"body":{}}"#).contains("up to 1"));
        assert!(told(br#"{"message":"ack","version":1,"body":{}}"#).contains("missing field"));
    }

    #[test]
    fn errors_do_not_repeat_values() {
        let body = r#"{"session":"Mrs \"Smith\"'s diagnosis","batch":1,"stage":"received","rows":1,"elapsed_ms":1}"#;
        let bytes = format!(r#"{{"message":"ack","version":1,"body":{body}}}"#);
        let told = decode::<Ack>(bytes.as_bytes()).expect_err("refused").to_string();
        assert!(!told.contains("Smith"), "{told}");
        let bytes = bytes.replace("\"Mrs", "7,\"x\":\"Mrs").replace("\"batch\":1", "\"batch\":\"Mrs Smith\"");
        let told = decode::<Ack>(bytes.as_bytes()).expect_err("refused").to_string();
        assert!(!told.contains("Smith"), "{told}");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<Ack>(&bytes);
        }
    }
}
