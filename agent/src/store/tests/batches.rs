//! Making batch files as the server does.

use sojourn_metadata::Entity;
use sojourn_wire::batch::{BatchWriter, Compression, HeaderFields};
use uuid::Uuid;

use super::sample::{Sample, metadata};
use crate::store::{Loaded, Store, StoreError};

/// The session that every batch here is of.
pub(super) const SESSION: Uuid = Uuid::from_u128(0x5e55);

/// A value as Postgres sends it.
pub(super) type Raw = Option<Vec<u8>>;

pub(super) fn text(text: &str) -> Raw {
    Some(text.as_bytes().to_vec())
}

/// The object id of this last digit.
pub(super) fn key(digit: u128) -> Raw {
    Some(Uuid::from_u128(digit).as_bytes().to_vec())
}

fn fields(entity: &Entity, number: u32) -> HeaderFields {
    HeaderFields {
        session: SESSION,
        batch_number: number,
        object_type_code: entity.object_type_code,
        metadata_version: 1,
        compression: Compression::Zstd,
    }
}

/// A file of rows of an entity; missing last values are null.
pub(super) fn rows_of(entity: &Entity, number: u32, rows: &[Vec<Raw>]) -> Vec<u8> {
    rows_with(entity, fields(entity, number), rows)
}

pub(super) fn rows_with(entity: &Entity, fields: HeaderFields, rows: &[Vec<Raw>]) -> Vec<u8> {
    let attributes = entity.attribute_ids();
    let mut writer = BatchWriter::for_rows(attributes.clone()).expect("attributes");
    for row in rows {
        let values = row.iter().chain(std::iter::repeat(&None)).take(attributes.len());
        writer.push_copy_row(&tuple(attributes.len(), values)).expect("a tuple");
    }
    writer.finish(fields).expect("a file")
}

/// A file of accounts: (last digit of the id, name).
pub(super) fn accounts(number: u32, rows: &[(u128, &str)]) -> Vec<u8> {
    let rows: Vec<Vec<Raw>> = rows.iter().map(|(digit, name)| vec![key(*digit), text(name)]).collect();
    rows_of(&metadata().entities[0], number, &rows)
}

/// A file of deletes of accounts.
pub(super) fn deletes(number: u32, digits: &[u128]) -> Vec<u8> {
    let entity = &metadata().entities[0];
    let mut writer = BatchWriter::for_deletes(entity.key().id);
    for digit in digits {
        writer.push_id(Uuid::from_u128(*digit)).expect("an id");
    }
    writer.finish(fields(entity, number)).expect("a file")
}

pub(super) fn tuple<'a>(columns: usize, values: impl Iterator<Item = &'a Raw>) -> Vec<u8> {
    let mut tuple = (columns as i16).to_be_bytes().to_vec();
    for value in values {
        match value {
            None => tuple.extend((-1_i32).to_be_bytes()),
            Some(bytes) => {
                tuple.extend((bytes.len() as i32).to_be_bytes());
                tuple.extend(bytes);
            }
        }
    }
    tuple
}

/// Opens a batch file and loads it.
pub(super) fn load(store: &mut Store, file: &[u8]) -> Result<Loaded, StoreError> {
    let arrival = store.fitting()?.open(file)?;
    store.load(&arrival)
}

impl Sample {
    /// A device on which [`SESSION`] has begun.
    pub(super) fn in_session() -> Self {
        let mut sample = Self::new();
        sample.store.begin_session(SESSION, 1, &[]).expect("a session");
        sample
    }

    /// Opens a batch file and loads it.
    pub(super) fn load(&mut self, file: &[u8]) -> Result<Loaded, StoreError> {
        load(&mut self.store, file)
    }

    /// The accounts: last digit of the id, and name.
    pub(super) fn accounts(&self) -> Vec<String> {
        let mut rows = Vec::new();
        let visit = |id: &str, values: &[crate::store::ValueRef<'_>]| {
            let crate::store::ValueRef::Text(name) = values[1] else { panic!("no name: {values:?}") };
            rows.push(format!("{} {name}", &id[id.len() - 1..]));
        };
        self.store.for_each_row("account", visit).expect("rows");
        rows
    }
}
