//! `sync --verify`: device and server compare digests of what the device should hold, by key range, narrowing down.
//!
//! The device asks about ranges of keys of one entity; the server answers with the number of rows and a digest of each
//! (`batch::digest`), or, in detail, with every row's. Both read what they hold; nothing is changed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;

/// The most ranges in one request, and the most rows in one detailed answer.
pub const MAX_VERIFY_ITEMS: usize = 1024;

/// Keys greater than `after` (from the least, where that is none), up to and with `to` (to the greatest, likewise).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    /// The key before the first.
    pub after: Option<Uuid>,
    /// The last key.
    pub to: Option<Uuid>,
}

/// A question about what the device should hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyRequest {
    /// Names the answer.
    pub request: Uuid,
    /// The metadata version of the device's tables: digests of another one cannot be compared.
    pub metadata_version: u32,
    /// The entity.
    pub object_type_code: i32,
    /// The ranges, in key order, not overlapping.
    pub ranges: Vec<KeyRange>,
    /// Asks for every row's digest, where the ranges hold no more than [`MAX_VERIFY_ITEMS`].
    pub detail: bool,
}

impl Message for VerifyRequest {
    const NAME: &'static str = "verify-request";
    const VERSION: u16 = 1;
}

/// What one range holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeDigest {
    /// How many rows.
    pub rows: u64,
    /// The digest of their ids and values, in key order: 32 hexadecimal characters.
    pub digest: String,
}

/// One row of a detailed answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowDigest {
    /// The object.
    pub object_id: Uuid,
    /// The digest of its values: 32 hexadecimal characters. None where the server has changed or hidden the row since
    /// the last synchronisation: the next one brings that.
    pub digest: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VerifyOutcome {
    /// One digest for each range, in order.
    Ranges {
        /// The digests.
        ranges: Vec<RangeDigest>,
    },
    /// Every row of the ranges that the device should hold, in key order.
    Rows {
        /// The rows.
        rows: Vec<RowDigest>,
    },
    /// It cannot be, whatever is tried again: the words are for the user.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
    /// An outcome of a newer service.
    #[serde(other)]
    Unknown,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyResult {
    /// The request it answers.
    pub request: Uuid,
    /// What came of it.
    pub outcome: VerifyOutcome,
}

impl Message for VerifyResult {
    const NAME: &'static str = "verify-result";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        let id = Uuid::from_u128;
        let ranges = vec![KeyRange { after: None, to: Some(id(5)) }, KeyRange { after: Some(id(5)), to: None }];
        let request = VerifyRequest { request: id(1), metadata_version: 1, object_type_code: 2, ranges, detail: false };
        golden::check("ranges", &request);
        let answer = |case, outcome| golden::check(case, &VerifyResult { request: id(1), outcome });
        let digest = "00112233445566778899aabbccddeeff".to_owned();
        let range = RangeDigest { rows: 3, digest: digest.clone() };
        answer("ranges", VerifyOutcome::Ranges { ranges: vec![range] });
        let rows =
            vec![RowDigest { object_id: id(4), digest: Some(digest) }, RowDigest { object_id: id(5), digest: None }];
        answer("rows", VerifyOutcome::Rows { rows });
        answer("refused", VerifyOutcome::Refused { reason: "the device's tables are of another version".to_owned() });
    }
}
