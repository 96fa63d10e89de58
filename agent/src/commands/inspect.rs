//! Looking into a batch file: its header, and its rows. Needs no server and no home; a home's database gives entities,
//! attributes and values their names and types.

mod rows;
mod text;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sojourn_metadata::{Entity, Metadata};
use sojourn_wire::batch::{Batch, BatchError, Compression, DecodeLimits, Header, Kind, MAX_BATCH_BYTES};
use uuid::Uuid;

pub use self::rows::RowsShown;
use super::answer::Answer;
use crate::error::AgentError;
use crate::home::database_of;
use crate::store::{Store, StoreError};

/// No batch file is longer: compression may add a little to a body.
const MAX_FILE_BYTES: u64 = MAX_BATCH_BYTES + (1 << 20);

/// How much of a file is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The header alone, even when the rest is damaged.
    Header,
    /// The header, and these rows.
    Rows {
        /// The first one, from 0.
        offset: usize,
        /// How many at most.
        limit: usize,
    },
}

/// A batch file.
#[derive(Debug, Serialize)]
pub struct Inspected {
    /// The file.
    pub file: PathBuf,
    /// What it says of itself.
    pub header: HeaderShown,
    /// Whether every byte is what it should be.
    pub right: bool,
    /// What is wrong with the file after its header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Rows of it; none when only the header was asked for.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub content: Option<RowsShown>,
}

/// A header, field by field.
#[derive(Debug, Serialize)]
pub struct HeaderShown {
    /// `ok`, or why there are no rows.
    pub result: String,
    /// The code of it.
    pub result_code: i32,
    /// `rows` or `deletes`.
    pub kind: &'static str,
    /// `zstd` or `none`.
    pub compression: &'static str,
    /// The published metadata that its attributes belong to.
    pub metadata_version: u32,
    /// Bytes of the whole file, as it says.
    pub file_size: u64,
    /// Bytes of the header; the body starts there.
    pub header_bytes: usize,
    /// Bytes of the body before compression.
    pub body_bytes: u64,
    /// The session.
    pub session: Uuid,
    /// Its position within the session.
    pub batch_number: u32,
    /// The entity.
    pub object_type_code: i32,
    /// The entity's name, where a device's metadata are at hand and know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Rows of the whole file.
    pub row_count: u32,
    /// Object id of the first row; nil when there are none.
    pub first_key: Uuid,
    /// Object id of the last row; nil when there are none.
    pub last_key: Uuid,
    /// BLAKE3 of the body as stored, in hex.
    pub digest: String,
    /// Its attributes, one for each column.
    pub attributes: Vec<AttributeShown>,
}

/// An attribute of a header.
#[derive(Debug, Serialize)]
pub struct AttributeShown {
    /// Its number within the entity.
    pub id: u32,
    /// Its name, where metadata know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its type as Postgres spells it, where metadata know it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub sql_type: Option<String>,
}

/// Shows a batch file.
///
/// # Errors
/// [`AgentError::BatchFile`] when it cannot be read, is none, or is damaged (after its header only when rows are asked
/// for); [`AgentError::Store`] when the home's database cannot be used.
pub fn inspect(folder: &Path, file: &Path, view: View) -> Result<Answer, AgentError> {
    let wrong = |problem: String| AgentError::BatchFile { path: file.to_owned(), problem };
    let bytes = read(file).map_err(|error| wrong(error.to_string()))?;
    let metadata = metadata(folder)?;
    look(file, &bytes, metadata.as_ref(), view).map(Answer::Inspected).map_err(wrong)
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        ..=MAX_FILE_BYTES => Ok(bytes),
        _ => Err(io::Error::other(format!("it is longer than {MAX_FILE_BYTES} bytes, and no batch file is"))),
    }
}

/// What a device's tables were made from; none where there is no device, or nothing was loaded yet.
fn metadata(folder: &Path) -> Result<Option<Metadata>, StoreError> {
    match Store::open(&database_of(folder)) {
        Ok(store) => Ok(store.metadata().map(|(_, metadata)| metadata.clone())),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is in the file, or what is wrong with it.
fn look(file: &Path, bytes: &[u8], metadata: Option<&Metadata>, view: View) -> Result<Inspected, String> {
    let header = Header::parse(bytes).map_err(|error| error.to_string())?;
    let entity = metadata.and_then(|metadata| metadata.entity_of(header.object_type_code));
    let decoded = match Batch::decode(bytes, DecodeLimits::default()) {
        Ok(batch) => Ok(Some(batch)),
        Err(BatchError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    };
    let (problem, content) = match (decoded, view) {
        (Ok(_), View::Header) => (None, None),
        (Err(error), View::Header) => (Some(after_header(&error, &header)), None),
        (Ok(None), View::Rows { offset, .. }) => (None, Some(RowsShown::none(offset))),
        (Ok(Some(batch)), View::Rows { offset, limit }) => (None, Some(RowsShown::of(&batch, entity, offset, limit))),
        (Err(error), View::Rows { .. }) => {
            return Err(format!("{}; --header shows the header", after_header(&error, &header)));
        }
    };
    let header = HeaderShown::of(&header, entity);
    Ok(Inspected { file: file.to_owned(), header, right: problem.is_none(), problem, content })
}

fn after_header(error: &BatchError, header: &Header) -> String {
    format!("{error} (the header is right, the body starts at byte {})", header.bytes())
}

impl HeaderShown {
    fn of(header: &Header, entity: Option<&Entity>) -> Self {
        Self {
            result: header.result.to_string(),
            result_code: header.result.0,
            kind: match header.kind {
                Kind::Rows => "rows",
                Kind::Deletes => "deletes",
            },
            compression: match header.compression {
                Compression::None => "none",
                Compression::Zstd => "zstd",
            },
            metadata_version: header.metadata_version,
            file_size: header.file_size,
            header_bytes: header.bytes(),
            body_bytes: header.body_bytes,
            session: header.session,
            batch_number: header.batch_number,
            object_type_code: header.object_type_code,
            entity: entity.map(|entity| entity.name.clone()),
            row_count: header.rows,
            first_key: header.first_key,
            last_key: header.last_key,
            digest: rows::hex(&header.digest),
            attributes: header.attributes.iter().map(|&id| AttributeShown::of(id, entity)).collect(),
        }
    }
}

impl AttributeShown {
    fn of(id: u32, entity: Option<&Entity>) -> Self {
        let known = entity.and_then(|entity| entity.attributes.iter().find(|attribute| attribute.id == id));
        let (name, sql_type) = known.map(|known| (known.name.clone(), known.sql_type.clone())).unzip();
        Self { id, name, sql_type }
    }
}

#[cfg(test)]
mod tests;
