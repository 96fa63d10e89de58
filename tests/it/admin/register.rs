//! Registering: checked first, repeated harmlessly, and refused with everything that is wrong.

use sojourn_dev::samples::CRM_CONFIG;

use super::{admin, assert_refused, offline, run_admin, told};
use crate::support::{Ran, run, shared};

const ID: &str = "00000000-0000-0000-0000-000000000001";

#[test]
fn registering_again_changes_nothing_and_a_dry_run_even_less() {
    run(async {
        let world = offline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sojourn.yaml");
        let file = path.display().to_string();
        std::fs::write(&path, CRM_CONFIG).expect("the folder can be written");
        let checked = admin(&world, &["register", "--config", &file, "--dry-run"]).await.expect(0);
        assert_eq!((&checked["dataset"], &checked["done"]), (&"crm".into(), &serde_json::Value::Null), "{checked}");
        assert_eq!(checked["entities"].as_array().map(Vec::len), Some(16), "{checked}");

        let registered = admin(&world, &["register", "--config", &file]).await.expect(0);
        let done = &registered["done"];
        assert_eq!((&done["installed"], &done["removed"]), (&serde_json::json!([]), &serde_json::json!([])), "{done}");
        assert_eq!(done["password_changed"], false);
        let text = told(&world, &["register", "--config", &file]).await;
        assert!(text.contains("Next: start sojourn-schema"), "{text}");
        world.devices[0].run(&["sync"]).await.expect(0);
        world.assert_converged(0).await;

        std::fs::write(&path, CRM_CONFIG.replace("name: contact", "name: contcat")).expect("the folder can be written");
        let refused = admin(&world, &["register", "--config", &file]).await;
        assert_refused(&refused, &["contcat", "nothing was changed", "contact"]);
        let missing = admin(&world, &["register", "--config", "/nowhere/sojourn.yaml"]).await;
        assert_refused(&missing, &["cannot read /nowhere/sojourn.yaml"]);
        world.stop().await;
    });
}

#[test]
fn a_database_that_is_not_there_or_has_nothing_of_ours_is_named() {
    run(async {
        let postgres = &shared().await.postgres;
        let empty = "admin_empty";
        let url = postgres.create_database(empty, None).await.expect("a database");
        for args in [&["subscriptions", "list"][..], &["filters", "list"], &["explain", "s1", "contact", ID]] {
            let refused: Ran = run_admin(&url, args, true).await.into();
            assert_refused(&refused, &["not installed in this database", "sojourn-admin register"]);
        }
        let gone = "postgres://me:hunter2@127.0.0.1:1/crm";
        let refused: Ran = run_admin(gone, &["subscriptions", "list"], true).await.into();
        assert_refused(&refused, &["cannot connect to Postgres at 127.0.0.1:1/crm", "--database-url"]);
        assert!(!refused.talk.contains("hunter2"), "{refused:?}");
        postgres.drop_database(empty).await.expect("the database is dropped");
    });
}
