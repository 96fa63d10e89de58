//! What was sent, what was PostSynced, and whether anything of that was sent again.

use std::collections::{HashMap, HashSet};

use sojourn_wire::SubscriptionId;
use sojourn_wire::batch::Kind;
use sqlx::PgPool;
use uuid::Uuid;

use super::tap::{Passed, Stored};

/// A row: object type code and id.
pub type Row = (i32, Uuid);

/// What the books of all devices come to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    pub sessions: u64,
    pub files: u64,
    pub rows: u64,
    /// Sent again although they had been PostSynced: rows that had changed since.
    pub changed: u64,
    /// Sent again before they were PostSynced.
    pub again: u64,
}

/// The books of one device.
pub struct Books {
    subscription: SubscriptionId,
    /// The last session that was looked at.
    last_seq: i32,
    /// PostSynced rows, and when the prepare of their session began, in microseconds of the server's clock.
    settled: HashMap<Row, i64>,
    /// Rows that were sent and never PostSynced.
    sent: HashSet<Row>,
}

#[derive(Debug, sqlx::FromRow)]
struct Session {
    id: Uuid,
    prepare_seq: i32,
    settled: i32,
    started_us: i64,
    batches: i32,
}

impl Books {
    /// Books without an entry.
    pub fn new(subscription: SubscriptionId) -> Self {
        Self { subscription, last_seq: 0, settled: HashMap::new(), sent: HashSet::new() }
    }

    /// The device was set up anew: it holds nothing. Nothing of it may be on its way.
    pub fn start_over(&mut self) {
        self.settled.clear();
        self.sent.clear();
    }

    /// Enters what has passed. Every acknowledgement must have been taken, and no session may be under way.
    ///
    /// # Panics
    /// When a row was sent again that had been PostSynced and not changed since, or a PostSync was not heeded.
    #[track_caller]
    pub fn enter(&mut self, sessions: &Sessions, passed: &Passed, touched: &HashMap<Row, i64>, sums: &mut Sums) {
        for (at, session) in sessions.0.iter().enumerate() {
            let files: Vec<&Stored> = passed.files.iter().filter(|file| file.session == session.id).collect();
            let is_last = at + 1 == sessions.0.len();
            self.check_complete(session, is_last, &files, passed);
            sums.sessions += 1;
            sums.files += files.len() as u64;
            for file in &files {
                self.check_file(session, file, touched, sums);
            }
            for file in files.iter().filter(|file| file.batch.cast_signed() <= session.settled) {
                self.settle(session, file);
            }
            self.last_seq = session.prepare_seq;
        }
    }

    /// The witness has seen everything, and every PostSync was heeded; unless a newer session had taken its place.
    #[track_caller]
    fn check_complete(&self, session: &Session, is_last: bool, files: &[&Stored], passed: &Passed) {
        let seen: HashSet<u32> = files.iter().map(|file| file.batch).collect();
        let recorded: HashSet<u32> = (1..=session.batches.unsigned_abs()).collect();
        assert!(recorded.is_subset(&seen), "{session:?}: the tap has missed some of it, and has only {seen:?}");
        let told = passed.post_synced.get(&session.id).copied().unwrap_or_default().cast_signed();
        assert!(session.settled <= told, "{session:?}: more is settled than the {told} that the device has PostSynced");
        assert!(session.settled == told || !is_last, "{session:?}: the device has PostSynced up to {told}");
    }

    #[track_caller]
    fn check_file(&mut self, session: &Session, file: &Stored, touched: &HashMap<Row, i64>, sums: &mut Sums) {
        if file.kind == Kind::Deletes {
            return;
        }
        sums.rows += file.ids.len() as u64;
        for id in &file.ids {
            let row = (file.object_type_code, *id);
            if let Some(settled) = self.settled.get(&row) {
                let changed = touched.get(&row).is_some_and(|touched| touched >= settled);
                assert!(
                    changed,
                    "{row:?} came again in batch {} of {session:?}, and was PostSynced in a session of {settled} µs; \
                     touched {:?}",
                    file.batch,
                    touched.get(&row)
                );
                sums.changed += 1;
            } else if !self.sent.insert(row) {
                sums.again += 1;
            }
        }
    }

    fn settle(&mut self, session: &Session, file: &Stored) {
        for id in &file.ids {
            let row = (file.object_type_code, *id);
            self.sent.remove(&row);
            match file.kind {
                Kind::Rows => drop(self.settled.insert(row, session.started_us)),
                Kind::Deletes => drop(self.settled.remove(&row)),
            }
        }
    }

    /// How many rows are PostSynced.
    pub fn settled(&self) -> u64 {
        self.settled.len() as u64
    }

    /// The sessions since it was last entered, in their order.
    pub async fn sessions(&self, admin: &PgPool) -> Sessions {
        let sessions = sqlx::query_as(
            "SELECT s.id, s.prepare_seq::int AS prepare_seq, s.settled,
                    (extract(epoch FROM s.started_at) * 1000000)::bigint AS started_us,
                    (SELECT count(*) FROM sojourn.batch b WHERE b.session_id = s.id AND b.kind <> 'end')::int AS batches
               FROM sojourn.session s WHERE s.subscription_id = $1 AND s.prepare_seq > $2 ORDER BY s.prepare_seq",
        );
        let sessions = sessions.bind(self.subscription.as_str()).bind(self.last_seq).fetch_all(admin).await;
        Sessions(sessions.expect("the sessions"))
    }
}

/// Sessions of one device, in their order.
pub struct Sessions(Vec<Session>);
