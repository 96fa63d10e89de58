//! A Postgres of our own: fresh data in a folder of its own, on a free port of the loopback address, never as
//! root, gone with its handle.

mod crash;
mod data;
mod databases;
mod files;
mod password;
mod settings;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tempfile::TempDir;

use super::error::InstanceError;
use super::process::{Child, Launch, Output};
use super::{deadline, log, port};
use crate::os::{self, Signal, User};
use crate::reaper::Reaper;
use crate::tools::{Tools, reach};
use password::Password;
pub use settings::{Durability, PostgresOptions};

const NAME: &str = "postgres";
const PORT_ATTEMPTS: u32 = 10;
const PORT_PAUSE: Duration = Duration::from_millis(200);
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(30);
/// For `Drop`: an immediate shutdown takes milliseconds; Postgres itself kills a stuck child after 5 s.
const DROP: Duration = Duration::from_secs(6);

/// A running Postgres (or one that was killed or stopped and can be restarted), for tests and demonstrations. Whoever
/// connects needs a password that was made for it. Dropping it ends it, and removes its data if they are not kept.
#[derive(Debug)]
pub struct Postgres {
    tools: Tools,
    reaper: Reaper,
    folder: TempDir,
    data: PathBuf,
    _lock: Option<File>,
    password: Password,
    user: Option<User>,
    port: u16,
    process: Option<Child>,
}

/// What became of one attempt to start.
enum Attempt {
    Ready,
    PortTaken,
}

impl Postgres {
    /// Makes a data folder and starts on it; ready for connections when it returns.
    pub async fn start(tools: &Tools, reaper: &Reaper, options: PostgresOptions) -> Result<Postgres, InstanceError> {
        let user = files::user_to_run_as()?;
        let folder = reaper.folder(NAME)?;
        files::give(folder.path(), user.as_ref())?;
        let (data, lock) = data_folder(&options, folder.path(), user.as_ref())?;
        data::prepare(tools, reaper, user.as_ref(), &data).await?;
        let (tools, reaper, password) = (tools.clone(), reaper.clone(), Password::of(&data)?);
        let mut postgres =
            Postgres { tools, reaper, folder, data, _lock: lock, password, user, port: 0, process: None };
        for _ in 0..PORT_ATTEMPTS {
            postgres.port = port::free().ok_or_else(no_port)?;
            postgres.configure(&options)?;
            if let Attempt::Ready = postgres.attempt().await? {
                return Ok(postgres);
            }
        }
        Err(no_port())
    }

    /// The URL of the database `postgres` for the superuser `postgres`, with its password.
    pub fn admin_url(&self) -> String {
        self.url_for("postgres")
    }

    /// The URL of a database for the superuser, with its password. The name must not need escaping in a URL.
    pub fn url_for(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.password.expose(), self.port)
    }

    /// A password for another login of this instance, the same whenever it is asked for: roles belong to the whole
    /// instance, so everybody who sets one must set the same.
    pub fn password_for(&self, role: &str) -> String {
        blake3::derive_key(role, self.password.expose().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its port on 127.0.0.1, the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the postmaster, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::pid)
    }

    /// How the postmaster ended, if it has without being asked to.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        self.process.as_mut().and_then(Child::try_wait)
    }

    /// Its log file.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }

    /// Kills the postmaster and all its children with SIGKILL: a power cut, as far as Postgres can tell.
    pub async fn kill(&mut self) {
        if let Some(postmaster) = self.process.take() {
            crash::kill_with_children(postmaster).await;
        }
    }

    /// Shuts down as an administrator would: sessions are cut, what was committed is written.
    pub async fn stop(&mut self) {
        if let Some(mut postmaster) = self.process.take() {
            postmaster.signal(Signal::Int);
            if postmaster.wait(STOP).await.is_err() {
                crash::kill_with_children(postmaster).await;
            }
        }
    }

    /// Starts again on the same port and data, after stopping if it runs. After [`Postgres::kill`] it recovers.
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

    fn configure(&self, options: &PostgresOptions) -> Result<(), InstanceError> {
        let text = settings::render(options, self.port, self.folder.path());
        files::write(&self.data.join(settings::FILE), &text, self.user.as_ref())
    }

    async fn attempt(&mut self) -> Result<Attempt, InstanceError> {
        let log_before = log::length(&self.log());
        let mut postmaster = self.launch().spawn(&self.reaper)?;
        let (pid, port, lock_file) = (postmaster.pid(), self.port, self.data.join("postmaster.pid"));
        let ready_or_ended = || match postmaster.try_wait() {
            Some(status) => Some(Err(status)),
            None => files::says_ready(&lock_file, pid, port).then_some(Ok(())),
        };
        match deadline::poll(START, ready_or_ended).await {
            Some(Ok(())) => {
                self.process = Some(postmaster);
                Ok(Attempt::Ready)
            }
            Some(Err(_)) if log::says_port_taken(&log::since(&self.log(), log_before)) => Ok(Attempt::PortTaken),
            Some(Err(status)) => Err(postmaster.ended(status)),
            None => Err(postmaster.too_slow("become ready", START)),
        }
    }

    fn launch(&self) -> Launch {
        let program = self.tools.postgres_bin.join("postgres");
        let launch =
            Launch::new(NAME, program, Output::Log(self.log())).arguments(["-D".as_ref(), self.data.as_path()]);
        let launch = launch.user(self.user.clone()).directory(self.folder.path()).ending(Signal::Quit);
        launch.environment("LC_ALL", "C").environment("TZ", "UTC")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        match self.process.as_mut() {
            Some(postmaster) => postmaster.end_blocking(DROP),
            None => crash::free_shared_memory(&self.data),
        }
    }
}

/// Where the data are, and what keeps others out if they stay. Whoever Postgres runs as must be able to get there.
fn data_folder(
    options: &PostgresOptions,
    folder: &Path,
    user: Option<&User>,
) -> Result<(PathBuf, Option<File>), InstanceError> {
    let Some(kept) = &options.keep_in else { return Ok((folder.join("data"), None)) };
    fs::create_dir_all(kept).map_err(InstanceError::file("make", kept))?;
    let kept = kept.canonicalize().map_err(InstanceError::file("find", kept))?;
    if user.is_some() {
        os::set_mode(&kept, 0o711).map_err(InstanceError::file("set the permissions of", &kept))?;
        if !reach::by_others(&kept) {
            return Err(InstanceError::NoWay { path: kept });
        }
    }
    let path = kept.join("postgres.lock");
    let lock = File::create(&path).map_err(InstanceError::file("open", &path))?;
    match lock.try_lock() {
        Ok(()) => Ok((kept.join("data"), Some(lock))),
        Err(TryLockError::WouldBlock) => Err(InstanceError::Taken { name: NAME.into(), path: kept }),
        Err(TryLockError::Error(source)) => Err(InstanceError::file("lock", path)(source)),
    }
}

fn no_port() -> InstanceError {
    InstanceError::NoPort { name: NAME.into(), attempts: PORT_ATTEMPTS }
}
