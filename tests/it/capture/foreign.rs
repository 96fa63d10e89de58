//! Programs that know nothing of Sojourn write into the file.

use std::process::Command;

use uuid::Uuid;

use super::{LAST_NAME, offline, owned_contacts, text};
use crate::support::run;

const PYTHON: &str = "
import sqlite3, sys
database, owner, contact = sys.argv[1:]
connection = sqlite3.connect(database)
with connection:
    connection.execute('UPDATE contact SET last_name = ? WHERE id = ?', ('Python', contact))
    connection.execute('INSERT INTO task (subject, owner_id, contact_id) VALUES (?, ?, ?)', ('from Python', owner, contact))
try:
    with connection:
        connection.execute('UPDATE contact SET last_name = ? WHERE id = ?', ('never', contact))
        raise KeyError('the program changes its mind')
except KeyError:
    pass
";

#[test]
fn writes_from_python_are_captured_and_played_back() {
    run(async {
        let world = offline().await;
        let (device, contact) = (&world.devices[0], owned_contacts(&world).await[0]);
        let python = Command::new("python3")
            .args(["-c", PYTHON])
            .args([device.database().display().to_string(), device.user_id.to_string(), contact.to_string()])
            .output()
            .expect("python3 runs");
        assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.code, online.verdicts("applied")), (Some(0), 2), "{online:?}");
        assert_eq!(text(&world, LAST_NAME, contact).await.as_deref(), Some("Python"));
        let subject = "SELECT subject FROM crm.task WHERE contact_id = $1 AND subject = 'from Python'";
        assert_eq!(text(&world, subject, contact).await.as_deref(), Some("from Python"));
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn writes_from_the_sqlite3_shell_are_captured_and_played_back() {
    // The shell is not everywhere; where it is not, Python's own is the nearest thing to it (from 3.12).
    let shell = ["sqlite3"].into_iter().find(|shell| Command::new(shell).arg("-version").output().is_ok());
    let Some(shell) = shell else {
        println!("there is no sqlite3 shell on this machine: the writes from Python stand for it");
        return;
    };
    run(async {
        let world = offline().await;
        let (device, contact) = (&world.devices[0], owned_contacts(&world).await[0]);
        let sql = format!("UPDATE contact SET last_name = 'Shell' WHERE id = '{contact}';");
        let output = Command::new(shell).arg(device.database()).arg(sql).output().expect("the shell runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(device.run(&["go-online"]).await.verdicts("applied"), 1);
        assert_eq!(text(&world, LAST_NAME, contact).await.as_deref(), Some("Shell"));
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_new_row_gets_its_id_here_and_keeps_it() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        device.write(&format!("INSERT INTO contact (last_name, owner_id) VALUES ('New', '{}')", device.user_id));
        let queue = device.run(&["queue"]).await.expect(0);
        let id: Uuid = queue["entries"][0]["object_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        device.run(&["sync"]).await.expect(0);
        assert_eq!(text(&world, LAST_NAME, id).await.as_deref(), Some("New"));
        world.assert_converged(0).await;
        world.stop().await;
    });
}
