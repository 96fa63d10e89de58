//! A witness in the CRM's own database: a trigger that notes every effect on a task, and by which operation it came.

use std::collections::BTreeMap;

use crate::support::{Device, World};

/// A slow trigger, so that a chunk takes long enough to be interrupted.
const WITNESS: &str = "
    CREATE TABLE public.effect (number bigserial PRIMARY KEY, operation text NOT NULL, txid xid8 NOT NULL);
    CREATE FUNCTION public.note_effect() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
    BEGIN
        PERFORM pg_sleep(0.003);
        INSERT INTO public.effect (operation, txid)
        VALUES (current_setting('sojourn.operation_id', true), pg_current_xact_id());
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_effect AFTER INSERT OR UPDATE OR DELETE ON crm.task
        FOR EACH ROW EXECUTE FUNCTION public.note_effect();";

/// Puts the witness into the CRM's database.
pub async fn install(world: &World) {
    sqlx::raw_sql(WITNESS).execute(world.admin()).await.expect("the witness is installed");
}

/// How many effects are committed.
pub async fn effects(world: &World) -> u64 {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM public.effect")
        .fetch_one(world.admin())
        .await
        .expect("the witness is asked");
    count.unsigned_abs()
}

/// Captures so many operations on a device: tasks are created, then changed again and again, so that order matters.
pub fn work(device: &Device, operations: u64) {
    let user = device.user_id;
    let statements = (0..operations).map(|number| match number % 3 {
        0 => format!(
            "INSERT INTO task (subject, owner_id, owning_business_unit_id)
             SELECT 'made {number}', id, business_unit_id FROM system_user WHERE id = '{user}';"
        ),
        _ => {
            let newest = "(SELECT max(rowid) FROM task WHERE subject LIKE 'made %')";
            format!("UPDATE task SET description = 'changed by {number}' WHERE rowid = {newest};")
        }
    });
    device.write(&statements.collect::<Vec<_>>().join("\n"));
}

/// Asserts that every operation of a device from 1 to `operations` had its effect once, in order of capture, and has
/// one verdict: applied.
pub async fn assert_once_and_in_order(world: &World, device: &Device, operations: u64) {
    let subscription = device.subscription.as_str();
    let effects: Vec<String> = sqlx::query_scalar(
        "SELECT operation FROM public.effect WHERE split_part(operation, ':', 1) = $1 ORDER BY number",
    )
    .bind(subscription)
    .fetch_all(world.admin())
    .await
    .expect("the witness is asked");
    let expected: Vec<String> = (1..=operations).map(|sequence| format!("{subscription}:{sequence}")).collect();
    assert_eq!(effects, expected, "each once, and in order of capture");
    let verdicts: Vec<(i64, String)> =
        sqlx::query_as("SELECT sequence, verdict FROM sojourn.operation WHERE subscription_id = $1 ORDER BY sequence")
            .bind(subscription)
            .fetch_all(world.admin())
            .await
            .expect("the verdicts");
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    verdicts.iter().for_each(|(_, verdict)| *counts.entry(verdict).or_default() += 1);
    assert_eq!(counts, BTreeMap::from([("applied", operations)]), "one verdict for each operation");
}
