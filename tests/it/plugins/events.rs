//! Events: from the outbox into the stream, at least once, in order, whatever breaks.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::stream;
use futures_util::StreamExt as _;
use sojourn_replay::events::publish_pending;
use sojourn_runtime::{deadline, deploy};
use sojourn_wire::events_api::PREFIX;
use sojourn_wire::streams::EVENTS;
use sqlx::PgPool;

use super::plugin_client;
use crate::support::{World, WorldPlan, run, until};

const WITHIN: Duration = Duration::from_secs(20);

/// Puts events `from` to `to` into the outbox.
async fn store(pool: &PgPool, from: i32, to: i32) {
    sqlx::query(
        "INSERT INTO sojourn.event (entity, command, event_id, message)
         SELECT 'contact', 'update', 's1:' || n, convert_to(n::text, 'UTF8')
           FROM generate_series($1, $2) AS n ORDER BY n",
    )
    .bind(from)
    .bind(to)
    .execute(pool)
    .await
    .expect("they are stored");
}

async fn waiting(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM sojourn.event").fetch_one(pool).await.expect("they are counted")
}

/// Publishes until nothing waits: the replay service may be doing the same.
async fn publish_all(world: &World) {
    until("all events are published", WITHIN, async || {
        publish_pending(world.admin(), world.stack.administrator()).await.expect("they are published");
        (waiting(world.admin()).await == 0).then_some(())
    })
    .await;
}

/// The events of the stream, from the first, as a workflow reads them.
pub(super) async fn reader(world: &World) -> pull::Stream {
    let context = jetstream::with_prefix(plugin_client(world).await, PREFIX);
    let stream = context.get_stream(EVENTS.name).await.expect("it may look at the stream");
    let config = pull::Config { durable_name: Some("workflow".to_owned()), ..pull::Config::default() };
    let consumer = stream.create_consumer(config).await.expect("it may have a consumer");
    consumer.messages().await.expect("it may read")
}

/// The first events of the stream.
async fn told(world: &World, count: usize) -> Vec<i32> {
    let mut messages = reader(world).await;
    let mut told = Vec::new();
    while told.len() < count {
        let next = deadline(WITHIN, "an event", messages.next()).await.expect("it comes in time");
        let message = next.expect("the consumer lives").expect("a message");
        assert_eq!(message.subject.as_str(), "event.contact.update");
        told.push(std::str::from_utf8(&message.payload).expect("text").trim().parse().expect("a number"));
        message.ack().await.expect("it may acknowledge");
    }
    told
}

async fn stored(world: &World) -> u64 {
    let context = jetstream::new(world.stack.administrator_of_events().clone());
    let stream = context.get_stream(EVENTS.name).await.expect("the stream is there");
    stream.cached_info().state.messages
}

#[test]
fn events_are_told_in_order_and_forgotten() {
    run(async {
        let world = WorldPlan::of(&[]).start().await;
        store(world.admin(), 1, 1_200).await;
        publish_all(&world).await;
        assert_eq!(told(&world, 1_200).await, (1..=1_200).collect::<Vec<_>>());
        assert_eq!(stored(&world).await, 1_200);
        world.stop().await;
    });
}

#[test]
fn who_dies_after_publishing_publishes_again_and_nothing_is_told_twice_or_out_of_order() {
    run(async {
        let world = WorldPlan::of(&[]).start().await;
        let sql = async |sql: &'static str| {
            sqlx::raw_sql(sql).execute(world.admin()).await.expect("the statement runs");
        };
        // What was published cannot be forgotten: everything is as if the process had been killed in between.
        sql("CREATE FUNCTION killed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'killed'; END $$;
             CREATE TRIGGER killed BEFORE DELETE ON sojourn.event EXECUTE FUNCTION killed();")
        .await;
        store(world.admin(), 1, 700).await;
        until("the first are published and not forgotten", WITHIN, async || {
            let _ = publish_pending(world.admin(), world.stack.administrator()).await;
            (stored(&world).await == 500).then_some(())
        })
        .await;
        assert_eq!(waiting(world.admin()).await, 700);
        sql("DROP TRIGGER killed ON sojourn.event").await;
        store(world.admin(), 701, 800).await;
        publish_all(&world).await;
        assert_eq!(told(&world, 800).await, (1..=800).collect::<Vec<_>>());
        assert_eq!(stored(&world).await, 800);
        world.stop().await;
    });
}

