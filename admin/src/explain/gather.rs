//! Gathers the facts, in a transaction that is rolled back: every decision is Postgres' own, as the user.

use std::sync::Arc;

use sojourn_platform::entities::{MetadataCache, Published, Table};
use sojourn_platform::filter::{Context, Filter};
use sojourn_platform::{Identity, PlatformError};
use sojourn_prepare::db::evaluate::as_user;
use sojourn_prepare::db::explain::{
    Policy, explain_begin, explain_entry, explain_filter, explain_policies, explain_policy, explain_row, explain_sight,
};
use sojourn_prepare::db::overview::{Overview, overview_clients};
use sojourn_prepare::db::rules::RulesCache;
use sojourn_prepare::groups::{self, Author, Group, Member};
use sojourn_prepare::local_data_groups::LocalDataGroups;
use sojourn_prepare::situation::{Ask, Situation};
use sojourn_prepare::sync::{Mode, Outlook, outlook};
use sojourn_runtime::clock;
use sojourn_wire::SubscriptionId;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::facts::{
    Decided, EntryFound, EntryState, Explained, FilterDecided, GroupDecided, Next, PolicyDecided, Standing,
};
use super::sentence::sentence;
use crate::error::AdminError;
use crate::filters::kind::kind;
use crate::subscriptions::find;

/// What a row is asked about.
struct Asked<'a> {
    table: &'a Table,
    metadata: &'a Published,
    object_id: Uuid,
    /// Who the user is, and the clock for filters.
    identity: &'a Identity,
    context: Context,
}

/// What was decided about a row.
#[derive(Default)]
struct Decisions {
    visible: Option<Decided>,
    policies: Option<Vec<PolicyDecided>>,
    filter: Option<FilterDecided>,
    groups: Vec<GroupDecided>,
}

/// Explains why a row is on the device of a subscription, or not. Nothing of it persists.
///
/// # Errors
/// [`AdminError::NoSubscription`], [`AdminError::NoEntity`], or the database fails. What fails in a policy or a filter
/// is among the facts.
pub async fn explain(
    pool: &PgPool,
    id: &SubscriptionId,
    entity: &str,
    object_id: Uuid,
) -> Result<Explained, AdminError> {
    let mut tx = explain_begin(pool).await?;
    let overview = find(&mut tx, id).await?;
    let metadata = MetadataCache::new(pool.clone()).newest(&overview.dataset).await?;
    let table = metadata.table(entity).ok_or_else(|| AdminError::no_entity(entity, &metadata.metadata))?;
    let (identity, now) =
        (Identity { user_id: overview.user_id, acting_role: metadata.acting_role.clone() }, clock::now());
    let subscription = overview.subscription()?;
    let of_user = LocalDataGroups::of(&mut tx, id, &subscription, &metadata, &RulesCache::default()).await?;
    let next = next(&mut tx, id, &overview, &metadata, table, object_id).await?;
    let entry = explain_entry(&mut tx, overview.number, table.object_type_code, object_id).await?;
    let primary = overview_clients(&mut tx, Some(id)).await?.into_iter().find(|client| client.is_primary);
    let context = Context { first_param: 1, now, user_id: overview.user_id };
    let asked = Asked { table, metadata: &metadata, object_id, identity: &identity, context };
    let (version, decisions) = decide(&mut tx, &asked, of_user.as_ref()).await?;
    tx.rollback().await.map_err(PlatformError::doing("leaving nothing behind"))?;
    let mut explained = Explained {
        subscription: overview.id,
        user_id: overview.user_id,
        entity: table.entity.clone(),
        table: format!("{}.{}", table.schema.name(), table.table.name()),
        object_id,
        conclusion: String::new(),
        version,
        visible: decisions.visible,
        policies: decisions.policies,
        filter: decisions.filter,
        groups: decisions.groups,
        entry: entry.map(|entry| EntryFound { state: EntryState::of(entry.sync_state), version: entry.version }),
        next,
        standing: Standing {
            status: overview.status,
            primary: primary.map(|client| client.client_id),
            go_offline: of_user.is_some(),
            prepared: overview.snapshot.is_some(),
        },
    };
    explained.conclusion = sentence(&explained);
    Ok(explained)
}

/// Whether the next prepare looks at the row.
async fn next(
    tx: &mut Transaction<'_, Postgres>,
    id: &SubscriptionId,
    overview: &Overview,
    metadata: &Arc<Published>,
    table: &Table,
    object_id: Uuid,
) -> Result<Next, PlatformError> {
    if overview.status == "revoked" {
        return Ok(Next::Refused("the subscription is revoked".to_owned()));
    }
    let (subscription, rules, ask) = (overview.subscription()?, RulesCache::default(), Ask::default());
    let gathered = Situation::gather(tx, id, &subscription, Arc::clone(metadata), &rules, clock::now(), ask).await?;
    let situation = match gathered {
        Ok(situation) => situation,
        Err(refusal) => return Ok(Next::Refused(refusal.to_string())),
    };
    let position = metadata.entities.iter().position(|of| of.object_type_code == table.object_type_code);
    let outlooks = outlook(tx, &situation).await?;
    Ok(match position.and_then(|position| outlooks.into_iter().nth(position)) {
        Some(Outlook { mode: Mode::Full(why), .. }) => Next::Everything(why.to_string()),
        Some(Outlook { candidates, .. }) if candidates.contains(&object_id) => Next::Candidate,
        Some(_) | None => Next::NotLookedAt,
    })
}

