//! Short questions over core NATS: asking one, and answering the questions to a service.
//!
//! Questions are for what takes less than two seconds and may be asked again; work goes through a queue. An answer
//! never echoes its question: the reply subject was chosen by the asker.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, HeaderMap, Message, Request, RequestErrorKind};
use bytes::Bytes;
use futures_util::StreamExt as _;
use sojourn_wire::{AgentId, Service, Subject, subject};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::deadline::{Elapsed, deadline};
use crate::nats::{Unanswered, answered, is_connected};

/// A service takes at most this long for an answer.
const ANSWER: Duration = Duration::from_secs(2);
/// Questions answered at once; more wait.
const AT_ONCE: usize = 64;
/// The headers of NATS' service API that say "this is an error".
const ERROR: &str = "Nats-Service-Error";
const ERROR_CODE: &str = "Nats-Service-Error-Code";

/// A question to a service.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who asks; NATS has checked it.
    pub agent: AgentId,
    /// The question's message.
    pub payload: Bytes,
}

/// An answer that is none, in the words of HTTP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {reason}")]
pub struct Refusal {
    /// 400 not understood, 404 no such question, 500 failed, 503 not ready.
    pub code: u16,
    /// Why; fixed words, nothing of the question.
    pub reason: String,
}

impl Refusal {
    /// A refusal in fixed words.
    #[must_use]
    pub fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: reason.to_owned() }
    }
}

/// The answer to a question: an encoded message, or why there is none.
pub type Answer = Result<Vec<u8>, Refusal>;

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;
type Verb = Arc<dyn Fn(Question) -> Answering + Send + Sync>;

/// The questions that a service answers, by verb.
pub struct Questions {
    service: Service,
    verbs: BTreeMap<&'static str, Verb>,
}

/// The service cannot hear questions.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// NATS did not take the subscription in time.
    #[error("cannot listen for questions: {0}")]
    Late(#[from] Elapsed),
    /// NATS refused it.
    #[error("cannot listen for questions: {0}")]
    Subscribe(#[from] async_nats::SubscribeError),
}

impl Questions {
    /// No questions yet.
    #[must_use]
    pub fn to(service: Service) -> Self {
        Self { service, verbs: BTreeMap::new() }
    }

    /// Adds a verb and what answers it.
    #[must_use]
    pub fn verb<F, Fut>(mut self, verb: &'static str, answer: F) -> Self
    where
        F: Fn(Question) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + Send + 'static,
    {
        self.verbs.insert(verb, Arc::new(move |question| Box::pin(answer(question))));
        self
    }

    /// The service whose questions these are.
    #[must_use]
    pub fn service(&self) -> Service {
        self.service
    }

    /// Answers until `shutdown`, sharing the questions with the service's other replicas.
    ///
    /// # Errors
    /// [`RpcError`] when NATS does not take the subscription.
    pub async fn serve(self, client: Client, shutdown: CancellationToken) -> Result<(), RpcError> {
        let group = self.service.name().to_owned();
        let subscribe = client.queue_subscribe(subject::questions_to(self.service), group);
        let mut questions = deadline(ANSWER, "the subscription", subscribe).await??;
        let questions_answered = Arc::new(Semaphore::new(AT_ONCE));
        let verbs = Arc::new(self.verbs);
        loop {
            let message = tokio::select! {
                () = shutdown.cancelled() => break,
                message = questions.next() => message,
            };
            let Some(message) = message else { break };
            let Ok(permit) = Arc::clone(&questions_answered).acquire_owned().await else { break };
            let (client, verbs) = (client.clone(), Arc::clone(&verbs));
            tokio::spawn(async move {
                reply(&client, &verbs, message).await;
                drop(permit);
            });
        }
        Ok(())
    }
}

async fn reply(client: &Client, verbs: &BTreeMap<&'static str, Verb>, message: Message) {
    let Some(to) = message.reply.clone() else { return };
    let sent = match answer(verbs, message).await {
        Ok(body) => deadline(ANSWER, "sending an answer", client.publish(to, body.into())).await,
        Err(refusal) => {
            let mut headers = HeaderMap::new();
            headers.insert(ERROR, refusal.reason.as_str());
            headers.insert(ERROR_CODE, refusal.code.to_string());
            let sending = client.publish_with_headers(to, headers, Bytes::new());
            deadline(ANSWER, "sending an answer", sending).await
        }
    };
    if !matches!(sent, Ok(Ok(()))) {
        tracing::debug!("an answer could not be sent; the asker will ask again");
    }
}

async fn answer(verbs: &BTreeMap<&'static str, Verb>, message: Message) -> Answer {
    let Ok(Subject::Rpc { verb, agent, .. }) = message.subject.parse() else {
        return Err(Refusal::new(400, "not a question"));
    };
    let answering = verbs.get(verb.as_str()).ok_or_else(|| Refusal::new(404, "no such question"))?;
    let question = Question { agent, payload: message.payload };
    deadline(ANSWER, "the answer", answering(question))
        .await
        .unwrap_or_else(|_| Err(Refusal::new(500, "took too long")))
}

/// A question that got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// There is no connection, or it broke before the answer came.
    #[error("cannot ask {subject}: no connection to NATS")]
    NotConnected {
        /// The question.
        subject: Subject,
    },
    /// Nobody listens: the service is not running.
    #[error("nobody answers {subject}: the service is not running")]
    Nobody {
        /// The question.
        subject: Subject,
    },
    /// No answer came in time.
    #[error("no answer to {subject} within {within:?}")]
    Deadline {
        /// The question.
        subject: Subject,
        /// How long it was awaited.
        within: Duration,
    },
    /// The service answered with an error.
    #[error("{subject} was refused: {refusal}")]
    Refused {
        /// The question.
        subject: Subject,
        /// The answer.
        refusal: Refusal,
    },
}

/// Asks a service and awaits its answer, at most for `within`.
///
/// # Errors
/// [`AskError`] tells why there is no answer.
pub async fn ask(client: &Client, subject: &Subject, payload: Bytes, within: Duration) -> Result<Bytes, AskError> {
    let at = || subject.clone();
    if !is_connected(client) {
        return Err(AskError::NotConnected { subject: at() });
    }
    let request = Request::new().payload(payload).timeout(None);
    match answered(client, within, client.send_request(subject.to_string(), request)).await {
        Err(Unanswered::Broken) => Err(AskError::NotConnected { subject: at() }),
        Err(Unanswered::Late) => Err(AskError::Deadline { subject: at(), within }),
        Ok(Ok(message)) => match refusal(&message) {
            Some(refusal) => Err(AskError::Refused { subject: at(), refusal }),
            None => Ok(message.payload),
        },
        Ok(Err(error)) => Err(match error.kind() {
            RequestErrorKind::NoResponders => AskError::Nobody { subject: at() },
            _ => AskError::Refused { subject: at(), refusal: Refusal { code: 500, reason: error.to_string() } },
        }),
    }
}

fn refusal(message: &Message) -> Option<Refusal> {
    let headers = message.headers.as_ref()?;
    let code = headers.get(ERROR_CODE)?.as_str().parse().unwrap_or(500);
    let reason = headers.get(ERROR).map(|words| words.as_str().to_owned()).unwrap_or_default();
    Some(Refusal { code, reason })
}
