//! The agent's folder: its database, its credentials, and the lock that keeps a second agent out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sojourn_runtime::secret::NkeySeed;
use sojourn_wire::{AgentId, SubscriptionId};
use uuid::Uuid;

use crate::store::{Device, Store, StoreError};

const DATABASE: &str = "sojourn.db";
const CREDENTIALS: &str = "credentials.json";
const LOCK: &str = "agent.lock";

/// What a device is given to show who it is: one file for each device, made by the administrator.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// The device.
    pub agent: AgentId,
    /// Its offline data set.
    pub subscription: SubscriptionId,
    /// The user.
    pub user_id: Uuid,
    /// NATS: `nats://HOST:PORT`.
    pub nats_url: String,
    /// The device's nkey seed. Secret.
    pub nats_seed: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({} {} {})", self.agent, self.subscription, self.nats_url)
    }
}

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A file in it, or it itself.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another agent works in it.
    #[error("another agent is at work in {}; end it, or give this one a folder of its own with --home", .0.display())]
    Taken(PathBuf),
    /// A file that is no credentials.
    #[error("{} is not a credentials file: {problem}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Credentials that are not those of the device the database was made for.
    #[error(
        "{} is for {found}, but the database beside it was made for {made_for}: put that device's own credentials \
         back, or set this device up in a folder of its own: sojourn-agent --home FOLDER init",
        path.display()
    )]
    OtherDevice {
        /// The credentials file.
        path: PathBuf,
        /// Whose database it is.
        made_for: String,
        /// Whose credentials they are.
        found: String,
    },
    /// Its database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A folder that this process has to itself.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes a new home for a device. Nothing is changed when there is one already, or when the credentials are none.
    ///
    /// # Errors
    /// [`HomeError`] names the file and the next step.
    pub fn init(folder: &Path, credentials: &Path) -> Result<(Self, Credentials), HomeError> {
        let credentials = read_credentials(credentials)?;
        make_folder(folder).map_err(io_error("make the folder", folder))?;
        let home = Self::lock(folder)?;
        let database = home.database();
        if database.exists() {
            return Err(StoreError::Exists { path: database }.into());
        }
        // The database comes last: a home is one when it is there, and an init that was killed can be repeated.
        write_private(&folder.join(CREDENTIALS), &credentials)?;
        Store::create(&database, &device_of(&credentials))?;
        Ok((home, credentials))
    }

    /// Opens the home of a device.
    ///
    /// # Errors
    /// [`HomeError::Taken`] when another agent works in it; [`StoreError::Missing`] when there is none.
    pub fn open(folder: &Path) -> Result<Self, HomeError> {
        let database = folder.join(DATABASE);
        if !database.exists() {
            return Err(StoreError::Missing { path: database }.into());
        }
        Self::lock(folder)
    }

    fn lock(folder: &Path) -> Result<Self, HomeError> {
        let path = folder.join(LOCK);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(io_error("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: file }),
            Err(TryLockError::WouldBlock) => Err(HomeError::Taken(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(HomeError::Io { doing: "lock", path, source }),
        }
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// What the device that the database was made for shows to the server.
    ///
    /// # Errors
    /// [`HomeError`] when the file is missing or broken; [`HomeError::OtherDevice`] when it is another device's.
    pub fn credentials_of(&self, device: &Device) -> Result<Credentials, HomeError> {
        credentials_in(&self.folder, device)
    }
}

/// The database of a home, without the right to work in it: for looking.
#[must_use]
pub fn database_of(folder: &Path) -> PathBuf {
    folder.join(DATABASE)
}

/// What the device of a home shows to the server, without the right to work in it.
///
/// # Errors
/// As [`Home::credentials_of`].
pub fn credentials_in(folder: &Path, device: &Device) -> Result<Credentials, HomeError> {
    let path = folder.join(CREDENTIALS);
    let credentials = read_credentials(&path)?;
    let found = device_of(&credentials);
    if name(&found) == name(device) {
        return Ok(credentials);
    }
    Err(HomeError::OtherDevice { path, made_for: name(device), found: name(&found) })
}

fn read_credentials(path: &Path) -> Result<Credentials, HomeError> {
    let text = std::fs::read_to_string(path).map_err(io_error("read", path))?;
    let wrong = |problem: String| HomeError::Credentials { path: path.to_owned(), problem };
    let credentials: Credentials = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let seed: Result<NkeySeed, _> = credentials.nats_seed.parse();
    seed.map_err(|error| wrong(error.to_string()))?;
    Ok(credentials)
}

fn device_of(credentials: &Credentials) -> Device {
    Device {
        agent: credentials.agent.clone(),
        subscription: credentials.subscription.clone(),
        user_id: credentials.user_id,
        server: credentials.nats_url.clone(),
    }
}

/// Who a device is, whatever address its server has.
fn name(device: &Device) -> String {
    format!("the device {} with the subscription {} of the user {}", device.agent, device.subscription, device.user_id)
}

/// Only the user who runs the agent may look into a folder made here.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Only the user who runs the agent may read it. The file appears whole or not at all.
fn write_private(to: &Path, credentials: &Credentials) -> Result<(), HomeError> {
    let path = &to.with_extension("json.new");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = serde_json::to_vec_pretty(credentials).map_err(io::Error::from).map_err(io_error("write", path))?;
    let mut file = options.open(path).map_err(io_error("open", path))?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(io_error("write", path))?;
    std::fs::rename(path, to).map_err(io_error("write", to))
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HomeError {
    let path = path.to_owned();
    move |source| HomeError::Io { doing, path, source }
}

#[cfg(test)]
mod tests;
