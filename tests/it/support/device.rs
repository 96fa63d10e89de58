//! A device under test: the agent as a process of its own, on a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use sojourn_agent::store::Writer;
use tempfile::TempDir;
use uuid::Uuid;

/// A device.
pub struct Device {
    pub user_id: Uuid,
    pub agent: sojourn_wire::AgentId,
    pub subscription: sojourn_wire::SubscriptionId,
    pub credentials: PathBuf,
    folder: TempDir,
}

/// What a run of the agent came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub answer: Value,
    pub talk: String,
}

impl Ran {
    /// Asserts the exit code, and gives the answer.
    #[track_caller]
    pub fn expect(self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "the agent said {} and {}", self.answer, self.talk);
        self.answer
    }

    /// How many operations got this verdict.
    pub fn verdicts(&self, kind: &str) -> u64 {
        self.answer["queue"]["verdicts"][kind].as_u64().unwrap_or(0)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout);
        Self {
            code: output.status.code(),
            answer: serde_json::from_str(text.trim()).unwrap_or(Value::Null),
            talk: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Device {
    /// A device of the stack, not yet set up.
    pub fn of(device: &sojourn_dev::stack::Device) -> Self {
        let folder = tempfile::Builder::new().prefix("sojourn-device-").tempdir().expect("a folder");
        let (agent, subscription) = (device.agent.clone(), device.subscription.clone());
        Self { user_id: device.user_id, agent, subscription, credentials: device.credentials.clone(), folder }
    }

    /// Its folder.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Its database.
    pub fn database(&self) -> PathBuf {
        self.home().join("sojourn.db")
    }

    /// The agent's command line, for JSON answers.
    pub fn command(&self, args: &[&str]) -> Command {
        agent(&self.home(), args)
    }

    /// Runs the agent to its end.
    pub async fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
        output.expect("the agent starts").into()
    }

    /// Gives up everything that was refused, and lets the rows become the server's.
    pub async fn give_up_refused(&self) {
        self.run(&["errors", "discard", "--all", "--yes"]).await.expect(0);
        self.run(&["sync"]).await.expect(0);
        let left = self.run(&["errors"]).await.expect(0);
        assert_eq!(left["errors"], serde_json::json!([]), "{left}");
    }

    /// Starts the agent and leaves it running.
    pub fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the agent starts")
    }

    /// Sets it up.
    #[track_caller]
    pub fn init(&self) -> impl Future<Output = ()> {
        let credentials = self.credentials.display().to_string();
        async move {
            self.run(&["init", "--credentials", &credentials]).await.expect(0);
        }
    }

    /// Runs statements as any program would, through a plain SQLite connection.
    #[track_caller]
    pub fn write(&self, sql: &str) {
        Writer::open(&self.database()).expect("the database opens").run(sql).expect("the statements run");
    }

    /// Runs statements that the device's own rules must refuse, and gives their words.
    #[track_caller]
    pub fn write_refused(&self, sql: &str) -> String {
        let mut writer = Writer::open(&self.database()).expect("the database opens");
        writer.run(sql).expect_err("it is refused").to_string()
    }
}

/// The agent's command line on any folder.
pub fn agent(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn-processes"));
    command.arg("agent").args(args).arg("--json").arg("--home").arg(home);
    command
}
