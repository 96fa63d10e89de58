//! Local data groups that were defined at run time.

use sojourn_metadata::rules::{Audience, Rules};
use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::groups::{Author, Group};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    object_type_code: i32,
    name: String,
    filter: String,
    audience: String,
    role: Option<String>,
    user_id: Option<Uuid>,
    enforced: bool,
}

/// All groups that concern a user of the dataset or may: those of the rules first, then those of run time, by name.
///
/// # Errors
/// When the database fails.
pub async fn group_all(
    tx: &mut Transaction<'_, Postgres>,
    dataset: &str,
    subscription: &SubscriptionId,
    user_id: Uuid,
    rules: &Rules,
) -> Result<Vec<Group>, PlatformError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, object_type_code, name, filter, audience, role, user_id, enforced
           FROM sojourn.local_data_group
          WHERE dataset = $1 AND (subscription_id = $2 OR subscription_id IS NULL)
            AND (user_id = $3 OR user_id IS NULL)
          ORDER BY object_type_code, name, id",
    )
    .bind(dataset)
    .bind(subscription.as_str())
    .bind(user_id)
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("reading the local data groups"))?;
    let mut groups = of_rules(rules);
    groups.extend(rows.into_iter().map(group));
    Ok(groups)
}

fn of_rules(rules: &Rules) -> Vec<Group> {
    let of_entity = rules.entities.iter().flat_map(|entity| entity.groups.iter().map(move |group| (entity, group)));
    of_entity
        .map(|(entity, group)| Group {
            id: None,
            object_type_code: entity.object_type_code,
            name: group.name.clone(),
            filter: group.filter.clone(),
            author: Author::Administrator { audience: group.audience.clone(), enforced: group.enforced },
        })
        .collect()
}

fn group(row: Row) -> Group {
    let Row { id, object_type_code, name, filter, audience, role, user_id, enforced } = row;
    let audience = match (audience.as_str(), role, user_id) {
        ("role", Some(role), _) => Some(Audience::Role(role)),
        ("user", _, Some(user)) => Some(Audience::User(user)),
        ("subscription", ..) => None,
        _ => Some(Audience::Everyone),
    };
    let author = audience.map_or(Author::User, |audience| Author::Administrator { audience, enforced });
    Group { id: Some(id), object_type_code, name, filter, author }
}

/// A group to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup<'a> {
    /// Its id: storing it again replaces it.
    pub id: Uuid,
    /// The dataset.
    pub dataset: &'a str,
    /// The entity.
    pub object_type_code: i32,
    /// Its name.
    pub name: &'a str,
    /// The filter, which was checked.
    pub filter: &'a str,
    /// Who defines it: a user for this subscription, or an administrator.
    pub author: GroupAuthor<'a>,
}

/// Who defines a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupAuthor<'a> {
    /// A user, for the own subscription.
    User(&'a SubscriptionId),
    /// An administrator.
    Administrator {
        /// Whom it is for.
        audience: Audience,
        /// It holds whatever the user defines.
        enforced: bool,
    },
}

/// What came of storing a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is stored.
    Yes,
    /// Another group has its name.
    NameTaken,
    /// Its id belongs to somebody else's group.
    NotYours,
}

/// Stores a group, or replaces the one that has its id and the same author.
///
/// # Errors
/// When the database fails.
pub async fn group_store(connection: &mut PgConnection, group: &NewGroup<'_>) -> Result<Stored, PlatformError> {
    let (audience, role, user_id, subscription, enforced) = match &group.author {
        GroupAuthor::User(subscription) => ("subscription", None, None, Some(subscription.as_str()), false),
        GroupAuthor::Administrator { audience, enforced } => match audience {
            Audience::Everyone => ("everyone", None, None, None, *enforced),
            Audience::Role(role) => ("role", Some(role.as_str()), None, None, *enforced),
            Audience::User(user) => ("user", None, Some(*user), None, *enforced),
        },
    };
    let stored = sqlx::query(
        "INSERT INTO sojourn.local_data_group AS g
                (id, dataset, object_type_code, name, filter, audience, role, user_id, subscription_id, enforced)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE
            SET object_type_code = excluded.object_type_code, name = excluded.name, filter = excluded.filter,
                audience = excluded.audience, role = excluded.role, user_id = excluded.user_id,
                enforced = excluded.enforced, defined_at = now()
          WHERE g.dataset = excluded.dataset AND g.subscription_id IS NOT DISTINCT FROM excluded.subscription_id",
    )
    .bind(group.id)
    .bind(group.dataset)
    .bind(group.object_type_code)
    .bind(group.name)
    .bind(group.filter)
    .bind(audience)
    .bind(role)
    .bind(user_id)
    .bind(subscription)
    .bind(enforced)
    .execute(connection)
    .await;
    match stored {
        Ok(done) if done.rows_affected() == 0 => Ok(Stored::NotYours),
        Ok(_) => Ok(Stored::Yes),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(Stored::NameTaken),
        Err(error) => Err(PlatformError::doing("storing the local data group")(error)),
    }
}

/// Removes a group: one of a subscription's, or one of an administrator's. Answers whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn group_remove(
    connection: &mut PgConnection,
    dataset: &str,
    subscription: Option<&SubscriptionId>,
    id: Uuid,
) -> Result<bool, PlatformError> {
    let removed = sqlx::query(
        "DELETE FROM sojourn.local_data_group
          WHERE id = $1 AND dataset = $2 AND subscription_id IS NOT DISTINCT FROM $3",
    )
    .bind(id)
    .bind(dataset)
    .bind(subscription.map(SubscriptionId::as_str))
    .execute(connection)
    .await
    .map_err(PlatformError::doing("removing the local data group"))?;
    Ok(removed.rows_affected() > 0)
}
