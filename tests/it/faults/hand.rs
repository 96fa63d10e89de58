//! A device driven by hand: the agent's own link and store, one step at a time.

use sojourn_agent::home::Credentials;
use sojourn_agent::link::Link;
use sojourn_agent::store::{Loaded, Store, StoreError};
use sojourn_metadata::Metadata;
use sojourn_runtime::clock;
use sojourn_wire::batch::Parts;
use sojourn_wire::message::batch::BatchOutcome;
use sojourn_wire::message::prepare::{PrepareOutcome, PrepareRequest};
use uuid::Uuid;

use super::running::LONG;
use crate::support::Device;

/// A session that nobody but the test moves on.
pub struct Hand {
    pub link: Link,
    pub store: Store,
    pub session: Uuid,
}

/// What lets a device in.
pub fn credentials(device: &Device) -> Credentials {
    let text = std::fs::read_to_string(&device.credentials).expect("the credentials");
    serde_json::from_str(&text).expect("credentials")
}

impl Hand {
    /// Sets the device up, asks for a PrepareSync, and takes its metadata.
    pub async fn begin(device: &Device) -> Self {
        device.init().await;
        let mut store = Store::open(&device.database()).expect("the database opens");
        let link = Link::connect(&credentials(device), LONG).await.expect("a connection");
        let request = PrepareRequest {
            request: clock::fresh_id(),
            metadata_version: None,
            refresh: Vec::new(),
            holds: None,
            batching: None,
        };
        let prepared = link.prepare(&request).await.expect("an answer");
        let PrepareOutcome::Prepared { session, dataset, metadata_version, entities, prepare_seq, .. } =
            prepared.outcome
        else {
            panic!("{:?}", prepared.outcome);
        };
        let published = link.schema(&dataset, metadata_version).await.expect("the metadata");
        let metadata: Metadata = serde_json::from_value(published.document).expect("metadata");
        store.adopt_metadata(metadata_version, &metadata).expect("tables are made");
        store.begin_session(session, prepare_seq, &entities).expect("the session begins");
        Self { link, store, session }
    }

    /// What export says of a batch that has rows.
    pub async fn ready(&self, batch: u32) -> Parts {
        let manifest = self.link.manifest(self.session, batch).await.expect("a manifest");
        match manifest.outcome {
            BatchOutcome::Ready { bytes, parts, .. } => Parts { count: parts, bytes },
            other => panic!("{other:?}"),
        }
    }

    /// A batch's file.
    pub async fn file(&self, batch: u32) -> Vec<u8> {
        let expected = self.ready(batch).await;
        self.link.file(self.session, batch, expected, 1, |_| ()).await.expect("the file").file
    }

    /// Loads a batch's file, as it is in the store now.
    pub async fn load(&mut self, batch: u32) -> Result<Loaded, StoreError> {
        let file = self.file(batch).await;
        let arrival = self.store.fitting()?.open(&file)?;
        self.store.load(&arrival)
    }
}
