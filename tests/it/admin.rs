//! The administrator's program, as a process of its own: what it says is so, and what it does has its effect on
//! devices.

mod duplicates;
mod explain;
mod filters;
mod govern;
mod history;
mod register;

use std::process::Command;

use sojourn_sample_crm::People;
use uuid::Uuid;

use crate::support::{Ran, World, WorldPlan};

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// A salesman's device that is offline.
async fn offline() -> World {
    let world = WorldPlan::of(&[sales]).start().await;
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    world
}

/// Runs the administrator's program on a database. Its URL, with a password, is no argument.
async fn run_admin(url: &str, args: &[&str], json: bool) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn-processes"));
    command.arg("admin").args(args).env("SOJOURN_ADMIN_DATABASE_URL", url);
    if json {
        command.arg("--json");
    }
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    output.expect("it starts")
}

/// As a script asks.
async fn admin(world: &World, args: &[&str]) -> Ran {
    run_admin(world.stack.admin_url(), args, true).await.into()
}

/// As a person asks: the text.
async fn told(world: &World, args: &[&str]) -> String {
    let output = run_admin(world.stack.admin_url(), args, false).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A contact of the user, whose order among them is `nth`.
async fn owned_contact(world: &World, nth: i64) -> Uuid {
    let select = "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 1 OFFSET $2";
    let found = sqlx::query_scalar(select).bind(world.devices[0].user_id).bind(nth);
    found.fetch_one(world.admin()).await.expect("a contact")
}

/// Rows and deletes that a sync of the device has loaded.
async fn synced(world: &World) -> [u64; 2] {
    let answer = world.devices[0].run(&["sync"]).await.expect(0);
    ["rows", "deletes"].map(|name| answer["data"][name].as_u64().expect("a count"))
}

/// Asserts that a command failed, and said each of these words.
#[track_caller]
fn assert_refused(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for words in words {
        assert!(ran.talk.contains(words), "{words:?} is missing: {}", ran.talk);
    }
}
