//! A link as bad as they come: slow, far, and every now and then a connection breaks. A load comes through, and what is
//! told of its progress is true.

use std::time::Duration;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use sojourn_sample_crm::People;
use uuid::Uuid;

use super::running::through_link;
use crate::support::{WorldPlan, run};

const SEED: u64 = 9;
const BYTES_PER_SECOND: u64 = 100_000;
/// Half of a round trip.
const ONE_WAY: Duration = Duration::from_millis(150);
/// How likely a connection breaks at each piece of at most 8 KB.
const BREAKS: f64 = 0.02;
/// Rows beside those of the sample, with nothing in them that could be compressed.
const ROWS: &str = "INSERT INTO crm.task (subject, description, owner_id, owning_business_unit_id)
    SELECT 'task ' || n, md5(n::text) || md5('more of ' || n), u.id, u.business_unit_id
      FROM crm.system_user u, generate_series(1, 3000) n WHERE u.id = $1";

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// How far a session is, by its lines: `moving data: 12,000 of 100,000 rows (12%), …`.
#[derive(Debug, Default)]
struct Told {
    total: u64,
    positions: Vec<u64>,
}

/// What was told of each session.
fn told(talk: &str) -> Vec<Told> {
    let number = |word: &str| word.replace(',', "").parse::<u64>().expect("a number");
    let mut sessions = Vec::new();
    for line in talk.lines() {
        if line == "preparing" {
            sessions.push(Told::default());
        }
        let (Some(counts), Some(session)) = (line.strip_prefix("moving data: "), sessions.last_mut()) else { continue };
        let words: Vec<&str> = counts.split(' ').collect();
        let (position, total) = (number(words[0]), number(words[2]));
        assert!(session.positions.is_empty() || total == session.total, "the total changed: {line}");
        session.total = total;
        session.positions.push(position);
    }
    sessions
}

#[test]
fn a_load_comes_over_a_slow_and_unsteady_link_and_its_progress_is_true() {
    run(async {
        println!("seed {SEED}");
        let mut world = WorldPlan::of(&[sales]).with(|plan| plan.batch_rows(500)).start().await;
        let user = world.devices[0].user_id;
        assert_eq!(world.sql(ROWS, user).await, 3_000);
        let link = through_link(&mut world, 0).await;
        link.throttle(BYTES_PER_SECOND);
        link.delay(ONE_WAY);
        link.unsteady(BREAKS, ChaCha8Rng::seed_from_u64(SEED));
        let ran = world.devices[0].run(&["go-offline", "--progress", "lines"]).await;
        let (talk, passed) = (ran.talk.clone(), link.passed());
        let answer = ran.expect(0);
        let rows = world.assert_converged(0).await;
        println!("{rows} rows in {passed} bytes: {}\n{talk}", answer["data"]);
        assert!((3_000..=6_000).contains(&rows), "{rows}");
        assert_eq!(answer["data"]["rows"].as_u64(), Some(rows), "each row came once");

        let sessions = told(&talk);
        assert_eq!(sessions[0].total, rows, "what there is to move was known from the beginning");
        for session in &sessions {
            assert!(session.positions.is_sorted(), "it went back: {session:?}");
            if let Some((last, before)) = session.positions.split_last() {
                assert!(before.iter().all(|position| *position < session.total), "too early: {session:?}");
                assert!(*last <= session.total, "{session:?}");
            }
        }
        let mut distinct: Vec<u64> = sessions[0].positions.clone();
        distinct.dedup();
        assert!(distinct.len() >= 5, "it moved in leaps: {distinct:?}");
        assert_eq!(sessions.iter().rev().find_map(|session| session.positions.last()), Some(&rows), "{sessions:?}");
        world.stop().await;
    });
}
