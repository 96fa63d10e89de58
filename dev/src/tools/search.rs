//! Tools that the machine already has.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::environment::Environment;
use super::reach;
use super::version::{self, PostgresVersion};

/// A folder with Postgres' server programs.
#[derive(Debug)]
pub(super) struct FoundPostgres {
    pub(super) bin: PathBuf,
    pub(super) version: PostgresVersion,
}

const POSTGRES_PROGRAMS: [&str; 5] = ["postgres", "initdb", "pg_ctl", "createdb", "dropdb"];

/// The first good Postgres of PATH, then the newest of Debian's.
pub(super) fn postgres(around: &Environment) -> Option<FoundPostgres> {
    let folders = around.path.iter().cloned().chain(debian_folders(&around.postgres_versions));
    folders.into_iter().find_map(|folder| postgres_in(around, &folder))
}

/// The Postgres of one folder, if it is whole, new enough and runs. `psql` alone is no server.
pub(super) fn postgres_in(around: &Environment, bin: &Path) -> Option<FoundPostgres> {
    let programs = POSTGRES_PROGRAMS.map(|program| bin.join(program));
    let usable = |program: &PathBuf| program.is_file() && (!around.for_others || reach::by_others(program));
    let version = programs.iter().all(usable).then(|| version::postgres(&output_of(&programs[0])))??;
    version.is_new_enough().then(|| FoundPostgres { bin: bin.into(), version })
}

/// The first good nats-server of PATH.
pub(super) fn nats_server(around: &Environment) -> Option<PathBuf> {
    around.path.iter().map(|folder| folder.join("nats-server")).find(|program| is_good_nats_server(program))
}

/// Whether the program is a nats-server, new enough, and runs.
pub(super) fn is_good_nats_server(program: &Path) -> bool {
    program.is_file() && version::nats(&output_of(program)).is_some_and(version::nats_is_new_enough)
}

/// What the program answers to `--version`; if it does not start, why.
pub(super) fn output_of(program: &Path) -> String {
    match Command::new(program).arg("--version").stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    }
}

/// `…/16/bin`, `…/15/bin`: newest first.
fn debian_folders(versions: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(versions).into_iter().flatten().flatten();
    let mut majors: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors.into_iter().map(|major| versions.join(major.to_string()).join("bin")).collect()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::os;

    fn program(path: &Path, prints: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("#!/bin/sh\necho '{prints}'\n")).unwrap();
        os::set_mode(path, 0o755).unwrap();
    }

    fn server(bin: &Path, version: &str) {
        for name in POSTGRES_PROGRAMS {
            program(&bin.join(name), &format!("{name} (PostgreSQL) {version}"));
        }
    }

    #[test]
    fn a_client_on_path_gives_way_to_the_newest_server_of_debian() {
        let top = tempfile::tempdir().unwrap();
        let around = Environment {
            path: vec![top.path().join("bin")],
            postgres_versions: top.path().join("postgresql"),
            ..Environment::default()
        };
        assert!(postgres(&around).is_none());
        program(&top.path().join("bin/postgres"), "postgres (PostgreSQL) 17.0");
        server(&top.path().join("postgresql/9/bin"), "9.6.1");
        assert!(postgres(&around).is_none());
        server(&top.path().join("postgresql/15/bin"), "15.1");
        server(&top.path().join("postgresql/16/bin"), "16.1");
        assert_eq!(postgres(&around).unwrap().version.text, "16.1");
        server(&top.path().join("bin"), "17.0");
        assert_eq!(postgres(&around).unwrap().bin, top.path().join("bin"));
    }

    #[test]
    fn an_old_nats_server_is_passed_over() {
        let top = tempfile::tempdir().unwrap();
        let path = ["a", "b"].map(|name| top.path().join(name)).to_vec();
        program(&path[0].join("nats-server"), "nats-server: v2.9.10");
        let around = Environment { path: path.clone(), ..Environment::default() };
        assert_eq!(nats_server(&around), None);
        program(&path[1].join("nats-server"), "nats-server: v2.11.0");
        assert_eq!(nats_server(&around), Some(path[1].join("nats-server")));
    }
}
