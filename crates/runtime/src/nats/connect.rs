//! Connecting: who we are, how long to try, and how to come back after a break.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, ServerAddr};
use sojourn_wire::subject::{ADMINISTRATOR_INBOX_PREFIX, agent_inbox_prefix};
use sojourn_wire::{AgentId, Service};
use tokio::time::Instant;

use super::events;
use crate::backoff::Backoff;
use crate::clock;
use crate::deadline::deadline;
use crate::secret::NkeySeed;

/// A silent connection is asked this often whether it is still there; two missed answers end it.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Waits between attempts: short at first, so that a restarted server is found again at once, then out of step.
const RECONNECT: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(60));
/// Waits between attempts of the first connect, which somebody is waiting for.
const FIRST_CONNECT: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
/// Commands the client takes before it makes callers wait. Parts of batches are 256 KB, so this is at most 16 MB.
const CLIENT_CAPACITY: usize = 64;

/// How a process presents itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The connection's name in NATS' own lists.
    pub name: String,
    /// The prefix of its reply subjects; its permissions cover no other.
    pub inbox_prefix: String,
}

impl Identity {
    /// A service.
    #[must_use]
    pub fn of_service(service: Service) -> Self {
        Self { name: format!("sojourn-{}", service.name()), inbox_prefix: service.inbox_prefix() }
    }

    /// An agent.
    #[must_use]
    pub fn of_agent(agent: &AgentId) -> Self {
        Self { name: format!("sojourn-agent {agent}"), inbox_prefix: agent_inbox_prefix(agent) }
    }

    /// The administrator, who makes streams and consumers.
    #[must_use]
    pub fn of_administrator() -> Self {
        Self { name: "sojourn-administrator".to_owned(), inbox_prefix: ADMINISTRATOR_INBOX_PREFIX.to_owned() }
    }
}

/// No connection to NATS.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// The URL is none.
    #[error("{url:?} is no address of NATS ({problem}): expected nats://HOST:PORT")]
    Url {
        /// The URL as it came, without user and password.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The server is there and refuses this identity.
    #[error(
        "{name} is not authorised at {url}: the server does not know the nkey {nkey}; check the seed, and that the \
         server's configuration lists this nkey"
    )]
    NotAuthorised {
        /// Who asked.
        name: String,
        /// The server.
        url: String,
        /// The public key that was shown.
        nkey: String,
    },
    /// The server did not answer in time.
    #[error("no NATS at {url} within {patience:?} ({problem}): is the server running and the address right?")]
    Unreachable {
        /// The server.
        url: String,
        /// How long it was tried.
        patience: Duration,
        /// What the last attempt met.
        problem: String,
    },
}

/// Connects, trying again for `patience` while the server cannot be reached.
///
/// Afterwards the client comes back by itself after every break, with waits that grow to a minute.
/// `url` may name several servers of one cluster, separated by commas. A server that asks somebody else who may connect
/// can say no after this returned: an agent asks one question ([`crate::rpc::ask`]) before it shows itself online.
///
/// # Errors
/// [`NatsError::NotAuthorised`] at once when the server refuses the seed, [`NatsError::Unreachable`] after `patience`,
/// [`NatsError::Url`] when `url` is no address.
pub async fn connect(url: &str, seed: &NkeySeed, identity: &Identity, patience: Duration) -> Result<Client, NatsError> {
    let servers = servers(url)?;
    let give_up = Instant::now() + patience;
    let mut failures = 0;
    loop {
        let attempt = options(seed, identity).connect(servers.clone());
        let problem = match deadline(2 * ATTEMPT, "connecting to NATS", attempt).await {
            Ok(Ok(client)) => return Ok(client),
            Ok(Err(error)) if is_refusal(error.kind()) => {
                let nkey = seed.public_key();
                return Err(NatsError::NotAuthorised { name: identity.name.clone(), url: bare(url), nkey });
            }
            Ok(Err(error)) => error.to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        failures += 1;
        let wait = FIRST_CONNECT.delay(failures, clock::jitter());
        if Instant::now() + wait >= give_up {
            return Err(NatsError::Unreachable { url: bare(url), patience, problem });
        }
        tokio::time::sleep(wait).await;
    }
}

fn is_refusal(kind: ConnectErrorKind) -> bool {
    matches!(kind, ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication)
}

fn options(seed: &NkeySeed, identity: &Identity) -> ConnectOptions {
    let name = identity.name.clone();
    // The client asks for a wait before its very first attempt too.
    let first = AtomicBool::new(true);
    ConnectOptions::with_nkey(seed.expose().to_owned())
        .name(&identity.name)
        .custom_inbox_prefix(&identity.inbox_prefix)
        .ping_interval(PING_EVERY)
        .connection_timeout(ATTEMPT)
        .client_capacity(CLIENT_CAPACITY)
        .reconnect_delay_callback(move |attempts| match first.swap(false, Ordering::Relaxed) {
            true => Duration::ZERO,
            false => RECONNECT.delay(attempts as u64, clock::jitter()),
        })
        .event_callback(move |event| {
            events::log(&name, &event);
            std::future::ready(())
        })
}

fn servers(url: &str) -> Result<Vec<ServerAddr>, NatsError> {
    url.split(',')
        .map(|one| {
            let parsed = one.trim().parse();
            parsed.map_err(|error: std::io::Error| NatsError::Url { url: bare(one), problem: error.to_string() })
        })
        .collect()
}

/// The address without user and password.
fn bare(url: &str) -> String {
    let one = |url: &str| match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        _ => url.to_owned(),
    };
    url.split(',').map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(bare("nats://me:hunter2@a:4222,nats://b:4222"), "nats://a:4222,nats://b:4222");
        let error = servers("nats://a:4222,nats://me:hunter2@b:port").expect_err("refused").to_string();
        assert!(error.contains("nats://b:port") && !error.contains("hunter2"), "{error}");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named() {
        let seed = nkeys::KeyPair::new_user().seed().expect("a fresh pair has a seed").parse().expect("a seed");
        let identity = Identity::of_service(Service::Prepare);
        let patience = Duration::from_millis(200);
        let error = connect("nats://127.0.0.1:1", &seed, &identity, patience).await.expect_err("nobody is there");
        assert!(matches!(error, NatsError::Unreachable { .. }), "{error}");
        assert!(error.to_string().starts_with("no NATS at nats://127.0.0.1:1 within 200ms"), "{error}");
    }
}
