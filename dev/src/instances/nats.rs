//! A nats-server of our own: its store in a folder of its own, on a free port of the loopback address, gone with
//! its handle.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::error::InstanceError;
use super::process::{Child, Launch, Output};
use super::{deadline, log, port};
use crate::os::Signal;
use crate::reaper::Reaper;
use crate::tools::Tools;

const NAME: &str = "nats-server";
const PORT_ATTEMPTS: u32 = 10;
const PORT_PAUSE: Duration = Duration::from_millis(200);
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(10);
const RELOAD: Duration = Duration::from_secs(10);
const GREETING: Duration = Duration::from_millis(500);
const RELOADED: &str = "Reloaded server configuration";
const NOT_RELOADED: &str = "Failed to reload server configuration";

/// A running nats-server (or one that was killed or stopped and can be restarted). Dropping it ends it and
/// removes its store.
#[derive(Debug)]
pub struct Nats {
    // First, because fields are dropped in this order: the process ends before its folder goes.
    process: Option<Child>,
    program: PathBuf,
    reaper: Reaper,
    folder: TempDir,
    port: u16,
}

/// What became of one attempt to start.
enum Attempt {
    Ready,
    PortTaken,
}

impl Nats {
    /// Starts with the configuration that `config_text` makes of a port (to listen on at 127.0.0.1) and a folder
    /// (for `store_dir`); called again with another port if somebody was quicker. The configuration must leave
    /// the log on stderr. Ready for connections when it returns.
    pub async fn start(
        tools: &Tools,
        reaper: &Reaper,
        config_text: &(dyn Fn(u16, &Path) -> String + Sync),
    ) -> Result<Nats, InstanceError> {
        Nats::start_on(tools, reaper, None, config_text).await
    }

    /// The same on this port, if it is free; else, or if none is named, on another.
    pub async fn start_on(
        tools: &Tools,
        reaper: &Reaper,
        port: Option<u16>,
        config_text: &(dyn Fn(u16, &Path) -> String + Sync),
    ) -> Result<Nats, InstanceError> {
        let (program, reaper, folder) = (tools.nats_server.clone(), reaper.clone(), reaper.folder(NAME)?);
        let mut nats = Nats { process: None, program, reaper, folder, port: 0 };
        let mut wanted = port;
        for _ in 0..PORT_ATTEMPTS {
            nats.port = wanted.take().or_else(port::free).ok_or_else(no_port)?;
            nats.configure(&config_text(nats.port, &nats.store()))?;
            if let Attempt::Ready = nats.attempt().await? {
                return Ok(nats);
            }
        }
        Err(no_port())
    }

    /// `nats://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1, the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder for its store.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Its log file.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("nats.log")
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::pid)
    }

    /// Its process, while it runs: to freeze and thaw it.
    pub fn process(&mut self) -> Option<&mut Child> {
        self.process.as_mut()
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Shuts it down.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.terminate(STOP).await;
        }
    }

    /// Starts again on the same port, store and configuration, after stopping if it runs.
    pub async fn restart(&mut self) -> Result<(), InstanceError> {
        self.stop().await;
        for _ in 0..PORT_ATTEMPTS {
            if let Attempt::Ready = self.attempt().await? {
                return Ok(());
            }
            tokio::time::sleep(PORT_PAUSE).await;
        }
        Err(InstanceError::PortTaken { name: NAME.into(), port: self.port })
    }

    /// Replaces the configuration of the running server and waits for its word that it holds. One that the
    /// server refuses stays in the file, for the next restart to fail on.
    pub async fn reload(&mut self, config: &str) -> Result<(), InstanceError> {
        self.configure(config)?;
        let path = self.log();
        let process = self.process.as_mut().ok_or(InstanceError::NotRunning { name: NAME.into() })?;
        let log_before = log::length(&path);
        process.signal(Signal::Hup);
        let verdict = deadline::poll(RELOAD, || {
            let text = log::since(&path, log_before);
            let refused = || text.contains(NOT_RELOADED).then(|| Err(text.trim().to_owned()));
            if text.contains(RELOADED) { Some(Ok(())) } else { refused() }
        });
        match verdict.await {
            Some(Ok(())) => Ok(()),
            Some(Err(tail)) => Err(InstanceError::Reload { name: NAME.into(), tail }),
            None => Err(process.too_slow("reload its configuration", RELOAD)),
        }
    }

    fn configure(&self, config: &str) -> Result<(), InstanceError> {
        let path = self.config();
        fs::write(&path, config).map_err(InstanceError::file("write", path))
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("nats.conf")
    }

    async fn attempt(&mut self) -> Result<Attempt, InstanceError> {
        let log_before = log::length(&self.log());
        let mut process = self.launch().spawn(&self.reaper)?;
        // The server writes the file, named after its process, when it listens: it cannot be somebody else's.
        let ports = self.folder.path().join(format!("nats-server_{}.ports", process.pid()));
        let port = self.port;
        let ready_or_ended = || match process.try_wait() {
            Some(status) => Some(Err(status)),
            None => (ports.exists() && greets(port)).then_some(Ok(())),
        };
        match deadline::poll(START, ready_or_ended).await {
            Some(Ok(())) => {
                self.process = Some(process);
                Ok(Attempt::Ready)
            }
            Some(Err(_)) if log::says_port_taken(&log::since(&self.log(), log_before)) => Ok(Attempt::PortTaken),
            Some(Err(status)) => Err(process.ended(status)),
            None => Err(process.too_slow("become ready", START)),
        }
    }

    fn launch(&self) -> Launch {
        let launch = Launch::new(NAME, &self.program, Output::Log(self.log()));
        let launch = launch.arguments(["--config".into(), self.config()]);
        launch.arguments(["--ports_file_dir".as_ref(), self.folder.path()]).directory(self.folder.path())
    }
}

/// Whether the port answers as a nats-server does.
fn greets(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let greeting = TcpStream::connect_timeout(&address, GREETING).and_then(|mut stream| {
        let mut first = [0; 5];
        stream.set_read_timeout(Some(GREETING))?;
        stream.read_exact(&mut first).map(|()| first)
    });
    greeting.is_ok_and(|first| &first == b"INFO ")
}

fn no_port() -> InstanceError {
    InstanceError::NoPort { name: NAME.into(), attempts: PORT_ATTEMPTS }
}
