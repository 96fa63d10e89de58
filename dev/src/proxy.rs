//! A TCP proxy on the loopback address that can be cut, slowed down, made unsteady and healed: the bad network of tests
//! and benchmarks.

mod carry;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::{Rng, RngExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// No limit.
const UNLIMITED: u64 = u64::MAX;

/// A link between a client and a server. Clones are the same link; dropping the last one ends it.
#[derive(Debug, Clone)]
pub struct Proxy {
    state: Arc<State>,
    address: SocketAddr,
    _accepting: Arc<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
struct State {
    server: SocketAddr,
    /// Whether bytes pass. Connections end when it becomes false.
    whole: watch::Sender<bool>,
    /// Bytes that may still pass, both ways together, before the link is cut.
    left: AtomicU64,
    /// Bytes a second for each direction of each connection.
    pace: AtomicU64,
    /// Nanoseconds from one end to the other.
    latency: AtomicU64,
    luck: Mutex<Option<Luck>>,
    passed: AtomicU64,
}

/// With what chance a connection breaks at each piece that passes.
struct Luck {
    chance: f64,
    rng: Box<dyn Rng + Send>,
}

impl fmt::Debug for Luck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Luck({})", self.chance)
    }
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 and leads to `server`.
    ///
    /// # Errors
    /// That no port can be listened on.
    pub async fn start(server: SocketAddr) -> io::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            server,
            whole: watch::Sender::new(true),
            left: AtomicU64::new(UNLIMITED),
            pace: AtomicU64::new(UNLIMITED),
            latency: AtomicU64::new(0),
            luck: Mutex::new(None),
            passed: AtomicU64::new(0),
        });
        let accepting = AbortOnDropHandle::new(tokio::spawn(carry::accept(listener, Arc::clone(&state))));
        Ok(Proxy { state, address, _accepting: Arc::new(accepting) })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection, and every new one at once, until [`Proxy::heal`].
    pub fn cut(&self) {
        self.state.cut();
    }

    /// Cuts the link when so many more bytes have passed, both ways together.
    pub fn cut_after(&self, bytes: u64) {
        self.state.left.store(bytes, Ordering::SeqCst);
    }

    /// Lets connections through again, at once and without limits.
    pub fn heal(&self) {
        self.state.left.store(UNLIMITED, Ordering::SeqCst);
        self.state.pace.store(UNLIMITED, Ordering::SeqCst);
        self.delay(Duration::ZERO);
        self.state.set_luck(None);
        self.state.whole.send_replace(true);
    }

    /// Lets at most so many bytes a second pass in each direction of each connection.
    pub fn throttle(&self, bytes_per_second: u64) {
        self.state.pace.store(bytes_per_second.max(1), Ordering::SeqCst);
    }

    /// Lets everything arrive so much later, either way: half of a round trip.
    pub fn delay(&self, one_way: Duration) {
        let nanos = u64::try_from(one_way.as_nanos()).unwrap_or(u64::MAX);
        self.state.latency.store(nanos, Ordering::SeqCst);
    }

    /// Breaks a connection with this chance (from 0 to 1) at each piece of at most 8 KB that passes. The others stay,
    /// and new ones are let through.
    pub fn unsteady(&self, chance: f64, rng: impl Rng + Send + 'static) {
        self.state.set_luck(Some(Luck { chance: chance.clamp(0.0, 1.0), rng: Box::new(rng) }));
    }

    /// Whether the link has been cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        !*self.state.whole.borrow()
    }

    /// Returns when the link has been cut.
    pub async fn until_cut(&self) {
        // The sender lives as long as this.
        let _ = self.state.whole.subscribe().wait_for(|whole| !whole).await;
    }

    /// Bytes that have passed so far, both ways together.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.state.passed.load(Ordering::SeqCst)
    }
}

impl State {
    fn cut(&self) {
        self.whole.send_replace(false);
    }

    fn set_luck(&self, luck: Option<Luck>) {
        *self.luck.lock().unwrap_or_else(PoisonError::into_inner) = luck;
    }

    /// Whether a connection breaks now.
    fn breaks(&self) -> bool {
        let mut luck = self.luck.lock().unwrap_or_else(PoisonError::into_inner);
        luck.as_mut().is_some_and(|luck| luck.rng.random_bool(luck.chance))
    }

    /// How many of `wanted` bytes may pass; cuts the link when the last one has.
    fn take(&self, wanted: usize) -> usize {
        let wanted = wanted as u64;
        let spend = |left: u64| (left != UNLIMITED).then(|| left.saturating_sub(wanted));
        let granted = match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
            Ok(left) => wanted.min(left),
            Err(_) => wanted,
        };
        self.passed.fetch_add(granted, Ordering::SeqCst);
        granted as usize
    }

    fn is_spent(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }

    fn pause_after(&self, bytes: usize) -> Duration {
        match self.pace.load(Ordering::SeqCst) {
            UNLIMITED => Duration::ZERO,
            pace => Duration::from_secs_f64(bytes as f64 / pace as f64),
        }
    }

    fn latency(&self) -> Duration {
        Duration::from_nanos(self.latency.load(Ordering::SeqCst))
    }
}
