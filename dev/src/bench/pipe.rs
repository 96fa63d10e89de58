//! The naive pipe that everything is compared with: `psql` writes CSV, SQLite's shell imports it. No row-level security,
//! no change tracking, no key, and everything again the next time.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use url::Url;

use super::error::BenchError;
use super::peak::Peak;
use super::run::Run;
use super::unit::Unit;
use crate::machine::Machine;
use crate::os;
use crate::reaper::Signal;
use crate::tools::Clients;

/// What a figure is compared with.
pub(super) const BASELINE: &str = "psql csv to sqlite3 import";

/// The pipe for one database.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    machine: Machine,
    clients: Clients,
    /// How `psql` connects: variables of its environment, the password among them.
    place: Vec<(&'static str, String)>,
}

/// What it took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piped {
    /// From the start of the first process to the end of the last.
    pub(super) elapsed: Duration,
    /// The most memory of both processes, in bytes; none where the system does not tell.
    pub(super) peak_bytes: Option<u64>,
}

impl Pipe {
    /// Finds the programs, and says which.
    pub(super) fn new(run: &Run, admin_url: &str) -> Result<Pipe, BenchError> {
        let clients = Clients::find_or_install(&run.machine.tools, &|words| run.say(words))?;
        run.say(&format!("the baseline's shell is SQLite {}", clients.sqlite_version));
        let url = Url::parse(admin_url).map_err(|error| BenchError::Beside(error.to_string()))?;
        let place = vec![
            ("PGHOST", url.host_str().unwrap_or_default().to_owned()),
            ("PGPORT", url.port().unwrap_or(5432).to_string()),
            ("PGUSER", url.username().to_owned()),
            ("PGPASSWORD", url.password().unwrap_or_default().to_owned()),
            ("PGDATABASE", url.path().trim_start_matches('/').to_owned()),
        ];
        Ok(Pipe { machine: run.machine.clone(), clients, place })
    }

    /// Moves a unit's contacts, all columns, into a new file, which is removed after its rows were counted.
    pub(super) async fn run(&self, unit: &Unit, file: PathBuf) -> Result<Piped, BenchError> {
        let copy = format!(
            "COPY (SELECT * FROM crm.contact WHERE owning_business_unit_id = '{}') TO STDOUT (FORMAT csv, HEADER)",
            unit.id()
        );
        let begun = Instant::now();
        let mut psql = Command::new(&self.clients.psql);
        psql.args(["-X", "-q", "-c", &copy]).envs(self.place.iter().map(|(name, value)| (name, value)));
        let mut psql = self.spawn("psql", psql, Stdio::null())?;
        let rows = psql.stdout.take().ok_or_else(|| BenchError::Beside("psql has no output".to_owned()))?;
        let rows: Stdio = rows.try_into().map_err(failed("psql"))?;
        let mut sqlite3 = Command::new(&self.clients.sqlite3);
        sqlite3.arg(&file).arg(".import --csv /dev/stdin contact");
        let sqlite3 = self.spawn("sqlite3", sqlite3, rows)?;
        let peaks = [&psql, &sqlite3].map(|child| Peak::watch(child.id().unwrap_or_default()));
        tokio::try_join!(self.ended("psql", psql), self.ended("sqlite3", sqlite3))?;
        let elapsed = begun.elapsed();
        let [psql, sqlite3] = peaks;
        let peak_bytes = psql.bytes().await.zip(sqlite3.bytes().await).map(|(psql, sqlite3)| psql + sqlite3);
        self.check(unit, &file).await?;
        std::fs::remove_file(&file).map_err(failed("removing the imported file"))?;
        Ok(Piped { elapsed, peak_bytes })
    }

    /// Runs a file of SQL with `psql`; how long that took, with its start and its connection.
    pub(super) async fn script(&self, file: &str) -> Result<Duration, BenchError> {
        let mut psql = Command::new(&self.clients.psql);
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file]);
        psql.envs(self.place.iter().map(|(name, value)| (name, value)));
        let begun = Instant::now();
        self.ended("psql", self.spawn("psql", psql, Stdio::null())?).await?;
        Ok(begun.elapsed())
    }

    /// The same rows must have arrived.
    async fn check(&self, unit: &Unit, file: &Path) -> Result<(), BenchError> {
        let mut counting = Command::new(&self.clients.sqlite3);
        counting.arg(file).arg("SELECT count(*) FROM contact");
        let counted = self.ended("sqlite3", self.spawn("sqlite3", counting, Stdio::null())?).await?;
        let counted = String::from_utf8_lossy(&counted.stdout).trim().to_owned();
        match counted.parse() == Ok(unit.owns) {
            true => Ok(()),
            false => Err(BenchError::Beside(format!("the pipe moved {counted} rows instead of {}", unit.owns))),
        }
    }

    fn spawn(&self, name: &'static str, mut command: Command, input: Stdio) -> Result<Child, BenchError> {
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let (marker, value) = self.machine.reaper.marker();
        command.env(marker, value);
        os::own_group(command.as_std_mut());
        let child = command.spawn().map_err(failed(name))?;
        self.machine.reaper.watch(child.id().unwrap_or_default(), Signal::Term)?;
        Ok(child)
    }

    async fn ended(&self, name: &'static str, child: Child) -> Result<Output, BenchError> {
        let pid = child.id().unwrap_or_default();
        let output = child.wait_with_output().await;
        self.machine.reaper.gone(pid);
        let output = output.map_err(failed(name))?;
        match output.status.success() {
            true => Ok(output),
            false => Err(BenchError::Baseline { name, problem: String::from_utf8_lossy(&output.stderr).into_owned() }),
        }
    }
}

fn failed(name: &'static str) -> impl Fn(std::io::Error) -> BenchError {
    move |error| BenchError::Baseline { name, problem: error.to_string() }
}
