//! The clients that measurements compare with: found on this machine, else installed with apt-get by root.

use std::path::PathBuf;

use super::environment::Environment;
use super::error::ToolError;
use super::{Tools, apt, search};

/// What moves rows without us: `psql` and the shell of SQLite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clients {
    /// Postgres' client.
    pub psql: PathBuf,
    /// SQLite's shell.
    pub sqlite3: PathBuf,
    /// SQLite's version, as the shell calls itself.
    pub sqlite_version: String,
}

impl Clients {
    /// Looks beside Postgres and on PATH. Blocks; `progress` gets a sentence before anything is fetched.
    ///
    /// # Errors
    /// [`ToolError::NoClient`] when one is missing and cannot be installed.
    pub fn find_or_install(tools: &Tools, progress: &dyn Fn(&str)) -> Result<Clients, ToolError> {
        let mut around = Environment::observe();
        around.path.insert(0, tools.postgres_bin.clone());
        let psql = client(&around, "psql", "postgresql-client", progress)?;
        let sqlite3 = client(&around, "sqlite3", "sqlite3", progress)?;
        let said = search::output_of(&sqlite3);
        let sqlite_version = said.split_whitespace().next().unwrap_or("of an unknown version").to_owned();
        Ok(Clients { psql, sqlite3, sqlite_version })
    }
}

fn client(
    around: &Environment,
    program: &'static str,
    package: &'static str,
    progress: &dyn Fn(&str),
) -> Result<PathBuf, ToolError> {
    let find = || around.path.iter().map(|folder| folder.join(program)).find(|path| path.is_file());
    if let Some(found) = find() {
        return Ok(found);
    }
    let mut said = String::new();
    if apt::is_ours(around) {
        progress(&format!("installing {package} with apt-get: {program} is missing"));
        said = apt::install(package);
    }
    find().ok_or(ToolError::NoClient { program, package, said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_is_nowhere_and_cannot_be_installed_is_named() {
        let around = Environment { path: vec!["/nowhere".into()], ..Environment::default() };
        let missing = client(&around, "sqlite3", "sqlite3", &|_| ()).unwrap_err();
        assert!(missing.to_string().contains("sqlite3 is missing"), "{missing}");
    }
}
