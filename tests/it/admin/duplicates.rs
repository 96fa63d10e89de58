//! Registering duplicate rules: their indexes are made, told, and removed.

use sojourn_dev::samples::CRM_CONFIG;

use super::{admin, assert_refused, offline, run_admin};
use crate::support::run;

const RULES: &str = "replay:
  duplicates:
    - name: same mail
      entity: contact
      when: [{attribute: email, by: ignoring_case_and_spaces}]
    - name: known lead
      entity: contact
      matches: lead
      when: [{attribute: last_name, with: full_name, by: first, characters: 4}, {attribute: email}]
";

#[test]
fn the_indexes_of_duplicate_rules_come_and_go_with_them() {
    run(async {
        let world = offline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sojourn.yaml");
        let file = path.display().to_string();
        let write = |rules: &str| std::fs::write(&path, format!("{CRM_CONFIG}\n{rules}")).expect("it can be written");
        write(RULES);
        let registered = run_admin(world.stack.admin_url(), &["register", "--config", &file], false).await;
        let [text, progress] =
            [registered.stdout, registered.stderr].map(|said| String::from_utf8(said).expect("text"));
        assert!(
            text.contains("Duplicates are found by new indexes on crm.contact (sojourn_duplicate_"),
            "{text}{progress}"
        );
        assert_eq!(progress.matches("making the index crm.sojourn_duplicate_").count(), 2, "{progress}");
        let none = serde_json::json!([]);
        let again = &admin(&world, &["register", "--config", &file]).await.expect(0)["done"];
        assert_eq!((&again["indexes_made"], &again["indexes_removed"]), (&none, &none), "{again}");

        write(&RULES.replace("email", "emial"));
        let refused = admin(&world, &["register", "--config", &file]).await;
        assert_refused(&refused, &["replay: duplicates: same mail", "did you mean email?", "nothing was changed"]);

        write("");
        let gone = &admin(&world, &["register", "--config", &file]).await.expect(0)["done"];
        assert_eq!(gone["indexes_removed"].as_array().map(Vec::len), Some(2), "{gone}");
        world.stop().await;
    });
}
