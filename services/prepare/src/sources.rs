//! Where a change that concerns an entity can come from. Pure.
//!
//! A row's place in a user's set is decided by the row, by rows that the filter or the policies look up through N:1
//! relationships, by the tables that the policies read, and by the clock. For each of them this says where changes are
//! noted and how they lead back to rows of the entity.

use std::collections::{BTreeMap, BTreeSet};

use sojourn_metadata::Metadata;
use sojourn_metadata::rules::{EntityRules, Rules};
use sojourn_platform::filter::{ClockBound, Filter, Hop};

/// Relationships that are followed one after the other, at most: policies that lead in a circle would never end.
const FARTHEST: usize = 8;
/// Paths that are followed, at most.
const MOST_PATHS: usize = 64;

/// A way from an entity through N:1 relationships; empty for the entity itself.
pub type Path = Vec<Hop>;

/// Everything that can change which rows of an entity a user has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sources {
    /// Streams that name changed rows at the end of each path.
    pub rows: BTreeMap<Path, BTreeSet<i32>>,
    /// Streams of tables of which any change may concern any row, by the entity whose policies read them.
    pub whole: BTreeMap<i32, BTreeSet<i32>>,
    /// Comparisons with the clock.
    pub clock: Vec<ClockBound>,
    /// Why changes cannot be followed to rows; none when they can.
    pub untraceable: Option<String>,
}

impl Sources {
    /// The sources of an entity under a filter.
    #[must_use]
    pub fn of(entity: &str, filter: &Filter, metadata: &Metadata, rules: &Rules) -> Self {
        let mut sources = Self { clock: filter.clock(), ..Self::default() };
        sources.visit(entity, &Path::new(), metadata, rules);
        for path in filter.links() {
            if let Some(last) = path.last() {
                sources.visit(&last.target.clone(), &path, metadata, rules);
            }
        }
        sources
    }

    /// All streams that must be looked at.
    pub fn streams(&self) -> impl Iterator<Item = i32> + '_ {
        self.rows.values().chain(self.whole.values()).flatten().copied()
    }

    fn visit(&mut self, entity: &str, path: &Path, metadata: &Metadata, rules: &Rules) {
        let known = metadata.entity(entity).and_then(|entity| rules.entity(entity.object_type_code));
        let Some(rules_of_entity) = known else {
            return self.give_up(format!("{entity} is not registered"));
        };
        if path.len() > FARTHEST || self.rows.len() > MOST_PATHS {
            return self.give_up(format!("the policies lead from {entity} on through too many relationships"));
        }
        if let Some(reason) = &rules_of_entity.always_full {
            self.give_up(reason.clone());
        }
        self.note(rules_of_entity, path);
        for through in &rules_of_entity.through {
            let Some(target) = metadata.entity_of(through.target) else {
                self.give_up(format!("{entity} depends on an entity that is not registered"));
                continue;
            };
            let hop = Hop { attribute: through.attribute.clone(), target: target.name.clone() };
            let farther = path.iter().cloned().chain([hop]).collect();
            self.visit(&target.name, &farther, metadata, rules);
        }
    }

    fn note(&mut self, rules: &EntityRules, path: &Path) {
        let rows = self.rows.entry(path.clone()).or_default();
        rows.insert(rules.stream);
        rows.extend(&rules.named);
        if !rules.whole.is_empty() {
            self.whole.entry(rules.object_type_code).or_default().extend(&rules.whole);
        }
    }

    fn give_up(&mut self, reason: String) {
        self.untraceable.get_or_insert(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, ACCOUNT, CONTACT, LINE};

    fn sources(entity: &str, filter: &str, rules: &Rules) -> Sources {
        let metadata = testing::published().metadata;
        let filter = Filter::parse(filter, entity, &metadata).expect("a good filter");
        Sources::of(entity, &filter, &metadata, rules)
    }

    fn rows(sources: &Sources) -> Vec<(String, Vec<i32>)> {
        let path = |path: &Path| path.iter().map(|hop| hop.attribute.clone()).collect::<Vec<_>>().join(".");
        sources.rows.iter().map(|(at, streams)| (path(at), streams.iter().copied().collect())).collect()
    }

    fn at(path: &str, streams: &[i32]) -> (String, Vec<i32>) {
        (path.to_owned(), streams.to_vec())
    }

    #[test]
    fn an_entity_without_links_has_its_own_streams() {
        let found = sources("contact", "true", &testing::rules());
        assert_eq!(rows(&found), [at("", &[20, 21])]);
        assert_eq!(found.whole, BTreeMap::from([(CONTACT, BTreeSet::from([90]))]));
        assert_eq!(found.streams().collect::<BTreeSet<_>>(), BTreeSet::from([20, 21, 90]));
    }

    #[test]
    fn policies_are_followed_through_relationships() {
        let found = sources("line", "true", &testing::rules());
        assert_eq!(rows(&found), [at("", &[30]), at("contact_id", &[20, 21])]);
        assert_eq!(found.whole, BTreeMap::from([(CONTACT, BTreeSet::from([90]))]));
    }

    #[test]
    fn filters_are_followed_with_the_policies_of_what_they_read() {
        let found = sources("line", "contact_id.account_id.city = 'Oslo' AND seen > now()", &testing::rules());
        let expected = [at("", &[30]), at("contact_id", &[20, 21]), at("contact_id.account_id", &[10])];
        assert_eq!(rows(&found), expected);
        assert_eq!(found.whole.keys().copied().collect::<Vec<_>>(), [ACCOUNT, CONTACT]);
        assert_eq!(found.clock.len(), 1);
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        let mut rules = testing::rules();
        rules.entities[1].always_full = Some("the clock".to_owned());
        assert_eq!(sources("line", "true", &rules).untraceable, Some("the clock".to_owned()));
        assert_eq!(sources("account", "true", &rules).untraceable, None);
        let circle = sojourn_metadata::rules::Through { attribute: "contact_id".to_owned(), target: LINE };
        rules.entities[2].through = vec![circle];
        let reason = sources("line", "true", &rules).untraceable.expect("it never ends");
        assert!(reason.contains("too many relationships"), "{reason}");
    }
}
