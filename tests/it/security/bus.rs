//! A connection that hears what the server denies it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use async_nats::{ConnectOptions, Event, ServerError};
use bytes::Bytes;
use serde_json::Value;
use sojourn_runtime::{Client, deadline};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The client keeps at most 128 events that nobody has taken yet.
const AT_ONCE: usize = 40;
/// Denied to everybody: when the server has said so, it has said everything before.
const LAST: &str = "nobody.may";
const WITHIN: Duration = Duration::from_secs(20);

/// Something one may try on the bus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Try {
    Publish(String),
    Subscribe(String),
}

impl Try {
    /// The same thing with each of these subjects.
    pub fn each<T: ToString>(make: fn(String) -> Try, subjects: impl IntoIterator<Item = T>) -> BTreeSet<Try> {
        subjects.into_iter().map(|subject| make(subject.to_string())).collect()
    }

    /// Publishing and subscribing to each of these.
    pub fn both<T: ToString>(subjects: impl IntoIterator<Item = T>) -> BTreeSet<Try> {
        let both = |subject: T| [Try::Publish(subject.to_string()), Try::Subscribe(subject.to_string())];
        subjects.into_iter().flat_map(both).collect()
    }
}

/// A connection that hears what is denied.
pub struct Probe {
    pub client: Client,
    denials: UnboundedReceiver<Try>,
}

impl Probe {
    /// Connects as who holds the seed.
    pub async fn connect(url: &str, seed: &str, inbox_prefix: &str) -> Probe {
        Probe::with(ConnectOptions::with_nkey(seed.to_owned()).custom_inbox_prefix(inbox_prefix), url).await
    }

    /// Connects with these options.
    pub async fn with(options: ConnectOptions, url: &str) -> Probe {
        let (heard, denials) = unbounded_channel();
        let options = options.event_callback(move |event| {
            if let Some(denied) = denial(&event) {
                let _ = heard.send(denied);
            }
            std::future::ready(())
        });
        Probe { client: options.connect(url).await.expect("the server lets it in"), denials }
    }

    /// Connects as a device, with the file that lets it in.
    pub async fn of_device(credentials: &Path) -> Probe {
        let text = std::fs::read_to_string(credentials).expect("the credentials are there");
        let file: Value = serde_json::from_str(&text).expect("they are JSON");
        let field = |name: &str| file[name].as_str().expect("a text").to_owned();
        let inbox = sojourn_wire::subject::agent_inbox_prefix(&field("agent").parse().expect("an id"));
        Probe::connect(&field("nats_url"), &field("nats_seed"), &inbox).await
    }

    /// Tries everything and answers what was denied.
    pub async fn denied(&mut self, tries: &BTreeSet<Try>) -> BTreeSet<Try> {
        let all: Vec<&Try> = tries.iter().collect();
        let mut denied = BTreeSet::new();
        for some in all.chunks(AT_ONCE) {
            let mut subscriptions = Vec::new();
            for one in some {
                match one {
                    Try::Publish(to) => self.publish(to).await,
                    Try::Subscribe(to) => subscriptions.push(self.client.subscribe(to.clone()).await.expect("sent")),
                }
            }
            self.publish(LAST).await;
            self.client.flush().await.expect("sent");
            denied.extend(self.until_last().await);
        }
        denied
    }

    async fn publish(&self, to: &str) {
        self.client.publish(to.to_owned(), Bytes::new()).await.expect("a subject");
    }

    async fn until_last(&mut self) -> Vec<Try> {
        let last = Try::Publish(LAST.to_owned());
        let mut denied = Vec::new();
        loop {
            let next = deadline(WITHIN, "the server's denial", self.denials.recv()).await.expect("it comes in time");
            match next.expect("the connection lives") {
                one if one == last => return denied,
                one => denied.push(one),
            }
        }
    }
}

/// What a server's word denies, if it denies something.
fn denial(event: &Event) -> Option<Try> {
    let Event::ServerError(ServerError::Other(words)) = event else { return None };
    let subject = |after: &str| words.split_once(after)?.1.split('"').next().map(str::to_owned);
    let publish = subject("Permissions Violation for Publish to \"").map(Try::Publish);
    publish.or_else(|| subject("Permissions Violation for Subscription to \"").map(Try::Subscribe))
}
