//! Setting a database up: roles, the schema `sojourn`, its migrations. Done by an administrator, never by a service.

use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

use crate::database::PlatformError;
use crate::sql::{Ident, Sql};

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// The login of the services.
pub const SERVICE_ROLE: &str = "sojourn_service";
/// The role that finds rows which nobody may see any more: it reads every row, but only the columns that `schema`
/// grants it.
pub const SCAN_ROLE: &str = "sojourn_scan";

/// Makes or updates everything Sojourn keeps in the database. Repeating it is harmless.
///
/// `admin` must be a superuser, or may create roles and owns the database. `service_password` becomes the password of
/// [`SERVICE_ROLE`]; none leaves it as it is.
///
/// # Errors
/// [`PlatformError`] says which step failed. Roles that were made before it stay.
pub async fn install(
    admin: &mut PgConnection,
    acting_role: &Ident,
    service_password: Option<&str>,
) -> Result<(), PlatformError> {
    roles(admin, acting_role, service_password).await?;
    scan_role(admin).await?;
    let mut tx = admin.begin().await.map_err(PlatformError::doing("beginning the set-up"))?;
    schema(&mut tx).await.map_err(PlatformError::doing("making the schema sojourn"))?;
    tx.commit().await.map_err(PlatformError::doing("making the schema sojourn"))?;
    migrate(admin).await
}

/// Roles belong to the whole cluster, where other databases may be set up at the same moment: what exists is left
/// alone, and what somebody else makes meanwhile is as good as ours.
async fn roles(admin: &mut PgConnection, acting_role: &Ident, password: Option<&str>) -> Result<(), PlatformError> {
    sqlx::raw_sql(
        "DO $$ BEGIN CREATE ROLE sojourn_owner NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
         DO $$ BEGIN CREATE ROLE sojourn_service LOGIN NOINHERIT; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;",
    )
    .execute(&mut *admin)
    .await
    .map_err(PlatformError::doing("making the roles sojourn_owner and sojourn_service"))?;
    let granted: Option<bool> = sqlx::query_scalar(
        "SELECT (SELECT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = r.oid
                   AND m.member = 'sojourn_service'::regrole)) FROM pg_roles r WHERE r.rolname = $1",
    )
    .bind(acting_role.name())
    .fetch_optional(&mut *admin)
    .await
    .map_err(PlatformError::doing("looking up the acting role"))?;
    let Some(granted) = granted else {
        return Err(PlatformError::Setup(format!(
            "the acting role {acting_role} does not exist; make it (CREATE ROLE {acting_role} NOLOGIN) and grant it \
             what users may do, or name another with `acting_role:` in sojourn.yaml"
        )));
    };
    if !granted {
        let grant = Sql::new("GRANT ").ident(acting_role).raw(" TO sojourn_service");
        sqlx::query(grant.into_sqlx())
            .execute(&mut *admin)
            .await
            .map_err(PlatformError::doing("granting the acting role to sojourn_service"))?;
    }
    if let Some(password) = password {
        // ALTER ROLE takes no parameters: the server itself quotes the literal.
        sqlx::query("SELECT set_config('sojourn.new_password', $1, false)")
            .bind(password)
            .execute(&mut *admin)
            .await
            .map_err(PlatformError::doing("setting the password of sojourn_service"))?;
        sqlx::raw_sql(
            "DO $$ BEGIN
               EXECUTE format('ALTER ROLE sojourn_service PASSWORD %L', current_setting('sojourn.new_password'));
               PERFORM set_config('sojourn.new_password', '', false);
             END $$",
        )
        .execute(&mut *admin)
        .await
        .map_err(PlatformError::doing("setting the password of sojourn_service"))?;
    }
    Ok(())
}

/// Makes the scanning role. Policies do not hold it back, which is not everybody's to give.
async fn scan_role(admin: &mut PgConnection) -> Result<(), PlatformError> {
    let doing = || PlatformError::doing("making the role sojourn_scan");
    let made = sqlx::raw_sql(
        "DO $$ BEGIN
           IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sojourn_scan' AND rolbypassrls) THEN
             BEGIN
               CREATE ROLE sojourn_scan NOLOGIN NOINHERIT BYPASSRLS;
             EXCEPTION WHEN duplicate_object OR unique_violation THEN
               ALTER ROLE sojourn_scan NOLOGIN NOINHERIT BYPASSRLS;
             END;
           END IF;
           IF NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = 'sojourn_scan'::regrole
                             AND member = 'sojourn_service'::regrole) THEN
             BEGIN
               GRANT sojourn_scan TO sojourn_service;
             EXCEPTION WHEN unique_violation THEN NULL;
             END;
           END IF;
         END $$",
    )
    .execute(admin)
    .await;
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.as_database_error().and_then(|e| e.code()).as_deref() == Some("42501") => {
            Err(PlatformError::Setup(format!(
                "this login may not make {SCAN_ROLE}, a role that row-level security does not hold back ({error}); a \
                 superuser must run: CREATE ROLE {SCAN_ROLE} NOLOGIN NOINHERIT BYPASSRLS (or ALTER ROLE, where it is \
                 there); GRANT {SCAN_ROLE} TO {SERVICE_ROLE}; then do this again"
            )))
        }
        Err(error) => Err(doing()(error)),
    }
}

async fn schema(tx: &mut Transaction<'_, Postgres>) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "CREATE SCHEMA IF NOT EXISTS sojourn AUTHORIZATION sojourn_owner;
         GRANT USAGE ON SCHEMA sojourn TO sojourn_service;
         DO $$ BEGIN EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO sojourn_service', current_database()); END $$;",
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Migrations run as the owner, with names resolved in `sojourn` alone, so that what they make belongs there.
async fn migrate(admin: &mut PgConnection) -> Result<(), PlatformError> {
    let doing = PlatformError::doing("becoming sojourn_owner for the migrations");
    sqlx::raw_sql("SET ROLE sojourn_owner; SET search_path = sojourn").execute(&mut *admin).await.map_err(doing)?;
    let mut migrator = Migrator { migrations: MIGRATOR.migrations.clone(), ..Migrator::DEFAULT };
    migrator.dangerous_set_table_name("sojourn.migration");
    let migrated = migrator.run_direct(None, &mut *admin, false).await;
    let doing = PlatformError::doing("leaving sojourn_owner after the migrations");
    sqlx::raw_sql("RESET ROLE; RESET search_path").execute(&mut *admin).await.map_err(doing)?;
    migrated.map_err(|error| PlatformError::Setup(format!("migrating the schema sojourn: {error}")))
}
