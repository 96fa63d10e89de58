//! A batch file that has come: whole, and made for this device's tables. It is checked without the database, so that one
//! thread can check a file while another writes the one before.

use std::sync::Arc;

use sojourn_metadata::Entity;
use sojourn_wire::batch::{Batch, DecodeLimits, Header, Kind};

use super::batch_table::Delivery;
use super::{Adopted, Store, StoreError};

/// What the device's tables take.
#[derive(Debug, Clone)]
pub struct Fitting(Adopted);

/// A batch whose every byte was checked, and whose columns are those of its entity's table.
#[derive(Debug)]
pub struct Arrival {
    pub(super) entity: Entity,
    pub(super) delivery: Arc<Delivery>,
}

/// A batch file of which every value was read as well: nothing in it can stop it from being loaded later.
#[derive(Debug)]
pub struct Proven {
    pub(super) header: Header,
    pub(super) file: Vec<u8>,
}

impl Store {
    /// What the tables take as they are now.
    ///
    /// # Errors
    /// [`StoreError::NoTables`].
    pub fn fitting(&self) -> Result<Fitting, StoreError> {
        Ok(Fitting(self.adopted()?.clone()))
    }
}

impl Fitting {
    /// Opens a batch file of the session under way.
    ///
    /// # Errors
    /// [`StoreError::Batch`] for a file that is none, is damaged or cut, [`StoreError::Unfit`] for one that was not made
    /// for these tables as they are now.
    pub fn open(&self, file: &[u8]) -> Result<Arrival, StoreError> {
        let arrival = self.open_spooled(file)?;
        let Header { batch_number: batch, metadata_version: made_for, .. } = *arrival.header();
        let device = self.0.version;
        match made_for == device {
            true => Ok(arrival),
            false => Err(unfit(batch, format!("it has metadata version {made_for}, the tables {device}"))),
        }
    }

    /// Opens a file, checks it to its last value, and keeps it for the spool.
    ///
    /// # Errors
    /// As [`Self::open`]; [`StoreError::Unfit`] also names a value that cannot be read.
    pub fn prove(&self, file: Vec<u8>) -> Result<Proven, StoreError> {
        let arrival = self.open(&file)?;
        let header = arrival.header().clone();
        arrival.delivery.read_all();
        match arrival.wrong() {
            None => Ok(Proven { header, file }),
            Some(problem) => Err(problem),
        }
    }

    /// Opens a file that was proven when it came: the tables had the same structure then, but perhaps another metadata
    /// version.
    pub(super) fn open_spooled(&self, file: &[u8]) -> Result<Arrival, StoreError> {
        let batch = Batch::decode(file, DecodeLimits::default())?;
        let header = batch.header();
        let entity = self.entity_of(header).map_err(|problem| unfit(header.batch_number, problem))?.clone();
        let delivery = Arc::new(Delivery::new(batch, &entity));
        Ok(Arrival { entity, delivery })
    }

    /// The entity that the batch is of, if its columns are the entity's attributes.
    fn entity_of(&self, header: &Header) -> Result<&Entity, String> {
        let code = header.object_type_code;
        let entity = self.0.metadata.entity_of(code).ok_or_else(|| format!("no entity has object type code {code}"))?;
        let expected = match header.kind {
            Kind::Rows => entity.attribute_ids(),
            Kind::Deletes => vec![entity.key().id],
        };
        match header.attributes == expected {
            true => Ok(entity),
            false => Err(format!("its attributes are {:?}, those of {} {expected:?}", header.attributes, entity.name)),
        }
    }
}

impl Arrival {
    /// What the file says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.delivery.header()
    }

    /// Which value could not be read, if one was met.
    pub(super) fn wrong(&self) -> Option<StoreError> {
        self.delivery.wrong().map(|problem| unfit(self.header().batch_number, problem.to_owned()))
    }
}

fn unfit(batch: u32, problem: String) -> StoreError {
    StoreError::Unfit { batch, problem }
}
