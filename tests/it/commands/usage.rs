//! A wrong command line ends with 2 and says how it is used.

use super::{assert_refused, ran, sojourn_dev};
use crate::support::{agent, run};

#[test]
fn the_agent_tells_wrong_usage_apart() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("home");
        let wrong: [(&[&str], &str); 7] = [
            (&[], "Usage"),
            (&["go-of-line"], "go-offline"),
            (&["init"], "--credentials"),
            (&["queue", "--limit", "many"], "many"),
            (&["sync", "--quickly"], "--quickly"),
            (&["sync", "--no-repair"], "--verify"),
            (&["sync", "--patience", "-1"], "-1"),
        ];
        for (args, word) in wrong {
            assert_refused(&ran(agent(&home, args)).await, 2, &[word]);
        }
        assert!(!home.exists(), "nothing was made");
    });
}

#[test]
fn the_stack_tells_wrong_usage_apart() {
    run(async {
        let wrong: [(&[&str], &str); 6] = [
            (&[], "Usage"),
            (&["stak"], "stack"),
            (&["stack", "--user", "me"], "me"),
            (&["stack", "--database-url", "postgres://a@b/c"], "--config"),
            (&["stack", "--config", "a.yaml", "--database-url", "mysql://me:hunter2@b/c"], "postgres://"),
            (&["stack", "--rows", "5", "--config", "a.yaml", "--database-url", "postgres://a@b/c"], "--rows"),
        ];
        for (args, word) in wrong {
            assert_refused(&ran(sojourn_dev(args)).await, 2, &[word]);
        }
    });
}
