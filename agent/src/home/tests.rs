//! Homes that are made, half made, and given the wrong credentials.

use std::fs;

use super::*;

fn file(folder: &Path, agent: &str) -> PathBuf {
    let path = folder.join(format!("{agent}.json"));
    let credentials = Credentials {
        agent: agent.parse().expect("a token"),
        subscription: "s1".parse().expect("a token"),
        user_id: Uuid::from_u128(1),
        nats_url: "nats://localhost:4222".into(),
        nats_seed: SEED.into(),
    };
    fs::write(&path, serde_json::to_vec(&credentials).expect("JSON")).expect("written");
    path
}

/// A seed that was made for these tests and opens nothing.
const SEED: &str = "SUAJ7BWQQGEEY7LFTIX6VIGFLLIBLI57J4NSWC4CFTIV23AVWDYAUCD52M";

#[test]
fn credentials_of_another_device_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("home");
    let (home, credentials) = Home::init(&at, &file(folder.path(), "a1")).expect("a home");
    let device = device_of(&credentials);
    home.credentials_of(&device).expect("its own");
    fs::copy(file(folder.path(), "a2"), at.join(CREDENTIALS)).expect("the wrong file");
    let said = home.credentials_of(&device).expect_err("refused").to_string();
    assert!(said.contains("device a1 ") && said.contains("device a2 ") && said.contains("init"), "{said}");
}

#[test]
fn an_init_that_was_killed_can_be_repeated_and_one_that_was_not_cannot() {
    let folder = tempfile::tempdir().expect("a folder");
    let (at, first) = (folder.path().join("home"), file(folder.path(), "a1"));
    Home::init(&at, &first).expect("a home");
    fs::remove_file(at.join(DATABASE)).expect("killed before the database was there");
    let (home, _) = Home::init(&at, &first).expect("the home is completed");
    drop(home);
    let before = fs::read(at.join(CREDENTIALS)).expect("credentials");
    let error = Home::init(&at, &file(folder.path(), "a2")).expect_err("it is there");
    assert!(matches!(error, HomeError::Store(StoreError::Exists { .. })), "{error}");
    assert_eq!(fs::read(at.join(CREDENTIALS)).expect("credentials"), before);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_a_home() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("home");
    let (home, _) = Home::init(&at, &file(folder.path(), "a1")).expect("a home");
    let mut store = Store::open(&home.database()).expect("it opens");
    store.set_setting("wal", Some("made")).expect("written");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&at), 0o700);
    for name in ["sojourn.db", "sojourn.db-wal", "sojourn.db-shm", CREDENTIALS] {
        assert_eq!(mode(&at.join(name)), 0o600, "{name}");
    }
}
