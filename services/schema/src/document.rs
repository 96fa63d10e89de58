//! A metadata version as it is compared and published. Pure.

use sojourn_metadata::Metadata;
use sojourn_wire::message::encode;
use sojourn_wire::message::schema::SchemaVersion;

use crate::error::SchemaError;

/// The hash by which two states of the metadata are the same: BLAKE3 over the document's JSON, in hexadecimal.
///
/// The JSON has the fields in the order of the model, so it says the same of the same. A program with more fields in
/// its model publishes a new version, which is what devices need.
///
/// # Errors
/// [`SchemaError::Document`] when the model cannot be written as JSON.
pub fn hash(metadata: &Metadata) -> Result<String, SchemaError> {
    let json = serde_json::to_vec(metadata).map_err(|error| SchemaError::Document(error.to_string()))?;
    Ok(blake3::hash(&json).to_hex().to_string())
}

/// The message that publishes a version.
///
/// # Errors
/// [`SchemaError::Document`] when the model cannot be written as JSON, or its dataset cannot stand in a subject.
pub fn message(metadata: &Metadata, version: u32) -> Result<Vec<u8>, SchemaError> {
    let dataset = metadata.dataset.parse()?;
    let document = serde_json::to_value(metadata).map_err(|error| SchemaError::Document(error.to_string()))?;
    Ok(encode(&SchemaVersion { dataset, version, document }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_wire::message::decode;

    fn metadata(acting_role: &str) -> Metadata {
        Metadata { dataset: "crm".into(), acting_role: acting_role.into(), entities: vec![] }
    }

    #[test]
    fn the_same_has_the_same_hash_and_another_has_not() {
        let hash_of = |role| hash(&metadata(role)).expect("plain data");
        assert_eq!(hash_of("users"), hash_of("users"));
        assert_ne!(hash_of("users"), hash_of("others"));
        assert_eq!(hash_of("users").len(), 64);
    }

    #[test]
    fn what_is_published_is_the_model() {
        let message: SchemaVersion = decode(&message(&metadata("users"), 7).expect("plain data")).expect("a message");
        assert_eq!((message.dataset.as_str(), message.version), ("crm", 7));
        assert_eq!(serde_json::from_value::<Metadata>(message.document).expect("the model"), metadata("users"));
    }
}
