//! An identity that did not take is an error, never an empty set: to a prepare, nothing visible means that the device
//! must delete everything.

use sojourn_platform::acting::{ActingError, become_service, become_user, check_user};
use sojourn_platform::{Ident, Identity};
use sqlx::{PgPool, Postgres, Transaction};

use crate::support::{World, WorldPlan, run, service_pool};

const SEEN: &str = "SELECT count(*) FROM crm.contact";

fn acting_as(world: &World, role: &str) -> Identity {
    Identity { user_id: world.devices[0].user_id, acting_role: Ident::new(role).expect("a name") }
}

async fn statement(tx: &mut Transaction<'_, Postgres>, sql: &'static str) {
    sqlx::raw_sql(sql).execute(&mut **tx).await.expect("the statement runs");
}

async fn seen(tx: &mut Transaction<'_, Postgres>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(SEEN).fetch_one(&mut **tx).await
}

/// A world, the services' connections, and the device's user.
async fn with_service() -> (World, PgPool, Identity) {
    let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
    let pool = service_pool(&world).await;
    let user = acting_as(&world, "sojourn_user");
    (world, pool, user)
}

async fn end(world: World, pool: PgPool) {
    pool.close().await;
    world.stop().await;
}

#[test]
fn the_user_sees_as_the_user_and_the_service_as_nobody() {
    run(async {
        let (world, pool, user) = with_service().await;
        let mut tx = pool.begin().await.expect("a transaction");
        become_user(&mut tx, &user).await.expect("it takes");
        assert!(seen(&mut tx).await.expect("the user may look") > 10);
        check_user(&mut tx, &user).await.expect("still the user");
        become_service(&mut tx).await.expect("it takes");
        assert!(matches!(check_user(&mut tx, &user).await, Err(ActingError::NotTaken(_))));
        assert!(seen(&mut tx).await.is_err(), "the service itself may not look");
        tx.rollback().await.expect("it ends");

        // What an earlier transaction leaves behind is an empty string: policies must refuse it, not see nobody.
        let mut tx = pool.begin().await.expect("a transaction");
        statement(&mut tx, "SET LOCAL ROLE sojourn_user").await;
        assert!(seen(&mut tx).await.is_err(), "nobody is an error");
        tx.rollback().await.expect("it ends");
        end(world, pool).await;
    });
}

#[test]
fn a_role_that_was_not_granted_or_does_not_exist_is_an_error() {
    run(async {
        let (world, pool, _) = with_service().await;
        for role in ["crm_owner", "sojourn_owner", "postgres", "nobody_at_all"] {
            let mut tx = pool.begin().await.expect("a transaction");
            let refused = become_user(&mut tx, &acting_as(&world, role)).await;
            assert!(matches!(refused, Err(ActingError::Database(_))), "{role}: {refused:?}");
            assert!(seen(&mut tx).await.is_err(), "{role}: the transaction is of no more use");
            tx.rollback().await.expect("it ends");
        }
        end(world, pool).await;
    });
}

#[test]
fn a_role_set_after_a_savepoint_goes_with_it_and_the_check_says_so() {
    run(async {
        let (world, pool, user) = with_service().await;
        let mut tx = pool.begin().await.expect("a transaction");
        statement(&mut tx, "SAVEPOINT before").await;
        become_user(&mut tx, &user).await.expect("it takes");
        statement(&mut tx, "ROLLBACK TO SAVEPOINT before").await;
        match check_user(&mut tx, &user).await {
            Err(ActingError::NotTaken(found)) => {
                assert_eq!((found.role.as_str(), found.user.as_str()), ("sojourn_service", ""))
            }
            other => panic!("the role is gone: {other:?}"),
        }
        // Set before the first savepoint, as replay does, it stays.
        become_user(&mut tx, &user).await.expect("it takes again");
        statement(&mut tx, "SAVEPOINT after; ROLLBACK TO SAVEPOINT after").await;
        check_user(&mut tx, &user).await.expect("still the user");
        tx.rollback().await.expect("it ends");
        end(world, pool).await;
    });
}

#[test]
fn outside_a_transaction_nothing_takes_and_that_is_an_error() {
    run(async {
        let (world, pool, user) = with_service().await;
        let mut tx = pool.begin().await.expect("a transaction");
        // The driver still believes in its transaction; the server has ended it.
        statement(&mut tx, "COMMIT").await;
        let refused = become_user(&mut tx, &user).await;
        assert!(matches!(refused, Err(ActingError::NotTaken(_))), "{refused:?}");
        let words = refused.expect_err("refused").to_string();
        assert!(words.contains("did not take") && words.contains("sojourn_service"), "{words}");
        drop(tx);
        end(world, pool).await;
    });
}

#[test]
fn whatever_changes_the_identity_meanwhile_is_noticed() {
    run(async {
        let (world, pool, user) = with_service().await;
        for change in [
            "RESET ROLE",
            "SET LOCAL ROLE none",
            "SET LOCAL row_security = off",
            "SELECT set_config('sojourn.user_id', '00000000-0000-0000-0000-000000000001', true)",
            "RESET sojourn.user_id",
        ] {
            let mut tx = pool.begin().await.expect("a transaction");
            become_user(&mut tx, &user).await.expect("it takes");
            statement(&mut tx, change).await;
            let noticed = check_user(&mut tx, &user).await;
            assert!(matches!(noticed, Err(ActingError::NotTaken(_))), "{change}: {noticed:?}");
            tx.rollback().await.expect("it ends");
        }
        end(world, pool).await;
    });
}

#[test]
fn a_service_that_cannot_leave_the_user_says_so() {
    run(async {
        let (world, pool, user) = with_service().await;
        let mut tx = pool.begin().await.expect("a transaction");
        become_user(&mut tx, &user).await.expect("it takes");
        become_service(&mut tx).await.expect("the service again");
        statement(&mut tx, "SET LOCAL ROLE sojourn_user").await;
        become_service(&mut tx).await.expect("however it became the user");
        tx.rollback().await.expect("it ends");

        let mut admin = world.admin().begin().await.expect("a transaction");
        statement(&mut admin, "SET LOCAL SESSION AUTHORIZATION sojourn_service; SET LOCAL ROLE sojourn_user").await;
        become_service(&mut admin).await.expect("back to who logged in");
        admin.rollback().await.expect("it ends");
        end(world, pool).await;
    });
}
