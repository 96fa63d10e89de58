//! One published state of the metadata.

use serde::{Deserialize, Serialize};

use super::Message;
use crate::id::Dataset;

/// A metadata version. The document is the model of `crates/metadata`, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchemaVersion {
    /// The configured set of entities.
    pub dataset: Dataset,
    /// Its number, from 1.
    pub version: u32,
    /// The document.
    pub document: serde_json::Value,
}

impl Message for SchemaVersion {
    const NAME: &'static str = "schema-version";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        let dataset = "crm".parse().expect("a token");
        golden::check("empty", &SchemaVersion { dataset, version: 1, document: serde_json::json!({"entities": []}) });
    }
}
