//! The local data groups that may concern a user, and what decides which of them do: roles, and who may define any.

use std::collections::BTreeSet;
use std::sync::Arc;

use sojourn_metadata::rules::Audience;
use sojourn_platform::PlatformError;
use sojourn_platform::acting::Identity;
use sojourn_platform::entities::Published;
use sojourn_wire::SubscriptionId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::db::evaluate::{as_user, evaluate_go_offline, evaluate_role};
use crate::db::group::group_all;
use crate::db::rules::{Registered, RulesCache, Standing, standing};
use crate::db::subscription::Subscription;
use crate::groups::{Author, Group, Member};

/// The groups that may concern a user, and what decides which of them do.
#[derive(Debug, Clone)]
pub struct LocalDataGroups {
    /// Where the subscription stands.
    pub standing: Standing,
    /// The rules in force.
    pub registered: Arc<Registered>,
    /// Every group that concerns the user or may.
    pub groups: Vec<Group>,
    /// The user.
    user_id: Uuid,
    /// The user's roles, of those that groups name.
    roles: BTreeSet<String>,
}

impl LocalDataGroups {
    /// Reads it. None when the user lacks the Go Offline privilege. The transaction is the service's.
    ///
    /// # Errors
    /// When the identity does not take, or the database fails.
    pub async fn of(
        tx: &mut Transaction<'_, Postgres>,
        id: &SubscriptionId,
        subscription: &Subscription,
        metadata: &Published,
        rules: &RulesCache,
    ) -> Result<Option<Self>, PlatformError> {
        let standing = standing(tx, id).await?;
        let registered = rules.registered(tx, &subscription.dataset, &standing).await?;
        let user_id = subscription.user_id;
        let groups = group_all(tx, &subscription.dataset, id, user_id, &registered.rules).await?;
        let identity = Identity { user_id, acting_role: metadata.acting_role.clone() };
        let roles = admitted(tx, &identity, &registered, &groups).await?;
        Ok(roles.map(|roles| Self { standing, registered, groups, user_id, roles }))
    }

    /// Whether the user may define groups of an entity.
    #[must_use]
    pub fn may_define(&self, object_type_code: i32) -> bool {
        let rules = &self.registered.rules;
        rules.users_define && rules.entity(object_type_code).is_some_and(|entity| entity.users_define)
    }

    /// The user, as groups of an entity see them.
    #[must_use]
    pub fn member(&self, object_type_code: i32) -> Member {
        let may_define = self.may_define(object_type_code);
        Member { user_id: self.user_id, roles: self.roles.clone(), may_define }
    }

    /// The groups of an entity that the user has defined.
    pub fn own(&self, object_type_code: i32) -> impl Iterator<Item = &Group> {
        let own = move |group: &&Group| group.author == Author::User && group.object_type_code == object_type_code;
        self.groups.iter().filter(own)
    }
}

/// The user's roles, of those that groups name; none when the user may not go offline.
async fn admitted(
    tx: &mut Transaction<'_, Postgres>,
    identity: &Identity,
    registered: &Registered,
    groups: &[Group],
) -> Result<Option<BTreeSet<String>>, PlatformError> {
    let rules = &registered.rules;
    let named: BTreeSet<&str> = groups.iter().filter_map(role_of).collect();
    let in_role = rules.in_role.as_ref().filter(|_| !named.is_empty());
    if rules.go_offline.is_none() && in_role.is_none() {
        return Ok(Some(BTreeSet::new()));
    }
    as_user(tx, identity, async |tx| {
        if let Some(function) = &rules.go_offline
            && !evaluate_go_offline(tx, function).await?
        {
            return Ok(None);
        }
        let mut roles = BTreeSet::new();
        if let Some(function) = in_role {
            for role in named {
                if evaluate_role(tx, function, role).await? {
                    roles.insert(role.to_owned());
                }
            }
        }
        Ok(Some(roles))
    })
    .await
}

fn role_of(group: &Group) -> Option<&str> {
    match &group.author {
        Author::Administrator { audience: Audience::Role(role), .. } => Some(role),
        _ => None,
    }
}
