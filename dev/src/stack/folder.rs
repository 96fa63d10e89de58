//! The stack's folder: a home that stays, or one that goes with the stack.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::StackError;
use crate::os;
use crate::reaper::Reaper;

/// A folder that this stack has to itself.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    keeper: Keeper,
}

/// What holds it: read only by being dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "the folder is ours, or there, as long as these live")]
enum Keeper {
    Home(File),
    Scratch(TempDir),
}

impl Folder {
    /// The home, locked, or a folder that goes when this is dropped.
    pub(super) fn open(home: Option<&Path>, reaper: &Reaper) -> Result<Folder, StackError> {
        let folder = match home {
            Some(home) => Folder::home(home)?,
            None => {
                let scratch = reaper.folder("stack")?;
                Folder { path: scratch.path().to_owned(), keeper: Keeper::Scratch(scratch) }
            }
        };
        for part in [folder.credentials(), folder.logs()] {
            fs::create_dir_all(&part).map_err(StackError::file("make", &part))?;
            os::set_mode(&part, 0o700).map_err(StackError::file("set the permissions of", &part))?;
        }
        Ok(folder)
    }

    fn home(home: &Path) -> Result<Folder, StackError> {
        fs::create_dir_all(home).map_err(StackError::file("make", home))?;
        let home = home.canonicalize().map_err(StackError::file("find", home))?;
        let path = home.join("stack.lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = opened.map_err(StackError::file("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path: home, keeper: Keeper::Home(lock) }),
            Err(TryLockError::WouldBlock) => Err(StackError::HomeTaken(home)),
            Err(TryLockError::Error(source)) => Err(StackError::file("lock", path)(source)),
        }
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it stays.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.keeper, Keeper::Home(_))
    }

    /// What lets devices in: one file each.
    pub(super) fn credentials(&self) -> PathBuf {
        self.path.join("credentials")
    }

    /// What the services say.
    pub(super) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }
}

/// Writes a file that only we may read, whole or not at all.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), StackError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Such files are made with mode 0600.
    let made = tempfile::Builder::new().prefix(".").tempfile_in(folder);
    let mut file = made.map_err(StackError::file("write", path))?;
    file.write_all(text.as_bytes()).map_err(StackError::file("write", path))?;
    file.persist(path).map_err(|error| StackError::file("write", path)(error.error))?;
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_for_us_alone_and_replaces_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_private(&path, "one").unwrap();
        write_private(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(os::mode(&fs::metadata(&path).unwrap()), 0o600);
    }
}
