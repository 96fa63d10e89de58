//! Attachments: the bytes of a binary attribute that are too many for a chunk go ahead in parts, on the subject of the
//! operations. Replay keeps them until an operation that names them has its verdict.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::Message;

/// The most bytes in one part: a part's message fits into a link's smallest window (256 KB) as base64.
pub const PART_BYTES: usize = 192 * 1024;
/// Values of more bytes than this are sent as attachments.
pub const INLINE_BYTES: usize = 64 * 1024;
/// The most bytes of one attachment.
pub const MAX_ATTACHMENT_BYTES: u64 = 256 * 1024 * 1024;

/// One part of an attachment. Sending it again is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentPart {
    /// Names the answer, as a chunk's id does.
    pub chunk: Uuid,
    /// Which attachment.
    pub attachment: Uuid,
    /// Its place, from 0: the part begins at `number * PART_BYTES`.
    pub number: u32,
    /// The bytes of the whole attachment.
    pub total_bytes: u64,
    /// The part's bytes: `PART_BYTES`, or what is left for the last one.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub bytes: Vec<u8>,
}

impl Message for AttachmentPart {
    const NAME: &'static str = "attachment-part";
    const VERSION: u16 = 1;
}

/// How many parts an attachment has.
#[must_use]
pub fn parts(total_bytes: u64) -> u32 {
    u32::try_from(total_bytes.div_ceil(PART_BYTES as u64)).unwrap_or(u32::MAX)
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        let (chunk, attachment) = (Uuid::from_u128(5), Uuid::from_u128(6));
        let part = AttachmentPart { chunk, attachment, number: 1, total_bytes: 196_610, bytes: vec![0, 255] };
        golden::check("last", &part);
    }

    #[test]
    fn parts_cover_all_bytes() {
        let most = PART_BYTES as u64;
        assert_eq!([parts(0), parts(1), parts(most), parts(most + 1), parts(50_000_000)], [0, 1, 1, 2, 255]);
    }
}
