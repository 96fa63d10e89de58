//! The link to the server: requests go out through streams, answers are read from streams.
//!
//! Live messages are hints that an answer is there; the answer itself is always read from its stream by subject, so
//! that one that was missed, or came while the device was away, is found all the same.

mod error;
mod look;
mod pace;
mod replay;

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use sojourn_runtime::backoff::Backoff;
use sojourn_runtime::nats::{self, NatsError};
use sojourn_runtime::rpc::{AskError, ask};
use sojourn_runtime::{Client, clock};
use sojourn_wire::message::ack::{Ack, AckResult};
use sojourn_wire::message::batch::BatchManifest;
use sojourn_wire::message::filters::{FiltersRequest, FiltersResult};
use sojourn_wire::message::prepare::{PrepareRequest, PrepareResult};
use sojourn_wire::message::rpc::READY;
use sojourn_wire::message::schema::SchemaVersion;
use sojourn_wire::message::token::{TOKEN, TokenAnswer, TokenRequest};
use sojourn_wire::message::verify::{VerifyRequest, VerifyResult};
use sojourn_wire::message::{Message, decode, encode};
use sojourn_wire::{AgentId, Dataset, Service, Subject, SubscriptionId, subject};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::home::Credentials;

pub use error::LinkError;
pub use look::Fetched;
pub use pace::Pace;

/// How long the server may take to answer the first time.
const CONNECT: Duration = Duration::from_secs(10);
/// How long one process may take to answer; then another is asked.
const ANSWER: Duration = Duration::from_secs(3);
/// How long a confirmation may take.
const CONFIRM: Duration = Duration::from_secs(10);
/// The first and the longest wait between two tries to send.
const SEND: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));

/// The link of one device.
#[derive(Debug, Clone)]
pub struct Link {
    client: Client,
    agent: AgentId,
    subscription: SubscriptionId,
    patience: Duration,
    hints: watch::Receiver<u64>,
}

impl Link {
    /// Connects, and asks one question: a connection alone does not say that anybody is there. `patience` is how long
    /// the server may be silent later before the work is given up.
    ///
    /// # Errors
    /// [`LinkError::Nats`] and [`LinkError::NotReady`] name the server and the next step.
    pub async fn connect(credentials: &Credentials, patience: Duration) -> Result<Self, LinkError> {
        let seed = credentials.nats_seed.parse().map_err(|error: sojourn_runtime::secret::SeedError| {
            NatsError::Url { url: credentials.nats_url.clone(), problem: error.to_string() }
        })?;
        let identity = nats::Identity::of_agent(&credentials.agent);
        let client = nats::connect(&credentials.nats_url, &seed, &identity, CONNECT.min(patience)).await?;
        let question =
            Subject::Rpc { service: Service::Prepare, verb: READY.to_owned(), agent: credentials.agent.clone() };
        let ready = answer_of_anybody(&client, &question, Bytes::new(), CONNECT.min(patience)).await;
        ready.map_err(|source| LinkError::NotReady { url: credentials.nats_url.clone(), source })?;
        let hints = listen(&client, &credentials.agent);
        let (agent, subscription) = (credentials.agent.clone(), credentials.subscription.clone());
        Ok(Self { client, agent, subscription, patience, hints })
    }

    /// Asks for a PrepareSync and awaits its answer. It may run for long: the request is durable.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when the server does not answer.
    pub async fn prepare(&self, request: &PrepareRequest) -> Result<PrepareResult, LinkError> {
        let (agent, subscription) = self.ids();
        self.send(&Subject::PrepareRequest { agent, subscription }, request).await?;
        let (agent, subscription) = self.ids();
        self.answer(&Subject::PrepareResult { agent, subscription, request: request.request }, "answer to the prepare")
            .await
    }

    /// Asks for digests of what the device should hold.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when the server does not answer.
    pub async fn verify(&self, request: &VerifyRequest) -> Result<VerifyResult, LinkError> {
        let (agent, subscription) = self.ids();
        self.send(&Subject::VerifyRequest { agent, subscription }, request).await?;
        let (agent, subscription) = self.ids();
        let answer = Subject::VerifyResult { agent, subscription, request: request.request };
        self.answer(&answer, "answer to the verification").await
    }

