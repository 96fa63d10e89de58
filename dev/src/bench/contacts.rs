//! The contacts, their owners, and changes of them, in the sample's schema.

use sojourn_platform::PlatformError;
use uuid::Uuid;

use super::error::BenchError;
use super::server::Database;
use super::unit::Unit;

/// What goes offline: contacts alone.
pub(super) const YAML: &str = "dataset: bench\nschema: crm\nentities:\n  - name: contact\n    type_code: 2\n";
/// What [`YAML`] calls it.
pub(super) const DATASET: &str = "bench";
/// The object type code of contacts in [`YAML`].
pub(super) const TYPE_CODE: i32 = 2;

/// Installs the CRM and loads the contacts of these units, the root first. Contacts lie in the table in no order:
/// neither of their keys nor of their owners.
pub(super) async fn load(database: &Database, units: &[Unit]) -> Result<(), BenchError> {
    sojourn_sample_crm::install(&database.admin).await?;
    let doing = || PlatformError::doing("loading the contacts");
    let of = |id: fn(&Unit) -> Uuid| units.iter().map(id).collect::<Vec<Uuid>>();
    let mut tx = database.admin.begin().await.map_err(doing())?;
    // The sample's triggers would look up every owner's unit; the rows hold by construction.
    sqlx::raw_sql(
        "SET LOCAL session_replication_role = replica;
         DROP INDEX crm.contact_account, crm.contact_manager, crm.contact_owner, crm.contact_business_unit;
         INSERT INTO crm.role (id, name) VALUES ('00000000-0000-0000-0000-000000000001', 'reads the own unit'),
                                                ('00000000-0000-0000-0000-000000000002', 'reads everything');
         INSERT INTO crm.role_privilege (role_id, object_type_code, operation, depth)
         VALUES ('00000000-0000-0000-0000-000000000001', 2, 'read', 'business_unit'),
                ('00000000-0000-0000-0000-000000000002', 2, 'read', 'organisation')",
    )
    .execute(&mut *tx)
    .await
    .map_err(doing())?;
    sqlx::query(
        "WITH unit AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bool[]) AS unit (id, user_id, is_root)),
              units AS (INSERT INTO crm.business_unit (id, name, parent_id)
                        SELECT id, 'unit ' || id, CASE WHEN NOT is_root THEN $1[1] END FROM unit),
              users AS (INSERT INTO crm.system_user (id, full_name, email, business_unit_id)
                        SELECT user_id, 'user ' || user_id, user_id || '@example.org', id FROM unit)
         INSERT INTO crm.user_role (user_id, role_id)
         SELECT user_id, ('00000000-0000-0000-0000-00000000000' || CASE WHEN is_root THEN 2 ELSE 1 END)::uuid FROM unit",
    )
    .bind(of(Unit::id))
    .bind(of(Unit::user_id))
    .bind(units.iter().map(|unit| unit.is_root()).collect::<Vec<bool>>())
    .execute(&mut *tx)
    .await
    .map_err(doing())?;
    sqlx::query(
        "INSERT INTO crm.contact (id, salutation, first_name, last_name, job_title, email, phone, city, birth_date,
                                  preferred_channel, may_be_emailed, loyalty_points, satisfaction, notes, account_id,
                                  owner_id, owning_business_unit_id)
         SELECT md5('contact ' || n)::uuid, 'Dr', 'First ' || n % 1000, 'Last ' || n, 'Buyer of things',
                'contact' || n || '@example.org', '+49 30 ' || n, 'City ' || n % 500, date '1960-01-01' + (n % 15000)::int,
                'email', true, n * 7, n % 5, repeat('met at the fair; ', (n % 8)::int), md5('account ' || n % 5000)::uuid,
                u.user_id, u.id
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) AS u (id, user_id, first, owns),
                generate_series(u.first, u.first + u.owns - 1) n
          ORDER BY md5('place ' || n)",
    )
    .bind(of(Unit::id))
    .bind(of(Unit::user_id))
    .bind(units.iter().map(|unit| unit.first.cast_signed()).collect::<Vec<i64>>())
    .bind(units.iter().map(|unit| unit.owns.cast_signed()).collect::<Vec<i64>>())
    .execute(&mut *tx)
    .await
    .map_err(doing())?;
    sqlx::raw_sql(
        "CREATE INDEX contact_account ON crm.contact (account_id);
         CREATE INDEX contact_manager ON crm.contact (manager_id) WHERE manager_id IS NOT NULL;
         CREATE INDEX contact_owner ON crm.contact (owner_id);
         CREATE INDEX contact_business_unit ON crm.contact (owning_business_unit_id)",
    )
    .execute(&mut *tx)
    .await
    .map_err(doing())?;
    tx.commit().await.map_err(doing())?;
    database.execute("vacuuming after the load", "VACUUM ANALYZE").await
}

/// Changes contacts, given by their numbers, in one transaction.
pub(super) async fn change(database: &Database, numbers: &[i64]) -> Result<(), BenchError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let changed = sqlx::query(
        "UPDATE crm.contact SET loyalty_points = loyalty_points + 1
          WHERE id IN (SELECT md5('contact ' || n)::uuid FROM unnest($1::bigint[]) n)",
    )
    .bind(numbers)
    .execute(&database.admin)
    .await
    .map_err(PlatformError::doing("changing contacts"))?
    .rows_affected();
    if changed == numbers.len() as u64 {
        return Ok(());
    }
    Err(BenchError::Beside(format!("{changed} contacts were changed instead of {}", numbers.len())))
}
