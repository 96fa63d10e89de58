//! `sojourn-agent token`, and what it opens: the files of the own subscription over HTTP, whole and by ranges.

use std::ops::Range;

use sojourn_dev::stack::Config;
use sojourn_runtime::nats;
use sojourn_wire::batch::PART_BYTES;
use sojourn_wire::{Service, Subject};

use crate::faults::hand::Hand;
use crate::faults::running::LONG;
use crate::support::{Fetched, Web, World, WorldPlan, run};

/// Annotations alone: their batch is the first.
const CONFIG: &str = "dataset: crm\nacting_role: sojourn_user\nschema: crm\nentities:\n  - name: annotation\n    \
                      access_context: crm.access_context\n    depends_on: [{table: share, object: object_id}]\n";

/// A stored batch of several parts, its file, and the way to it.
struct Stored {
    world: World,
    hand: Hand,
    file: Vec<u8>,
    web: Web,
    path: String,
}

impl Stored {
    async fn start() -> Self {
        let plan = WorldPlan::of(&[|people| people.sales[0].id]);
        let plan = plan.with(|plan| sojourn_dev::stack::StackPlan { config: Config::Text(CONFIG.to_owned()), ..plan });
        let world = plan.start().await;
        let device = &world.devices[0];
        // Chance does not compress.
        let grow = "UPDATE crm.annotation SET body = (SELECT decode(string_agg(md5(random()::text), ''), 'hex')
                                                         FROM generate_series(1, 60000))
                     WHERE id = (SELECT min(id::text)::uuid FROM crm.annotation WHERE owner_id = $1)";
        assert_eq!(world.sql(grow, device.user_id).await, 1);
        let hand = Hand::begin(device).await;
        let file = hand.file(1).await;
        assert!(file.len() > 3 * PART_BYTES, "{} bytes", file.len());
        let answer = device.run(&["token"]).await.expect(0);
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        let (url, token, example) = (text("url"), text("token"), text("example"));
        assert_eq!(url, world.stack.http_url());
        assert!(example.starts_with("curl ") && example.contains(&token) && example.contains(&url), "{example}");
        let ends: jiff::Timestamp = text("expires_at").parse().expect("a time");
        let minutes = ends.duration_since(sojourn_runtime::clock::now()).as_mins();
        assert!((55..=60).contains(&minutes), "{ends}");
        let path = format!("/batches/{}/1", hand.session);
        Self { world, hand, file, web: Web { url, token: Some(token) }, path }
    }

    async fn get(&self, headers: &[(&str, &str)]) -> Fetched {
        self.web.get(&self.path, headers).await
    }

    #[track_caller]
    fn assert_part(&self, fetched: &Fetched, range: Range<usize>) {
        assert_eq!(fetched.status, 206, "{range:?}: {:?}", fetched.headers);
        let place = format!("bytes {}-{}/{}", range.start, range.end - 1, self.file.len());
        assert_eq!(fetched.header("content-range"), place);
        assert!(fetched.whole() == &self.file[range], "{place} differs");
    }
}

#[test]
fn a_batch_is_listed_and_fetched_whole_and_by_ranges() {
    run(async {
        let stored = Stored::start().await;
        let (file, size) = (&stored.file, stored.file.len());

        let list = stored.web.get("/batches", &[]).await.json();
        let listed = &list[0];
        assert_eq!(listed["session"], stored.hand.session.to_string());
        let counts = ["number", "bytes", "parts"].map(|name| listed[name].as_u64().unwrap_or_default() as usize);
        assert_eq!(counts, [1, size, size.div_ceil(PART_BYTES)]);
        assert_eq!(listed["kind"], "rows");
        assert_eq!(listed["url"], format!("{}{}", stored.web.url, stored.path));

        let whole = stored.get(&[]).await;
        assert_eq!(whole.status, 200);
        assert!(whole.whole() == file, "the file differs");
        assert_eq!(whole.header("content-length"), size.to_string());
        assert_eq!((whole.header("accept-ranges"), whole.header("cache-control")), ("bytes", "no-store"));
        assert_eq!(whole.header("content-type"), "application/octet-stream");
        assert!(whole.header("content-disposition").contains(&stored.hand.session.to_string()));
        let head = stored.web.ask("HEAD", &stored.path, &[("range", "bytes=0-1")]).await;
        let without_time = |fetched: &Fetched| {
            let headers = fetched.headers.iter().filter(|(name, _)| *name != "date");
            headers.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
        };
        assert_eq!((head.status, head.whole().len(), without_time(&head)), (200, 0, without_time(&whole)));

        let ranges = [0..1, 0..PART_BYTES, PART_BYTES - 1..PART_BYTES + 1, 100..3 * PART_BYTES, size - 1..size];
        for range in ranges {
            let asked = format!("bytes={}-{}", range.start, range.end - 1);
            stored.assert_part(&stored.get(&[("range", &asked)]).await, range);
        }
        let resumed = PART_BYTES + 7;
        stored.assert_part(&stored.get(&[("range", &format!("bytes={resumed}-"))]).await, resumed..size);
        stored.assert_part(&stored.get(&[("range", "bytes=-10")]).await, size - 10..size);
        let beyond = stored.get(&[("range", &format!("bytes={size}-"))]).await;
        assert_eq!((beyond.status, beyond.header("content-range")), (416, format!("bytes */{size}").as_str()));

        let etag = whole.header("etag");
        assert_eq!(stored.get(&[("if-none-match", etag)]).await.status, 304);
        let same = stored.get(&[("range", "bytes=5-6"), ("if-range", etag)]).await;
        stored.assert_part(&same, 5..7);
        let other = stored.get(&[("range", "bytes=5-6"), ("if-range", "\"another\"")]).await;
        assert_eq!((other.status, other.whole().len()), (200, size));
        stored.world.end().await;
    });
}

#[test]
fn a_part_that_goes_missing_breaks_the_answer_off_and_never_shortens_it() {
    run(async {
        let mut stored = Stored::start().await;
        let device = &stored.world.devices[0];
        let (agent, subscription) = (device.agent.clone(), device.subscription.clone());
        let part = Subject::BatchPart { agent, subscription, session: stored.hand.session, batch: 1, part: 2 };
        let administrator = stored.world.stack.administrator();
        nats::purge(administrator, &part.to_string(), LONG).await.expect("it is purged");

        let broken = stored.get(&[]).await;
        assert_eq!((broken.status, broken.body), (200, None));
        let before = 0..2 * PART_BYTES;
        let range = format!("bytes=0-{}", before.end - 1);
        stored.assert_part(&stored.get(&[("range", &range)]).await, before);
        assert_eq!(stored.get(&[("range", &format!("bytes={}-", 2 * PART_BYTES))]).await.status, 404);

        // Nor does a connection that is kept hold up the end of the service.
        let export = stored.world.stack.service(Service::Export);
        export.restart().await.expect("it ends cleanly, and starts again on the same address");
        assert_eq!(stored.get(&[("range", "bytes=0-0")]).await.status, 206);
        stored.world.end().await;
    });
}
