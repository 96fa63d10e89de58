//! The fence, broken on purpose: the same story must notice.

use std::time::{Duration, Instant};

use sqlx::PgPool;

use super::device::Habits;
use super::story::{Plan, tell};
use crate::support::run;

/// Seeds of the stories that are told of each.
const SEEDS: [u64; 2] = [1, 2];

/// One way to break it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// It stays where it is.
    Standing,
    /// It is set back now and then.
    SetBack,
    /// It moves too far.
    Hasty,
    /// Nobody locks it, so that two may pass at once.
    Unlocked,
}

const ALL: [Mutation; 4] = [Mutation::Standing, Mutation::SetBack, Mutation::Hasty, Mutation::Unlocked];

/// Stored verdicts would keep operations from being played back twice too: by their key.
const KEYLESS: &str = "ALTER TABLE sojourn.operation DROP CONSTRAINT operation_pkey;
    INSERT INTO sojourn.replay_progress (subscription_id) SELECT id FROM sojourn.subscription ON CONFLICT DO NOTHING;";
const STANDING: &str = "CREATE FUNCTION public.mutate() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RETURN OLD; END $$";
const SET_BACK: &str = "CREATE FUNCTION public.mutate() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.next_sequence % 3 = 0 THEN RETURN OLD; END IF; RETURN NEW; END $$";
const HASTY: &str = "CREATE FUNCTION public.mutate() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.next_sequence := NEW.next_sequence + 1; RETURN NEW; END $$";
const MUTATE: &str = "CREATE TRIGGER mutate BEFORE UPDATE ON sojourn.replay_progress
    FOR EACH ROW EXECUTE FUNCTION public.mutate()";
/// What a function gives cannot be locked. Whoever has looked once believes that for the rest of the transaction, and takes
/// a while, so that those who come at once pass at once.
const UNLOCKED: &str = "
    ALTER TABLE sojourn.replay_progress RENAME TO fence;
    CREATE FUNCTION sojourn.unlocked() RETURNS SETOF sojourn.fence LANGUAGE plpgsql AS $$
    DECLARE
        seen text := current_setting('mutant.fences', true);
    BEGIN
        IF coalesce(seen, '') = '' THEN
            seen := (SELECT json_object_agg(subscription_id, next_sequence) FROM sojourn.fence);
            PERFORM set_config('mutant.fences', seen, true), pg_sleep(0.1);
        END IF;
        RETURN QUERY SELECT key, value::bigint FROM json_each_text(seen::json);
    END $$;
    CREATE VIEW sojourn.replay_progress AS SELECT * FROM sojourn.unlocked();
    CREATE FUNCTION sojourn.move_fence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE sojourn.fence SET next_sequence = NEW.next_sequence WHERE subscription_id = OLD.subscription_id;
        RETURN NEW;
    END $$;
    CREATE TRIGGER move_fence INSTEAD OF UPDATE ON sojourn.replay_progress
        FOR EACH ROW EXECUTE FUNCTION sojourn.move_fence();
    GRANT SELECT, UPDATE ON sojourn.fence, sojourn.replay_progress TO sojourn_service;
    GRANT EXECUTE ON FUNCTION sojourn.unlocked(), sojourn.move_fence() TO sojourn_service";

impl Mutation {
    /// Breaks the fence of this database.
    pub async fn strike(self, admin: &PgPool) {
        let statements: &[&'static str] = match self {
            Self::Standing => &[KEYLESS, STANDING, MUTATE],
            Self::SetBack => &[KEYLESS, SET_BACK, MUTATE],
            Self::Hasty => &[KEYLESS, HASTY, MUTATE],
            Self::Unlocked => &[KEYLESS, UNLOCKED],
        };
        for statement in statements {
            sqlx::raw_sql(*statement).execute(admin).await.expect("the fence is broken");
        }
    }
}

#[test]
fn every_mutation_of_the_fence_is_noticed() {
    run(async {
        for mutation in ALL {
            for seed in SEEDS {
                let started = Instant::now();
                let habits = Habits { operations: 60, twice: 1.0, patience: Duration::from_secs(15) };
                let plan = Plan { devices: 4, habits, chaos: false, mutation: Some(mutation) };
                let wrong = tell(seed, plan).await.expect_err("somebody notices");
                let first: String = wrong[0].chars().take(200).collect();
                println!("faults: {mutation:?} noticed {} times, {:?}: {first}", wrong.len(), started.elapsed());
                let is_silence = |wrong: &String| wrong.ends_with("no answer");
                assert!(!wrong.iter().all(is_silence), "{mutation:?}: nothing was noticed but silence");
            }
        }
    });
}
