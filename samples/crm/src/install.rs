//! Creates the schema `crm` and its roles.

use sqlx::PgPool;

use crate::error::SampleError;

/// Roles are the cluster's, not the database's: they have a transaction of their own, as short as can be.
const ROLES: (&str, &str) = ("01_roles.sql", include_str!("../schema/01_roles.sql"));

const SCHEMA: [(&str, &str); 6] = [
    ("02_security_tables.sql", include_str!("../schema/02_security_tables.sql")),
    ("03_entities.sql", include_str!("../schema/03_entities.sql")),
    ("04_activities_and_service.sql", include_str!("../schema/04_activities_and_service.sql")),
    ("05_access.sql", include_str!("../schema/05_access.sql")),
    ("06_triggers.sql", include_str!("../schema/06_triggers.sql")),
    ("07_policies.sql", include_str!("../schema/07_policies.sql")),
];

/// Installs the CRM schema into the pool's database, whole or not at all; the roles it needs are made if they are not
/// there, also while other databases of the cluster do the same.
///
/// # Errors
/// Fails if the connection is not a superuser's, or the database has a schema `crm`.
pub async fn install(pool: &PgPool) -> Result<(), SampleError> {
    let (file, sql) = ROLES;
    sqlx::raw_sql(sql).execute(pool).await.map_err(|source| SampleError::Install { file, source })?;

    let step = |step| move |source| SampleError::Step { step, source };
    let mut transaction = pool.begin().await.map_err(step("begin the installation"))?;
    for (file, sql) in SCHEMA {
        let install = sqlx::raw_sql(sql).execute(&mut *transaction);
        install.await.map_err(|source| SampleError::Install { file, source })?;
    }
    transaction.commit().await.map_err(step("commit the installation"))
}