    /// Asks about local data groups, or for a change of them.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when the server does not answer.
    pub async fn filters(&self, request: &FiltersRequest) -> Result<FiltersResult, LinkError> {
        let (agent, subscription) = self.ids();
        self.send(&Subject::FiltersRequest { agent, subscription }, request).await?;
        let (agent, subscription) = self.ids();
        let answer = Subject::FiltersResult { agent, subscription, request: request.request };
        self.answer(&answer, "answer about the local data groups").await
    }

    /// Asks for a token to fetch batches with over HTTP.
    ///
    /// # Errors
    /// [`LinkError::Ask`] when nobody answers.
    pub async fn token(&self) -> Result<TokenAnswer, LinkError> {
        let (agent, subscription) = self.ids();
        let question = Subject::Rpc { service: Service::Export, verb: TOKEN.to_owned(), agent };
        let request = Bytes::from(encode(&TokenRequest { subscription }));
        let answer = answer_of_anybody(&self.client, &question, request, CONNECT.min(self.patience)).await?;
        Ok(decode(&answer)?)
    }

    /// A metadata version's document.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when it cannot be read.
    pub async fn schema(&self, dataset: &Dataset, version: u32) -> Result<SchemaVersion, LinkError> {
        self.answer(&Subject::Schema { dataset: dataset.clone(), version }, "metadata").await
    }

    /// What export says of a batch.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when it says nothing.
    pub async fn manifest(&self, session: Uuid, batch: u32) -> Result<BatchManifest, LinkError> {
        let (agent, subscription) = self.ids();
        self.answer(&Subject::BatchResult { agent, subscription, session, batch }, "batch").await
    }

    /// Prepare's word that a session is settled.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when it does not come.
    pub async fn settled(&self, session: Uuid) -> Result<AckResult, LinkError> {
        let (agent, subscription) = self.ids();
        self.answer(&Subject::AckResult { agent, subscription, session }, "end of the session").await
    }

    /// Sends an acknowledgement until it is stored.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when the server does not take it.
    pub async fn acknowledge(&self, ack: &Ack) -> Result<(), LinkError> {
        let (agent, subscription) = self.ids();
        self.send(&Subject::Ack { agent, subscription }, ack).await
    }

    fn ids(&self) -> (AgentId, SubscriptionId) {
        (self.agent.clone(), self.subscription.clone())
    }

    async fn answer<M: Message>(&self, subject: &Subject, what: &'static str) -> Result<M, LinkError> {
        self.answer_within(subject, what, self.patience).await
    }

    async fn answer_within<M: Message>(
        &self,
        subject: &Subject,
        what: &'static str,
        patience: Duration,
    ) -> Result<M, LinkError> {
        Ok(decode(&self.read(subject, what, patience).await?)?)
    }

    /// Publishes until it is stored. Every message of an agent may be stored twice.
    async fn send<M: Message>(&self, subject: &Subject, message: &M) -> Result<(), LinkError> {
        let payload = Bytes::from(encode(message));
        let give_up = Instant::now() + self.patience;
        let mut tries = 0;
        loop {
            let error = match nats::publish_stored(&self.client, subject, None, payload.clone(), CONFIRM).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_transient() => error,
                Err(error) => return Err(LinkError::Publish(error)),
            };
            if Instant::now() >= give_up {
                let last = Some(error.to_string());
                return Err(LinkError::Silent { what: "confirmation", patience: self.patience, last });
            }
            tries += 1;
            tokio::time::sleep(SEND.delay(tries, clock::jitter())).await;
        }
    }
}

/// Asks until somebody answers: of several processes that could, one may be frozen.
async fn answer_of_anybody(
    client: &Client,
    question: &Subject,
    payload: Bytes,
    patience: Duration,
) -> Result<Bytes, AskError> {
    let give_up = Instant::now() + patience;
    loop {
        match ask(client, question, payload.clone(), ANSWER).await {
            Err(AskError::Deadline { .. }) if Instant::now() < give_up => {}
            answer => return answer,
        }
    }
}

/// Counts live answers. Their content is not looked at: it could be forged, the stream's cannot.
fn listen(client: &Client, agent: &AgentId) -> watch::Receiver<u64> {
    let (hint, hints) = watch::channel(0);
    let (client, subject) = (client.clone(), subject::results_of(agent));
    tokio::spawn(async move {
        let Ok(mut answers) = client.subscribe(subject).await else { return };
        loop {
            tokio::select! {
                () = hint.closed() => return,
                answer = answers.next() => match answer {
                    Some(_) => hint.send_modify(|count| *count += 1),
                    None => return,
                },
            }
        }
    });
    hints
}
