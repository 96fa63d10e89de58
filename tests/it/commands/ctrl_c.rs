//! After Ctrl-C nothing of a stack is left: no process, no port, no folder.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::sojourn_dev;
use crate::support::run;

/// Host and port of a URL.
fn address(url: &Value) -> String {
    let url = url.as_str().expect("a URL");
    let (_, rest) = url.split_once("://").expect("a scheme");
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    place.split('/').next().expect("a place").to_owned()
}

/// Every process below one, and itself.
fn descendants(root: u32) -> Vec<u32> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().expect("ps runs");
    let table = String::from_utf8_lossy(&output.stdout);
    let pairs: Vec<(u32, u32)> = table.lines().filter_map(pair).collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found
}

fn pair(line: &str) -> Option<(u32, u32)> {
    let mut numbers = line.split_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn lives(pid: u32) -> bool {
    Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status().expect("kill runs").success()
}

/// What a running stack has that must go: processes, addresses, folders.
struct Running {
    pids: Vec<u32>,
    addresses: Vec<String>,
    folders: Vec<PathBuf>,
}

impl Running {
    fn of(root: u32, report: &Value) -> Running {
        let folder = |name: &str| Path::new(report[name].as_str().expect("a path")).to_owned();
        let pids = descendants(root);
        let services = report["services"].as_object().expect("a process id for each");
        let told = services.values().map(|pid| u32::try_from(pid.as_u64().expect("a number")).expect("small"));
        assert_eq!(services.len(), 4);
        assert!(told.into_iter().all(|pid| pids.contains(&pid)), "{pids:?} {report}");
        let addresses = ["nats_url", "database_url"].map(|url| address(&report[url])).to_vec();
        assert!(addresses.iter().all(|address| TcpStream::connect(address).is_ok()), "{addresses:?}");
        let folders = vec![folder("credentials_dir"), folder("logs"), folder("database_url_file")];
        assert!(folders.iter().all(|folder| folder.exists()), "{folders:?}");
        Running { pids, addresses, folders }
    }

    /// What of it is still there.
    fn left(&self) -> Vec<String> {
        let pids = self.pids.iter().filter(|pid| lives(**pid)).map(|pid| format!("process {pid}"));
        let addresses = self.addresses.iter().filter(|address| TcpStream::connect(address).is_ok()).cloned();
        // The folder above all of them is the one that everything lived in.
        let above = self.folders.iter().filter_map(|folder| folder.parent());
        let folders = self.folders.iter().map(PathBuf::as_path).chain(above).filter(|folder| folder.exists());
        pids.chain(addresses).chain(folders.map(|folder| folder.display().to_string())).collect()
    }
}

#[test]
fn ctrl_c_ends_a_stack_and_leaves_nothing() {
    run(async {
        let (running, status) = tokio::task::spawn_blocking(|| {
            let mut command = sojourn_dev(&["stack", "--json", "--rows", "1000"]);
            let mut stack = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
            let mut line = String::new();
            let output = stack.stdout.take().expect("a pipe");
            BufReader::new(output).read_line(&mut line).expect("the first line");
            let report: Value = serde_json::from_str(&line).expect("one line of JSON");
            assert!(report["devices"].as_array().is_some_and(|devices| devices.len() >= 5), "{report}");
            let running = Running::of(stack.id(), &report);
            let sent = Command::new("kill").args(["-INT", &stack.id().to_string()]).status().expect("kill runs");
            assert!(sent.success());
            (running, stack.wait().expect("it ends"))
        })
        .await
        .expect("a thread");
        assert!(status.success(), "{status}");
        assert_eq!(running.left(), Vec::<String>::new());
    });
}
