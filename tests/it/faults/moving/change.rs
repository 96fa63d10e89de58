//! What happens on the server meanwhile, and a witness of it in the CRM's own tables.

use std::collections::HashMap;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use sqlx::PgPool;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

/// Triggers that note every row that is touched, or shared, with the transaction that did it. When that was over is
/// noted by whoever committed it: a note without that is of a change whose end nobody knows.
const WITNESS: &str = "
    CREATE TABLE public.witness (code int NOT NULL, object_id uuid NOT NULL, txid xid8 NOT NULL);
    CREATE TABLE public.committed (txid xid8 PRIMARY KEY, at timestamptz NOT NULL);
    CREATE FUNCTION public.note_row() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
    BEGIN
        INSERT INTO public.witness
        SELECT TG_ARGV[0]::int, id, pg_current_xact_id() FROM (VALUES (OLD.id), (NEW.id)) row (id) WHERE id IS NOT NULL;
        RETURN NULL;
    END $$;
    CREATE FUNCTION public.note_share() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
    BEGIN
        INSERT INTO public.witness
        SELECT code, id, pg_current_xact_id()
          FROM (VALUES (OLD.object_type_code, OLD.object_id), (NEW.object_type_code, NEW.object_id)) row (code, id)
         WHERE id IS NOT NULL;
        RETURN NULL;
    END $$;
    DO $$
    DECLARE
        entity record;
    BEGIN
        FOR entity IN VALUES ('account', 1), ('contact', 2), ('opportunity', 3), ('lead', 4), ('annotation', 5),
            ('system_user', 8), ('team', 9), ('business_unit', 10), ('incident', 112), ('incident_line', 113),
            ('appointment', 4201), ('email', 4202), ('fax', 4204), ('letter', 4207), ('phone_call', 4210), ('task', 4212)
        LOOP
            EXECUTE format('CREATE TRIGGER note_row AFTER INSERT OR UPDATE OR DELETE ON crm.%I
                FOR EACH ROW EXECUTE FUNCTION public.note_row(%s)', entity.column1, entity.column2);
        END LOOP;
    END $$;
    CREATE TRIGGER note_share AFTER INSERT OR UPDATE OR DELETE ON crm.share
        FOR EACH ROW EXECUTE FUNCTION public.note_share();";

/// Marks: every row that bears one bears the same, on the server at any time.
const MARKS: [&str; 2] = [
    "UPDATE crm.contact SET job_title = 'mark ' || $2 WHERE id = ANY ($1)",
    "UPDATE crm.task SET description = 'mark ' || $2 WHERE id = ANY ($1)",
];

/// Changes of some rows that bear no mark: `$1` marked rows, `$2` which, `$3` how many, `$4` whose.
const CHANGES: [&str; 9] = [
    "UPDATE crm.contact SET city = 'City ' || $2 WHERE id IN (SELECT id FROM crm.contact
      WHERE id <> ALL ($1) AND (owner_id = $4 OR $2 % 3 = 0) ORDER BY hashtextextended(id::text, $2) LIMIT $3)",
    "UPDATE crm.task SET subject = 'subject ' || $2 WHERE id IN (SELECT id FROM crm.task
      WHERE id <> ALL ($1) AND (owner_id = $4 OR $2 % 3 = 0) ORDER BY hashtextextended(id::text, $2) LIMIT $3)",
    "UPDATE crm.account SET website = 'website ' || $2 WHERE id IN (SELECT id FROM crm.account
      WHERE id <> ALL ($1) AND owner_id = $4 ORDER BY hashtextextended(id::text, $2) LIMIT $3)",
    "UPDATE crm.phone_call SET description = 'call ' || $2 WHERE id IN (SELECT id FROM crm.phone_call
      WHERE id <> ALL ($1) AND (owner_id = $4 OR $2 % 3 = 0) ORDER BY hashtextextended(id::text, $2) LIMIT $3)",
    "INSERT INTO crm.task (subject, owner_id, owning_business_unit_id)
     SELECT 'new ' || $2, id, business_unit_id FROM crm.system_user, generate_series(1, $3)
      WHERE id = $4 AND id <> ALL ($1)",
    "DELETE FROM crm.task WHERE id IN (SELECT id FROM crm.task
      WHERE id <> ALL ($1) AND owner_id = $4 ORDER BY hashtextextended(id::text, $2) LIMIT $3 / 2)",
    "INSERT INTO crm.share (principal_id, object_type_code, object_id)
     SELECT $4, 2, id FROM crm.contact WHERE id <> ALL ($1) AND owner_id <> $4
      ORDER BY hashtextextended(id::text, $2) LIMIT $3 ON CONFLICT DO NOTHING",
    "DELETE FROM crm.share WHERE principal_id = $4 AND object_id IN (SELECT object_id FROM crm.share
      WHERE principal_id = $4 AND object_id <> ALL ($1) ORDER BY hashtextextended(object_id::text, $2) LIMIT $3 * 2)",
    "UPDATE crm.contact SET owner_id = $4 WHERE id IN (SELECT id FROM crm.contact
      WHERE id <> ALL ($1) AND owner_id <> $4 ORDER BY hashtextextended(id::text, $2) LIMIT $3 / 8 + 1)",
];

