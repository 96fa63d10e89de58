//! What is wrong is said, with its place; and nothing is stored.

use super::offline;
use crate::support::run;

#[test]
fn a_filter_that_is_wrong_is_pointed_at() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let wrong: [(&str, [u32; 2], &str, &str); 4] = [
            ("town = 'Oulu'", [0, 4], "town", "town = 'Oulu'\n^^^^\n"),
            ("city = 'Å' AND ort = 1", [15, 18], "ort", "city = 'Å' AND ort = 1\n               ^^^\n"),
            ("satisfaction = 'much'", [15, 21], "much", "\n               ^^^^^^\n"),
            ("account_id.branch = 'x'", [11, 17], "branch", "account_id.branch = 'x'\n"),
        ];
        for (filter, place, word, drawn) in wrong {
            for args in [&["filters", "preview", "contact", filter][..], &["filters", "add", "contact", "mine", filter]]
            {
                let refused = device.run(args).await;
                assert!(refused.talk.contains(drawn) && refused.talk.contains('^'), "{drawn:?}: {}", refused.talk);
                assert!(refused.answer["error"].as_str().is_some_and(|words| words.contains(word)), "{refused:?}");
                assert_eq!(refused.answer["place"], serde_json::json!(place), "{refused:?}");
                refused.expect(1);
            }
        }
        let list = device.run(&["filters", "list"]).await.expect(0);
        assert_eq!(list["groups"], serde_json::json!([]), "nothing was stored");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn what_cannot_be_meant_is_told() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let refused = async |args: &[&str], code: i32, words: &[&str]| {
            let ran = device.run(args).await;
            for word in words {
                assert!(ran.talk.contains(word), "{word:?} is not in {}", ran.talk);
            }
            ran.expect(code);
        };
        let mut ids = Vec::new();
        for entity in ["contact", "lead"] {
            let added = device.run(&["filters", "add", entity, "mine", "owner_id = current_user_id()"]).await.expect(0);
            ids.push(added["group"]["id"].as_str().expect("an id").to_owned());
        }
        refused(&["filters", "remove", "mine"], 1, &["contact", "lead", &ids[0], &ids[1], "by its id"]).await;
        refused(&["filters", "change", "mine", "--name", "ours"], 1, &[&ids[0], &ids[1]]).await;
        refused(&["filters", "remove", "ours"], 1, &["ours", "filters list"]).await;
        refused(&["filters", "add", "contact", "mine", "TRUE"], 1, &["mine", "another name"]).await;
        refused(&["filters", "add", "contract", "all", "TRUE"], 1, &["contract", "contact"]).await;
        refused(&["filters", "change", &ids[0]], 2, &["--name", "--filter"]).await;
        refused(&["filters", "add", "contact", "all", "TRUE", "--preview", "--sync"], 2, &["--preview", "--sync"])
            .await;
        refused(&["filters"], 2, &["list", "preview"]).await;
        device.run(&["filters", "change", "mine", "--entity", "lead", "--name", "ours"]).await.expect(0);
        device.run(&["filters", "remove", "mine"]).await.expect(0);
        device.run(&["filters", "remove", &ids[1], "--sync"]).await.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}
