//! Fills an installed CRM: makes rows, sends them by COPY, and reports how far it is.

use std::collections::BTreeMap;

use sqlx::{PgConnection, PgPool};

use crate::draw::Draw;
use crate::entity::Entity;
use crate::error::SampleError;
use crate::organisation::{LEAST_USERS, People};
use crate::plan::Plan;
use crate::rows::{self, World};
use crate::{copy::Rows, indexes, shares};

/// How much is sent at a time, in bytes: small enough that Postgres works on one piece while we make the next.
const PIECE: usize = 64 * 1024;

/// From how many contacts on it is cheaper to build secondary indexes after the load.
const LARGE: u64 = 50_000;

/// How far the generator is with one entity; told after every piece, and once when the entity is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being loaded.
    pub entity: Entity,
    /// Its rows that were sent.
    pub rows: u64,
    /// Its rows altogether.
    pub of: u64,
}

/// What was generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The users to act as.
    pub people: People,
    /// Rows of each entity.
    pub rows: BTreeMap<Entity, u64>,
}

impl Generated {
    /// Rows of all entities together.
    pub fn total_rows(&self) -> u64 {
        self.rows.values().sum()
    }
}

/// Fills the CRM that [`install`](crate::install) made with the plan's rows, all or none, and analyses its tables.
/// User triggers do not fire for them and foreign keys are not checked: the rows hold by construction.
///
/// # Errors
/// Fails if the plan has too few users, or the tables are not empty, or the connection is not a superuser's.
pub async fn generate(
    pool: &PgPool,
    plan: &Plan,
    mut progress: impl FnMut(Progress),
) -> Result<Generated, SampleError> {
    if !plan.has_enough_users() {
        return Err(SampleError::TooFewUsers { users: plan.users, least: LEAST_USERS });
    }
    let world = World::new(plan);
    let step = |step| move |source| SampleError::Step { step, source };

    let mut transaction = pool.begin().await.map_err(step("begin the load"))?;
    let quiet = sqlx::query("SET LOCAL session_replication_role = replica").execute(&mut *transaction);
    quiet.await.map_err(step("keep triggers from firing during the load"))?;
    let is_large = plan.contacts >= LARGE;
    if is_large {
        indexes::drop_secondary(&mut transaction).await?;
    }
    for entity in Entity::ALL {
        load(&mut transaction, &world, entity, &mut progress).await?;
    }
    load_security_tables(&mut transaction, &world).await?;
    if is_large {
        indexes::build_secondary(&mut transaction).await?;
    }
    let tickets = sqlx::query("SELECT setval('crm.incident_ticket', count(*)) FROM crm.incident");
    tickets.execute(&mut *transaction).await.map_err(step("continue the ticket numbers"))?;
    transaction.commit().await.map_err(step("commit the load"))?;

    analyze(pool).await?;
    let rows = Entity::ALL.map(|entity| (entity, world.rows(entity) as u64)).into_iter().collect();
    Ok(Generated { people: world.book.organisation.people, rows })
}

/// Loads every row of one entity.
async fn load(
    connection: &mut PgConnection,
    world: &World,
    entity: Entity,
    progress: &mut impl FnMut(Progress),
) -> Result<(), SampleError> {
    let failed = |source| SampleError::Load { table: entity.name(), source };
    let table = rows::table(entity);
    let of = world.rows(entity);
    let mut draw = Draw::new(world.plan.seed, rows::stream(entity));
    let mut rows = Rows::default();
    let mut sink = connection.copy_in_raw(table.copy).await.map_err(failed)?;
    for index in 0..of {
        (table.write)(world, index, &mut draw, &mut rows);
        if rows.len() >= PIECE || index + 1 == of {
            sink.send(rows.take()).await.map_err(failed)?;
            progress(Progress { entity, rows: index as u64 + 1, of: of as u64 });
        }
    }
    sink.finish().await.map_err(failed)?;
    Ok(())
}

/// Loads the tables that say who may do what.
async fn load_security_tables(connection: &mut PgConnection, world: &World) -> Result<(), SampleError> {
    for (table, copy, write) in [rows::ROLES, rows::PRIVILEGES, rows::USER_ROLES, rows::TEAM_MEMBERS] {
        let mut rows = Rows::default();
        write(world, &mut rows);
        send_all(connection, table, copy, rows).await?;
    }
    let mut rows = Rows::default();
    shares::write(&world.book, &mut rows);
    send_all(connection, "share", shares::COPY, rows).await
}

async fn send_all(
    connection: &mut PgConnection,
    table: &'static str,
    copy: &'static str,
    mut rows: Rows,
) -> Result<(), SampleError> {
    let failed = |source| SampleError::Load { table, source };
    let mut sink = connection.copy_in_raw(copy).await.map_err(failed)?;
    sink.send(rows.take()).await.map_err(failed)?;
    sink.finish().await.map_err(failed)?;
    Ok(())
}

/// Statistics, so that the planner knows that a user's rows are few.
async fn analyze(pool: &PgPool) -> Result<(), SampleError> {
    let analyze = sqlx::query(
        "ANALYZE crm.business_unit, crm.system_user, crm.team, crm.team_member, crm.role, crm.user_role, \
         crm.role_privilege, crm.share, crm.office_worker, crm.account, crm.contact, crm.lead, crm.opportunity, crm.task, \
         crm.phone_call, crm.appointment, crm.letter, crm.fax, crm.email, crm.incident, crm.incident_line, \
         crm.annotation",
    );
    let step = "analyse the tables of the CRM";
    analyze.execute(pool).await.map_err(|source| SampleError::Step { step, source })?;
    Ok(())
}
