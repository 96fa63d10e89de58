//! The roles of the CRM and how deep their privileges reach.

use crate::entity::Entity;

/// What a privilege allows, as in the enum `crm.operation`.
pub(crate) const OPERATIONS: [&str; 5] = ["read", "create", "write", "delete", "assign"];

/// A security role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything everywhere.
    Executive,
    /// Everything in the own business unit and those below.
    Manager,
    /// Everything that is one's own.
    SalesPerson,
    /// As a sales person, and reads, changes and hands on what belongs to colleagues of the same unit.
    DistrictSalesPerson,
    /// Reads the own business unit and those below, and changes nothing.
    Reader,
}

impl Role {
    /// Every role.
    pub(crate) const ALL: [Role; 5] =
        [Role::Executive, Role::Manager, Role::SalesPerson, Role::DistrictSalesPerson, Role::Reader];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::Executive => "Executive",
            Role::Manager => "Sales manager",
            Role::SalesPerson => "Sales person",
            Role::DistrictSalesPerson => "District sales person",
            Role::Reader => "Reader",
        }
    }

    /// How deep it may do an operation on any owned entity, as in the enum `crm.access_depth`.
    pub(crate) fn depth(self, operation: &str) -> &'static str {
        match (self, operation) {
            (Role::Executive, _) => "organisation",
            (Role::Manager, _) | (Role::Reader, "read") => "business_unit_and_children",
            (Role::SalesPerson, _) => "user",
            (Role::DistrictSalesPerson, "create" | "delete") => "user",
            (Role::DistrictSalesPerson, _) => "business_unit",
            (Role::Reader, _) => "none",
        }
    }
}

/// The entities that privileges are about: those whose records have an owner.
pub(crate) fn privileged_entities() -> impl Iterator<Item = Entity> {
    Entity::ALL.into_iter().filter(|entity| entity.is_owned())
}
