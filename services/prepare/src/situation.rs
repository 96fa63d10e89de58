//! Everything a prepare goes by, before it looks for changes: gathered in its transaction, and nothing but values.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use sojourn_platform::PlatformError;
use sojourn_platform::acting::Identity;
use sojourn_platform::entities::{Published, Table};
use sojourn_platform::filter::{Compiled, Context, Filter};
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::prepare::ObjectRef;
use sqlx::{Postgres, Transaction};

use crate::db::entity::{Prepared, entity_read};
use crate::db::rules::{Definition, Registered, RulesCache, Standing, definition};
use crate::db::subscription::Subscription;
use crate::groups::{self, BadGroup};
use crate::local_data_groups::LocalDataGroups;
use crate::plan::{Known, Why};
use crate::sources::Sources;

/// What is asked of a prepare, beside what changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ask {
    /// Rows to send again although they did not change.
    pub refresh: Vec<ObjectRef>,
    /// Everything is evaluated, whatever is known.
    pub everything: bool,
}

/// Everything a prepare goes by.
#[derive(Debug, Clone)]
pub struct Situation {
    /// The metadata in force.
    pub metadata: Arc<Published>,
    /// The rules in force.
    pub registered: Arc<Registered>,
    /// Where the subscription stands.
    pub standing: Standing,
    /// Everything that decides who sees what.
    pub definition: Definition,
    /// Who the user is.
    pub identity: Identity,
    /// The clock, for filters.
    pub now: Timestamp,
    /// What is asked.
    pub ask: Ask,
    /// The entities, in load order.
    pub entities: Vec<EntitySituation>,
}

/// Everything a prepare of one entity goes by.
#[derive(Debug, Clone)]
pub struct EntitySituation {
    /// Its place in the metadata.
    pub index: usize,
    /// The filter in force.
    pub filter: Filter,
    /// Where a change that concerns it can come from.
    pub sources: Sources,
    /// What is known before changes are read.
    pub known: Known,
    /// What the last prepare went by.
    pub prepared: Option<Prepared>,
}

/// The user gets nothing: the words are for the user.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It was revoked while its request was on the way.
    #[error("the subscription was revoked: ask the administrator")]
    Revoked,
    /// The Go Offline privilege is missing.
    #[error("you lack the Go Offline privilege, so that nothing is sent to this device: ask your administrator")]
    GoOffline,
    /// A local data group does not fit.
    #[error("{0}; change or remove it (sojourn-agent filters), or ask your administrator")]
    Group(#[from] BadGroup),
}

impl EntitySituation {
    /// Its table.
    #[must_use]
    pub fn table<'m>(&self, metadata: &'m Published) -> &'m Table {
        &metadata.entities[self.index]
    }
}

impl Situation {
    /// Gathers it. The transaction is the service's.
    ///
    /// # Errors
    /// When the identity does not take, or the database fails. What the user may not do is a [`Refusal`].
    pub async fn gather(
        tx: &mut Transaction<'_, Postgres>,
        id: &SubscriptionId,
        subscription: &Subscription,
        metadata: Arc<Published>,
        rules: &RulesCache,
        now: Timestamp,
        ask: Ask,
    ) -> Result<Result<Self, Refusal>, PlatformError> {
        let Some(groups_of_user) = LocalDataGroups::of(tx, id, subscription, &metadata, rules).await? else {
            return Ok(Err(Refusal::GoOffline));
        };
        if groups_of_user.standing.revoked {
            return Ok(Err(Refusal::Revoked));
        }
        let (standing, registered) = (groups_of_user.standing.clone(), Arc::clone(&groups_of_user.registered));
        let definition = definition(tx, metadata.acting_role.name(), &registered, &standing).await?;
        let identity = Identity { user_id: subscription.user_id, acting_role: metadata.acting_role.clone() };
        let everything = match ask.everything {
            true => Some(Why::Asked),
            false => standing.everything(&definition, metadata.version),
        };
        let mut prepared = entity_read(tx, id).await?;
        let mut entities = Vec::with_capacity(metadata.entities.len());
        for index in 0..metadata.entities.len() {
            match entity(index, &metadata, &groups_of_user, &everything, &mut prepared) {
                Ok(entity) => entities.push(entity),
                Err(bad) => return Ok(Err(bad.into())),
            }
        }
        Ok(Ok(Self { metadata, registered, standing, definition, identity, now, ask, entities }))
    }

    /// The filter of an entity as SQL, its parameters beginning at `first_param`; none where it lets everything through.
    ///
    /// # Errors
    /// When the filter does not fit the metadata any more.
    pub fn compiled(&self, entity: &EntitySituation, first_param: usize) -> Result<Option<Compiled>, PlatformError> {
        if entity.filter.is_everything() {
            return Ok(None);
        }
        let context = Context { first_param, now: self.now, user_id: self.identity.user_id };
        entity.filter.compile(&self.metadata, entity.table(&self.metadata), &context).map(Some)
    }
}

fn entity(
    index: usize,
    metadata: &Published,
    groups_of_user: &LocalDataGroups,
    everything: &Option<Why>,
    prepared: &mut HashMap<i32, Prepared>,
) -> Result<EntitySituation, BadGroup> {
    let table = &metadata.entities[index];
    let code = table.object_type_code;
    let member = groups_of_user.member(code);
    let filter = groups::filter(&groups_of_user.groups, code, &table.entity, &member, &metadata.metadata)?;
    let sources = Sources::of(&table.entity, &filter, &metadata.metadata, &groups_of_user.registered.rules);
    let prepared = prepared.remove(&code);
    let last = prepared.as_ref().map(|prepared| prepared.last.clone());
    let known = Known { last, filter: filter.canonical(), everything: everything.clone() };
    Ok(EntitySituation { index, filter, sources, known, prepared })
}
