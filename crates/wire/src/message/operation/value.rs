//! The value of one attribute, in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// One attribute's value as the device holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// No value.
    Null,
    /// An integer or a double.
    Number(serde_json::Number),
    /// Text, in the attribute's own spelling.
    Text(String),
    /// Bytes of a binary attribute.
    Bytes(Vec<u8>),
    /// Bytes of a binary attribute that went ahead in parts ([`crate::message::attachment`]).
    Attachment {
        /// Which ones.
        attachment: Uuid,
        /// How many there are.
        bytes: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum FieldRepr {
    Null(()),
    Number(serde_json::Number),
    Text(String),
    Bytes { base64: String },
    Attachment { attachment: Uuid, bytes: u64 },
}

impl Serialize for FieldValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => FieldRepr::Null(()),
            Self::Number(number) => FieldRepr::Number(number.clone()),
            Self::Text(text) => FieldRepr::Text(text.clone()),
            Self::Bytes(bytes) => FieldRepr::Bytes { base64: STANDARD.encode(bytes) },
            Self::Attachment { attachment, bytes } => FieldRepr::Attachment { attachment: *attachment, bytes: *bytes },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match FieldRepr::deserialize(deserializer)? {
            FieldRepr::Null(()) => Self::Null,
            FieldRepr::Number(number) => Self::Number(number),
            FieldRepr::Text(text) => Self::Text(text),
            FieldRepr::Bytes { base64 } => Self::Bytes(STANDARD.decode(base64).map_err(serde::de::Error::custom)?),
            FieldRepr::Attachment { attachment, bytes } => Self::Attachment { attachment, bytes },
        })
    }
}
