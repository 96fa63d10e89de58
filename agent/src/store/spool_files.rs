//! The folder `spool` beside the database: batch files that are on the device and not yet in its tables.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::StoreError;

const FOLDER: &str = "spool";
const COMPLETE: &str = "batch";
const DRAFT: &str = "new";
const SPOOLING: &str = "spooling a batch";

/// The spool's files.
#[derive(Debug)]
pub(super) struct SpoolFiles {
    folder: PathBuf,
}

impl SpoolFiles {
    /// The spool of a database.
    pub(super) fn beside(database: &Path) -> Self {
        Self { folder: database.with_file_name(FOLDER) }
    }

    /// Where a batch's file is.
    pub(super) fn path(&self, session: Uuid, batch: u32) -> PathBuf {
        self.folder.join(name(session, batch))
    }

    /// Writes a batch's file. It appears whole, and when this returns it survives a loss of power.
    pub(super) fn write(&self, session: Uuid, batch: u32, file: &[u8]) -> Result<(), StoreError> {
        let path = self.path(session, batch);
        self.make_folder().map_err(|error| failure(&self.folder, error))?;
        let draft = path.with_extension(DRAFT);
        let written = write_private(&draft, file).and_then(|()| fs::rename(&draft, &path));
        let written = written.and_then(|()| sync_folder(&self.folder));
        written.map_err(|error| {
            // What is left over is no file of the spool: it goes with the next tidying.
            let _ = fs::remove_file(&draft);
            failure(&path, error)
        })
    }

    /// Reads a batch's file.
    pub(super) fn read(&self, session: Uuid, batch: u32) -> io::Result<Vec<u8>> {
        fs::read(self.path(session, batch))
    }

    /// Removes the spool's files that are not among `kept`. Other files in the folder are left alone.
    pub(super) fn keep_only(&self, kept: &BTreeSet<(Uuid, u32)>) -> Result<(), StoreError> {
        let failed = |error| failure(&self.folder, error);
        let kept: BTreeSet<String> = kept.iter().map(|(session, batch)| name(*session, *batch)).collect();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let ours = path.extension().is_some_and(|end| end == COMPLETE || end == DRAFT);
            let orphan = path.file_name().is_some_and(|name| !kept.contains(name.to_string_lossy().as_ref()));
            if ours && orphan {
                fs::remove_file(&path).map_err(|error| failure(&path, error))?;
            }
        }
        Ok(())
    }

    fn make_folder(&self) -> io::Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)?;
        self.folder.parent().map_or(Ok(()), sync_folder)
    }
}

fn name(session: Uuid, batch: u32) -> String {
    format!("{session}-{batch}.{COMPLETE}")
}

/// A file that only the user who runs the agent may read: it holds rows.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in a folder survive a loss of power. Windows does it by itself.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn failure(path: &Path, source: io::Error) -> StoreError {
    let path = path.to_path_buf();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull { path, doing: SPOOLING },
        _ => StoreError::Io { path, doing: SPOOLING, source },
    }
}
