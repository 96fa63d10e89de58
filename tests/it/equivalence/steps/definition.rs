//! Changes of policies, functions, privileges, tables and triggers: what the catalog says.

use sojourn_schema::SchemaError;

use super::Done;
use super::transactions::end_all;
use crate::equivalence::server::{follow, register};
use crate::equivalence::words::fill;
use crate::equivalence::world::World;

/// How often, and what is done.
const CHANGES: &[(u32, &str)] = &[
    (2, "ALTER POLICY may_read ON extra.visit USING (owner_id = (SELECT extra.uid()) OR note LIKE 'R%')"),
    (2, "ALTER POLICY may_read ON extra.visit USING (owner_id = (SELECT extra.uid()) OR note LIKE 'o%')"),
    (1, "ALTER POLICY may_read ON extra.project USING (extra.is_open(name))"),
    (1, "ALTER POLICY may_read ON extra.project USING (owner_id = (SELECT extra.uid()) OR extra.is_open(name))"),
    (2, "CREATE OR REPLACE FUNCTION extra.is_open(name text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN name LIKE 'open%'"),
    (2, "CREATE OR REPLACE FUNCTION extra.is_open(name text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN name LIKE '%1'"),
    (1, "GRANT UPDATE ON extra.memo TO sojourn_user"),
    (1, "REVOKE UPDATE ON extra.memo FROM sojourn_user"),
    (1, "CREATE POLICY too ON extra.memo FOR SELECT TO sojourn_user USING (body LIKE 'open%')"),
    (2, "DROP POLICY too ON extra.memo"),
    (1, "ALTER TABLE extra.visit DISABLE ROW LEVEL SECURITY"),
    (3, "ALTER TABLE extra.visit ENABLE ROW LEVEL SECURITY"),
    (2, "ALTER TABLE crm.task ALTER subject TYPE text USING subject || ''"),
    (1, "ALTER TABLE crm.annotation ADD COLUMN IF NOT EXISTS extra{small} integer"),
    (2, "ALTER TABLE extra.visit DETACH PARTITION extra.visit_middle"),
    (4, "ALTER TABLE extra.visit ATTACH PARTITION extra.visit_middle
         FOR VALUES FROM ('50000000-0000-0000-0000-000000000000') TO ('a0000000-0000-0000-0000-000000000000')"),
    (1, "VACUUM FULL crm.contact"),
    (1, "TRUNCATE extra.visit_low"),
    (1, "ALTER TABLE crm.task DISABLE TRIGGER USER; UPDATE crm.task SET percent_complete = {small} WHERE {many:crm.task};
         ALTER TABLE crm.task ENABLE TRIGGER USER"),
    (1, "ALTER TABLE extra.memo DISABLE TRIGGER USER; DELETE FROM extra.memo WHERE {some:extra.memo}"),
];

/// Tables that are emptied.
const EMPTIED: &[(u32, &str)] = &[
    (2, "TRUNCATE crm.task"),
    (2, "TRUNCATE crm.incident_line"),
    (2, "TRUNCATE crm.share"),
    (2, "TRUNCATE extra.memo"),
    (2, "TRUNCATE extra.visit"),
    (1, "TRUNCATE extra.member"),
    (1, "TRUNCATE crm.incident CASCADE"),
    (1, "BEGIN; TRUNCATE crm.task; ROLLBACK"),
];

/// The catalog changes. Whoever has a transaction open mostly ends it before.
pub async fn change(world: &mut World) -> Done {
    done(world, CHANGES).await
}

/// A table is emptied: it then has another file, which the definition has, too.
pub async fn empty(world: &mut World) -> Done {
    done(world, EMPTIED).await
}

async fn done(world: &mut World, of: &[(u32, &'static str)]) -> Done {
    if world.chance.percent(85) {
        end_all(world).await;
    }
    let template = world.chance.weighed(of);
    let text = fill(template, world);
    world.run(text.clone()).await.ok()?;
    world.unregistered = true;
    Some(text)
}

/// What the catalog says is registered, and its triggers installed where they are missing.
pub async fn register_again(world: &mut World) -> Done {
    if !world.unregistered {
        return None;
    }
    if register(&world.admin).await.is_err() {
        end_all(world).await;
        if let Err(error) = repair(world).await {
            return Some(format!("not registered: {error}"));
        }
    }
    world.unregistered = false;
    Some("registered again".to_owned())
}

/// A table that nothing guards would be refused, and so would one whose changes nobody notes.
async fn repair(world: &World) -> Result<(), SchemaError> {
    world.run("ALTER TABLE extra.visit ENABLE ROW LEVEL SECURITY").await.expect("nobody is in the way");
    follow(&world.admin).await?;
    register(&world.admin).await
}