#[test]
fn an_event_that_is_not_taken_holds_up_those_behind_it() {
    run(async {
        let world = WorldPlan::of(&[]).start().await;
        let context = jetstream::new(world.stack.administrator_of_events().clone());
        let stream = context.get_stream(EVENTS.name).await.expect("the stream is there");
        let usual = stream.cached_info().config.clone();
        let small = stream::Config { max_message_size: 1_000, ..usual.clone() };
        context.update_stream(small).await.expect("it takes small messages alone");

        store(world.admin(), 1, 4).await;
        sqlx::query(
            "INSERT INTO sojourn.event (entity, command, event_id, message)
             VALUES ('contact', 'update', 's1:5', convert_to(rpad('5', 2000), 'UTF8'))",
        )
        .execute(world.admin())
        .await
        .expect("a large one is stored");
        store(world.admin(), 6, 20).await;
        until("those before it are published", WITHIN, async || {
            let _ = publish_pending(world.admin(), world.stack.administrator()).await;
            (waiting(world.admin()).await == 16).then_some(())
        })
        .await;
        assert_eq!(stored(&world).await, 4);

        context.update_stream(usual).await.expect("it takes large messages again");
        publish_all(&world).await;
        assert_eq!(told(&world, 20).await, (1..=20).collect::<Vec<_>>());
        world.stop().await;
    });
}

#[test]
fn many_publishers_and_a_server_that_dies_keep_the_order() {
    run(async {
        let mut world = WorldPlan::of(&[]).start().await;
        let (pool, client) = (world.admin().clone(), world.stack.administrator().clone());
        let publishers = (0..3).map(|_| {
            let (pool, client) = (pool.clone(), client.clone());
            tokio::spawn(async move {
                loop {
                    let _ = publish_pending(&pool, &client).await;
                    tokio::task::yield_now().await;
                }
            })
        });
        let publishers: Vec<_> = publishers.collect();
        for round in 0..5 {
            store(&pool, round * 3_000 + 1, (round + 1) * 3_000).await;
            // They are being published now.
            world.stack.nats().kill();
            world.stack.nats().restart().await.expect("it comes back");
        }
        until("all events are published", WITHIN, async || (waiting(&pool).await == 0).then_some(())).await;
        publishers.iter().for_each(tokio::task::JoinHandle::abort);
        assert_eq!(told(&world, 15_000).await, (1..=15_000).collect::<Vec<_>>());
        world.end().await;
    });
}

#[test]
fn a_stream_of_events_in_the_services_account_is_removed_at_deployment() {
    run(async {
        let world = WorldPlan::of(&[]).start().await;
        let administrator = world.stack.administrator();
        let context = jetstream::new(administrator.clone());
        let subjects = EVENTS.subjects.iter().map(|subject| (*subject).to_owned()).collect();
        let old = stream::Config { name: EVENTS.name.to_owned(), subjects, ..stream::Config::default() };
        context.create_stream(old).await.expect("it was there once");
        for _ in 0..2 {
            deploy::services(administrator).await.expect("the streams are made");
            context.get_stream(EVENTS.name).await.map(drop).expect_err("it is there no more");
        }
        store(world.admin(), 1, 3).await;
        publish_all(&world).await;
        assert_eq!(told(&world, 3).await, [1, 2, 3]);
        world.stop().await;
    });
}

#[test]
fn without_the_stream_events_wait() {
    run(async {
        let world = WorldPlan::of(&[]).start().await;
        let administrator = world.stack.administrator_of_events();
        let context = jetstream::new(administrator.clone());
        context.delete_stream(EVENTS.name).await.expect("it is gone");
        store(world.admin(), 1, 3).await;
        until("replay finds no stream", WITHIN, async || {
            let problem = publish_pending(world.admin(), world.stack.administrator()).await.err()?;
            problem.to_string().contains("no stream takes event.contact.update").then_some(())
        })
        .await;
        assert_eq!(waiting(world.admin()).await, 3);
        deploy::events(administrator).await.expect("the stream is made");
        publish_all(&world).await;
        assert_eq!(told(&world, 3).await, [1, 2, 3]);
        world.stop().await;
    });
}
