//! What is wrong with a device's own folder is said by name, and left byte for byte as it is.

use std::fs::File;
use std::path::Path;

use sojourn_agent::store::{Device as Stored, Store};
use uuid::Uuid;

use super::files::files;
use super::{assert_refused, ran};
use crate::support::{agent, run};

const COMMANDS: [&[&str]; 5] = [&["go-offline"], &["go-online"], &["sync"], &["status"], &["queue"]];

/// A good credentials file, with the seed of an identity that no server knows, for a server that is not there.
fn credentials(folder: &Path) -> String {
    let path = folder.join("laptop.json");
    let seed = nkeys::KeyPair::new_user().seed().expect("a fresh pair has a seed");
    let file = serde_json::json!({
        "agent": "laptop", "subscription": "s1", "user_id": Uuid::from_u128(1),
        "nats_url": "nats://127.0.0.1:1", "nats_seed": seed,
    });
    std::fs::write(&path, file.to_string()).expect("the folder can be written");
    path.display().to_string()
}

#[test]
fn nothing_works_before_init_and_nothing_is_made() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("home");
        for args in COMMANDS {
            let refused = ran(agent(&home, args)).await;
            assert_refused(&refused, 1, &["does not exist", "sojourn-agent init"]);
            let told = refused.answer["error"].as_str().expect("JSON has the same words");
            assert!(refused.talk.contains(told), "{refused:?}");
            assert!(!home.exists(), "{args:?} made something");
        }
    });
}

#[test]
fn credentials_that_are_none_are_refused_and_nothing_is_made() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("home");
        let good = std::fs::read_to_string(credentials(folder.path())).expect("it was written");
        let texts = [
            ("", "not a credentials file"),
            ("hello", "not a credentials file"),
            ("{}", "agent"),
            (&good.replace("\"SU", "\"US"), "nkey seed"),
            (&good.replace("\"SU", "\"hunter2"), "nkey seed"),
            (&good.replace("laptop", "a.b.*"), "cannot be an id"),
            (&good.replace("nats_url", "url"), "nats_url"),
        ];
        let path = folder.path().join("given.json");
        for (text, word) in texts {
            std::fs::write(&path, text).expect("the folder can be written");
            let refused = ran(agent(&home, &["init", "--credentials", &path.display().to_string()])).await;
            assert_refused(&refused, 1, &["given.json", word]);
            assert!(!refused.talk.contains("hunter2"), "a seed is never repeated: {}", refused.talk);
            assert!(!home.exists(), "{text:?} made something");
        }
        let missing = folder.path().join("nowhere.json").display().to_string();
        assert_refused(
            &ran(agent(&home, &["init", "--credentials", &missing])).await,
            1,
            &["cannot read", "nowhere.json"],
        );
        assert!(!home.exists());
    });
}

#[test]
fn a_home_is_not_made_twice() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let (home, credentials) = (folder.path().join("home"), credentials(folder.path()));
        ran(agent(&home, &["init", "--credentials", &credentials])).await.expect(0);
        let before = files(&home);
        let again = ran(agent(&home, &["init", "--credentials", &credentials])).await;
        assert_refused(&again, 1, &["sojourn.db", "exists already"]);
        assert_eq!(files(&home), before);
    });
}

/// A SQLite file of another program: ours, with another application id.
fn of_another_program(folder: &Path) -> Vec<u8> {
    let path = folder.join("other.db");
    let device = Stored {
        agent: "laptop".parse().expect("a token"),
        subscription: "s1".parse().expect("a token"),
        user_id: Uuid::from_u128(1),
        server: "nats://127.0.0.1:1".to_owned(),
    };
    drop(Store::create(&path, &device).expect("a database"));
    let mut bytes = std::fs::read(&path).expect("it was written");
    bytes[68..72].copy_from_slice(&[0, 0, 0, 1]);
    bytes
}

#[test]
fn a_file_that_is_not_ours_is_left_byte_for_byte() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let (home, credentials) = (folder.path().join("home"), credentials(folder.path()));
        ran(agent(&home, &["init", "--credentials", &credentials])).await.expect(0);
        let strangers = [Vec::new(), b"my diary".to_vec(), vec![b'x'; 100_000], of_another_program(folder.path())];
        for stranger in strangers {
            std::fs::write(home.join("sojourn.db"), &stranger).expect("the folder can be written");
            let before = files(&home);
            for args in COMMANDS {
                assert_refused(&ran(agent(&home, args)).await, 1, &["sojourn.db", "is not a Sojourn database", "left"]);
                assert_eq!(files(&home), before, "{args:?}");
            }
            let init = ran(agent(&home, &["init", "--credentials", &credentials])).await;
            assert_refused(&init, 1, &["exists already"]);
            assert_eq!(files(&home), before);
        }
    });
}

#[test]
fn a_second_agent_stays_out_of_a_home_and_may_look() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let (home, credentials) = (folder.path().join("home"), credentials(folder.path()));
        ran(agent(&home, &["init", "--credentials", &credentials])).await.expect(0);
        let lock = File::options().write(true).open(home.join("agent.lock")).expect("the lock is there");
        lock.lock().expect("nobody holds it");
        for args in [&["go-offline"], &["go-online"], &["sync"]] {
            assert_refused(&ran(agent(&home, args)).await, 1, &["another agent is at work", "--home"]);
        }
        let status = ran(agent(&home, &["status"])).await.expect(0);
        assert_eq!(status["mode"], "online", "{status}");
        ran(agent(&home, &["queue"])).await.expect(0);
        drop(lock);
    });
}