/// The row's version, and each decision about it.
async fn decide(
    tx: &mut Transaction<'_, Postgres>,
    asked: &Asked<'_>,
    of_user: Option<&LocalDataGroups>,
) -> Result<(Option<i64>, Decisions), PlatformError> {
    let Asked { table, object_id, identity, .. } = *asked;
    let policies = explain_policies(tx, table, &identity.acting_role).await?;
    let version = explain_row(tx, table, object_id, &identity.acting_role).await?;
    if version.is_none() {
        let undecided = |policy: &Policy| policy_decided(policy, None);
        let policies = policies.map(|policies| policies.iter().map(undecided).collect());
        return Ok((None, Decisions { policies, ..Decisions::default() }));
    }
    let decisions = as_user(tx, identity, async |tx| {
        let mut decisions = Decisions {
            visible: Some(explain_sight(tx, table, object_id).await?.into()),
            policies: policies.as_ref().map(|_| Vec::new()),
            ..Decisions::default()
        };
        for policy in policies.iter().flatten() {
            let decided = explain_policy(tx, table, policy).await?.into();
            decisions.policies.get_or_insert_default().push(policy_decided(policy, Some(decided)));
        }
        if let Some(of_user) = of_user {
            filters(tx, asked, of_user, &mut decisions).await?;
        }
        Ok(decisions)
    })
    .await?;
    Ok((version, decisions))
}

fn policy_decided(policy: &Policy, lets_through: Option<Decided>) -> PolicyDecided {
    PolicyDecided { name: policy.name.clone(), permissive: policy.permissive, lets_through }
}

/// The filter in force, and each local data group by itself.
async fn filters(
    tx: &mut Transaction<'_, Postgres>,
    asked: &Asked<'_>,
    of_user: &LocalDataGroups,
    decisions: &mut Decisions,
) -> Result<(), PlatformError> {
    let (table, metadata) = (asked.table, &asked.metadata.metadata);
    let member = of_user.member(table.object_type_code);
    let in_force = groups::filter(&of_user.groups, table.object_type_code, &table.entity, &member, metadata);
    decisions.filter = Some(match in_force {
        Err(bad) => FilterDecided { filter: String::new(), lets_through: Decided::Failed(bad.to_string()) },
        Ok(filter) => {
            FilterDecided { filter: filter.canonical(), lets_through: lets_through(tx, asked, &filter).await? }
        }
    });
    for group in of_user.groups.iter().filter(|group| group.object_type_code == table.object_type_code) {
        let decided = match Filter::parse(&group.filter, &table.entity, metadata) {
            Ok(filter) => lets_through(tx, asked, &filter).await?,
            Err(error) => Decided::Failed(error.to_string()),
        };
        decisions.groups.push(GroupDecided {
            id: group.id,
            name: group.name.clone(),
            kind: kind(&group.author),
            filter: group.filter.clone(),
            not_in_force: not_in_force(group, &of_user.groups, &member),
            lets_through: Some(decided),
        });
    }
    Ok(())
}

async fn lets_through(
    tx: &mut Transaction<'_, Postgres>,
    asked: &Asked<'_>,
    filter: &Filter,
) -> Result<Decided, PlatformError> {
    let compiled = filter.compile(asked.metadata, asked.table, &asked.context)?;
    Ok(explain_filter(tx, &compiled).await?.into())
}

/// Why a group is not in force; none when it is.
fn not_in_force(group: &Group, all: &[Group], member: &Member) -> Option<&'static str> {
    let (enforced, chosen) = groups::in_force(all, group.object_type_code, member);
    if enforced.contains(&group) || chosen.contains(&group) {
        return None;
    }
    Some(match &group.author {
        Author::User => "the user may not define local data groups of this entity",
        Author::Administrator { .. } if !groups::concerns(group, member) => "it is for others",
        Author::Administrator { .. } if chosen.iter().any(|group| group.author == Author::User) => {
            "the user's own count instead"
        }
        Author::Administrator { .. } => "a default that is closer to the user counts instead",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_metadata::rules::Audience;
    use std::collections::BTreeSet;

    fn group(name: &str, author: Author) -> Group {
        Group { id: None, object_type_code: 2, name: name.to_owned(), filter: "true".to_owned(), author }
    }

    #[test]
    fn it_is_known_why_a_group_is_not_in_force() {
        let default = |audience| Author::Administrator { audience, enforced: false };
        let me = Uuid::from_u128(1);
        let groups = vec![
            group("everyone", default(Audience::Everyone)),
            group("mine", default(Audience::User(me))),
            group("theirs", default(Audience::User(Uuid::from_u128(2)))),
            group("own", Author::User),
        ];
        let why = |all: &[Group], may_define| -> Vec<Option<&str>> {
            let member = Member { user_id: me, roles: BTreeSet::new(), may_define };
            all.iter().map(|group| not_in_force(group, all, &member)).collect()
        };
        let (own, closer) = ("the user's own count instead", "a default that is closer to the user counts instead");
        assert_eq!(why(&groups, true), [Some(own), Some(own), Some("it is for others"), None]);
        let forbidden = "the user may not define local data groups of this entity";
        assert_eq!(why(&groups, false), [Some(closer), None, Some("it is for others"), Some(forbidden)]);
    }
}
