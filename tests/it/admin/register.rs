//! Registering: checked first, repeated harmlessly, and refused with everything that is wrong.

use sojourn_dev::samples::CRM_CONFIG;

use super::{admin, offline, told};
use crate::support::run;

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
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for words in ["contcat", "nothing was changed", "contact"] {
            assert!(refused.talk.contains(words), "{words:?} is missing: {}", refused.talk);
        }
        let missing = admin(&world, &["register", "--config", "/nowhere/sojourn.yaml"]).await;
        assert!(missing.code == Some(1) && missing.talk.contains("/nowhere/sojourn.yaml"), "{missing:?}");
        world.stop().await;
    });
}
