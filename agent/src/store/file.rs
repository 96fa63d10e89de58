//! Making and opening the file, and telling ours from others.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::batch_table::Inbox;
use super::error::Fault;
use super::state::{Device, Mode};
use super::upgrade::{self, FORMAT};
use super::{Store, StoreError, adopt, state};

/// "SJRN": what SQLite's header says of whose file it is.
const APPLICATION_ID: u32 = 0x534a_524e;
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const FORMAT_AT: usize = 60;
const APPLICATION_ID_AT: usize = 68;

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// SQLite's cache, in KiB. Keys come in order, so that a larger one makes no first load faster (measured at 1,000,000
/// rows); it would only be most of the agent's memory.
pub(super) const CACHE: u32 = 4_096;
/// The cache while the spool is applied: changes meet the pages of indexes in any order, and nothing else needs memory
/// then.
pub(super) const APPLYING_CACHE: u32 = 16_384;

const OPENING: &str = "opening it";
const MAKING: &str = "making it";

impl Store {
    /// Makes the database of a new device. The file appears whole or not at all.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is a file already; that the disk is full or the folder cannot be written.
    pub fn create(path: &Path, device: &Device) -> Result<Self, StoreError> {
        if path.exists() {
            return Err(StoreError::Exists { path: path.to_path_buf() });
        }
        let draft = with_suffix(path, ".new");
        let io = |source| StoreError::Io { path: draft.clone(), doing: MAKING, source };
        remove_if_there(&draft).map_err(io)?;
        make_private(&draft).map_err(io)?;
        make(&draft, device).map_err(|fault| fault.at(&draft, MAKING))?;
        fs::rename(&draft, path).map_err(io)?;
        Self::open(path)
    }

    /// Opens the database of this device.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::NotOurs`] or [`StoreError::Newer`], after which the file is byte for byte
    /// what it was; that it is damaged, locked or cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        check_header(path)?;
        connect(path).map_err(|fault| fault.at(path, OPENING))
    }
}

/// Opens a file that was found to be ours, with triggers as SQLite has them by default.
pub(super) fn open_plain(path: &Path) -> Result<Connection, StoreError> {
    check_header(path)?;
    plain(path).map_err(|error| Fault::from(error).at(path, OPENING))
}

fn connect(path: &Path) -> Result<Store, Fault> {
    let mut connection = plain(path)?;
    check_format(&connection, path)?;
    upgrade::bring_up(&mut connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.execute_batch(
        "PRAGMA foreign_keys = OFF;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 4000;",
    )?;
    set_cache(&connection, CACHE)?;
    let inbox = Inbox::attach(&connection)?;
    let adopted = adopt::stored(&connection)?;
    Ok(Store { path: path.to_path_buf(), connection, inbox, adopted })
}

pub(super) fn set_cache(connection: &Connection, kib: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -i64::from(kib))
}

fn plain(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// The application id stands in the main file before WAL is switched on, so that reading the header alone is enough.
fn make(draft: &Path, device: &Device) -> Result<(), Fault> {
    let mut connection = Connection::open(draft)?;
    connection.execute_batch(&format!(
        "PRAGMA page_size = 16384;
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {FORMAT};"
    ))?;
    super::transact(&mut connection, |transaction| {
        transaction.execute_batch(include_str!("housekeeping.sql"))?;
        transaction.execute_batch(include_str!("settling.sql"))?;
        state::put_json(transaction, state::DEVICE, device)?;
        Ok(state::put(transaction, state::MODE, &Mode::Online.word())?)
    })?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// An empty file that only the user who runs the agent may read. SQLite makes the files beside it alike.
fn make_private(draft: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(draft).map(|_| ())
}

/// Looks at the file without SQLite, which would make files beside it.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let not_ours = |why| Err(StoreError::NotOurs { path: path.to_path_buf(), why });
    let header = match read_header(path) {
        Ok(header) => header,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::Missing { path: path.to_path_buf() });
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return not_ours("it is too short"),
        Err(source) => return Err(StoreError::Io { path: path.to_path_buf(), doing: OPENING, source }),
    };
    if !header.starts_with(MAGIC) {
        return not_ours("SQLite did not make it");
    }
    if number(&header, APPLICATION_ID_AT) != APPLICATION_ID {
        return not_ours("another program made it");
    }
    refuse_newer(path, number(&header, FORMAT_AT))
}

fn check_format(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let format = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(refuse_newer(path, format)?)
}

fn refuse_newer(path: &Path, format: u32) -> Result<(), StoreError> {
    match format {
        ..=FORMAT => Ok(()),
        _ => Err(StoreError::Newer { path: path.to_path_buf(), format, newest: FORMAT }),
    }
}

fn read_header(path: &Path) -> io::Result<[u8; HEADER_BYTES]> {
    let mut header = [0; HEADER_BYTES];
    File::open(path)?.read_exact(&mut header)?;
    Ok(header)
}

fn number(header: &[u8; HEADER_BYTES], at: usize) -> u32 {
    header[at..at + 4].iter().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove_if_there(draft: &Path) -> io::Result<()> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        match fs::remove_file(with_suffix(draft, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
