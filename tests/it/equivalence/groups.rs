//! Local data groups, as the test understands them by itself: which are in force, and what they come to.

use uuid::Uuid;

use super::entities::{FILTERS, TestFilter};

/// Roles that groups are made for.
pub const ROLES: [&str; 3] = ["Sales person", "Sales manager", "Executive"];

/// Whom a group is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// One subscription, by its user.
    Own(usize),
    /// The user of a subscription, by an administrator.
    User(usize),
    /// A role.
    Role(&'static str),
    /// Everybody.
    Everyone,
}

/// A group.
#[derive(Debug, Clone, Copy)]
pub struct TestGroup {
    pub id: Uuid,
    /// Its place in [`FILTERS`].
    pub filter: usize,
    pub whom: For,
    pub enforced: bool,
}

impl TestGroup {
    /// Its filter.
    pub fn filter(&self) -> &'static TestFilter {
        &FILTERS[self.filter]
    }

    /// How close a group of an administrator is to a subscriber; none where it is for others.
    fn closeness(&self, subscriber: usize, roles: &[String]) -> Option<u8> {
        match self.whom {
            For::User(whom) if whom == subscriber => Some(3),
            For::Role(role) if roles.iter().any(|of| of == role) => Some(2),
            For::Everyone => Some(1),
            _ => None,
        }
    }
}

/// What the groups of an entity come to for a subscriber, in SQL.
pub fn condition(groups: &[TestGroup], code: i32, subscriber: usize, roles: &[String]) -> String {
    let of_entity: Vec<&TestGroup> = groups.iter().filter(|group| group.filter().code == code).collect();
    let close = |group: &TestGroup| group.closeness(subscriber, roles);
    let mut all: Vec<String> = Vec::new();
    for group in of_entity.iter().filter(|group| group.enforced && close(group).is_some()) {
        all.push(format!("({})", group.filter().sql));
    }
    let own = of_entity.iter().filter(|group| group.whom == For::Own(subscriber));
    let mut chosen: Vec<&&TestGroup> = own.collect();
    if chosen.is_empty() {
        let defaults = of_entity.iter().filter(|group| !group.enforced && close(group).is_some());
        let closest = defaults.clone().map(|group| close(group)).max().flatten();
        chosen = defaults.filter(|group| close(group) == closest).collect();
    }
    let one: Vec<String> = chosen.iter().map(|group| format!("({})", group.filter().sql)).collect();
    if !one.is_empty() {
        all.push(format!("({})", one.join(" OR ")));
    }
    if all.is_empty() { "true".to_owned() } else { all.join(" AND ") }
}