/// Some rows of a user's, from the first to the last.
const SPREAD: [&str; 2] = [
    "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n, count(*) OVER () AS all_of_them
       FROM crm.contact WHERE owner_id = $1) row WHERE n = 1 OR n = all_of_them OR n % 4 = 0",
    "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n, count(*) OVER () AS all_of_them
       FROM crm.task WHERE owner_id = $1) row WHERE n = 1 OR n = all_of_them OR n % 4 = 0",
];

/// Who changes the server.
pub struct Author {
    admin: PgPool,
    users: Vec<Uuid>,
    marked: Vec<Uuid>,
    number: i64,
}

impl Author {
    /// Puts the witness in place, and the first mark.
    pub async fn begin(admin: &PgPool, users: Vec<Uuid>) -> Self {
        sqlx::raw_sql(WITNESS).execute(admin).await.expect("the witness is installed");
        let mut marked = Vec::new();
        for (user, select) in users.iter().flat_map(|user| SPREAD.map(|select| (user, select))) {
            let ids: Vec<Uuid> = sqlx::query_scalar(select).bind(user).fetch_all(admin).await.expect("the user's rows");
            assert!(ids.len() > 1, "too few rows to be marked: {ids:?} of {user}");
            marked.extend(ids);
        }
        let mut author = Self { admin: admin.clone(), users, marked, number: 0 };
        author.mark().await;
        author
    }

    /// Gives all marked rows of all users the next mark, in one transaction. A session that goes on meanwhile may bring
    /// some of them and not the others: so there must be none.
    pub async fn mark(&mut self) {
        self.number += 1;
        let queries = MARKS.map(|mark| sqlx::query(mark).bind(self.marked.clone()).bind(self.number.to_string()));
        self.commit(queries).await;
    }

    /// Changes something else.
    pub async fn change(&mut self, chance: &mut ChaCha8Rng) {
        let count = chance.random_range(1..4);
        let queries: Vec<_> = (0..count)
            .map(|_| {
                let which = CHANGES[chance.random_range(0..CHANGES.len())];
                let user = self.users[chance.random_range(0..self.users.len())];
                let (seed, rows) = (chance.random_range(0..1_000_i64), chance.random_range(1..120_i64));
                sqlx::query(which).bind(self.marked.clone()).bind(seed).bind(rows).bind(user)
            })
            .collect();
        self.commit(queries).await;
    }

    async fn commit(&self, queries: impl IntoIterator<Item = Query<'_, Postgres, PgArguments>>) {
        let mut tx: Transaction<'_, Postgres> = self.admin.begin().await.expect("a transaction");
        for query in queries {
            query.execute(&mut *tx).await.expect("the statement runs");
        }
        let txid: String = sqlx::query_scalar("SELECT pg_current_xact_id()::text")
            .fetch_one(&mut *tx)
            .await
            .expect("the transaction's id");
        tx.commit().await.expect("it is committed");
        sqlx::query("INSERT INTO public.committed VALUES ($1::xid8, clock_timestamp())")
            .bind(txid)
            .execute(&self.admin)
            .await
            .expect("its end is noted");
    }

    /// When each row was touched last, in microseconds of the server's clock: at that moment it was committed already.
    pub async fn touched(&self) -> HashMap<(i32, Uuid), i64> {
        let touched: Vec<(i32, Uuid, i64)> = sqlx::query_as(
            "SELECT w.code, w.object_id,
                    max(coalesce((extract(epoch FROM c.at) * 1000000)::bigint, 9223372036854775807))
               FROM public.witness w LEFT JOIN public.committed c USING (txid) GROUP BY w.code, w.object_id",
        )
        .fetch_all(&self.admin)
        .await
        .expect("the witness is asked");
        touched.into_iter().map(|(code, id, at)| ((code, id), at)).collect()
    }
}
