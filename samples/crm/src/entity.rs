//! The synchronised entities of the CRM: names, object type codes, and how many rows of each a contact brings.

/// A synchronised entity of the CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A unit in the tree that is the organisation.
    BusinessUnit,
    /// A person who works with the CRM.
    SystemUser,
    /// Users who share records.
    Team,
    /// A company that is a customer or may become one.
    Account,
    /// A person at an account, or on their own.
    Contact,
    /// Somebody who may become a contact.
    Lead,
    /// A sale that may happen.
    Opportunity,
    /// Something to do.
    Task,
    /// A call made or received.
    PhoneCall,
    /// A meeting.
    Appointment,
    /// A letter on paper.
    Letter,
    /// A fax.
    Fax,
    /// An e-mail.
    Email,
    /// A case of customer service.
    Incident,
    /// A line item of a case.
    IncidentLine,
    /// A note, with or without an attachment.
    Annotation,
}

impl Entity {
    /// Every entity; later ones refer to earlier ones, except for the primary contact of an account.
    pub const ALL: [Entity; 16] = [
        Entity::BusinessUnit,
        Entity::SystemUser,
        Entity::Team,
        Entity::Account,
        Entity::Contact,
        Entity::Lead,
        Entity::Opportunity,
        Entity::Task,
        Entity::PhoneCall,
        Entity::Appointment,
        Entity::Letter,
        Entity::Fax,
        Entity::Email,
        Entity::Incident,
        Entity::IncidentLine,
        Entity::Annotation,
    ];

    /// The table in schema `crm`, and the entity's name in `sojourn.yaml`.
    pub fn name(self) -> &'static str {
        match self {
            Entity::BusinessUnit => "business_unit",
            Entity::SystemUser => "system_user",
            Entity::Team => "team",
            Entity::Account => "account",
            Entity::Contact => "contact",
            Entity::Lead => "lead",
            Entity::Opportunity => "opportunity",
            Entity::Task => "task",
            Entity::PhoneCall => "phone_call",
            Entity::Appointment => "appointment",
            Entity::Letter => "letter",
            Entity::Fax => "fax",
            Entity::Email => "email",
            Entity::Incident => "incident",
            Entity::IncidentLine => "incident_line",
            Entity::Annotation => "annotation",
        }
    }

    /// The object type code, as in CRM 4.0.
    pub fn type_code(self) -> i32 {
        match self {
            Entity::Account => 1,
            Entity::Contact => 2,
            Entity::Opportunity => 3,
            Entity::Lead => 4,
            Entity::Annotation => 5,
            Entity::SystemUser => 8,
            Entity::Team => 9,
            Entity::BusinessUnit => 10,
            Entity::Incident => 112,
            Entity::IncidentLine => 113,
            Entity::Appointment => 4201,
            Entity::Email => 4202,
            Entity::Fax => 4204,
            Entity::Letter => 4207,
            Entity::PhoneCall => 4210,
            Entity::Task => 4212,
        }
    }

    /// Rows for every thousand contacts; 0 for the entities that make up the organisation.
    pub(crate) fn per_thousand_contacts(self) -> u64 {
        match self {
            Entity::BusinessUnit | Entity::SystemUser | Entity::Team => 0,
            Entity::Account => 250,
            Entity::Contact => 1000,
            Entity::Lead => 150,
            Entity::Opportunity => 100,
            Entity::Task => 150,
            Entity::PhoneCall => 120,
            Entity::Appointment => 80,
            Entity::Letter => 30,
            Entity::Fax => 10,
            Entity::Email => 200,
            Entity::Incident => 60,
            Entity::IncidentLine => 150,
            Entity::Annotation => 100,
        }
    }

    /// Whether the organisation itself consists of its rows, so that nobody writes them from a device.
    pub fn is_reference(self) -> bool {
        self.per_thousand_contacts() == 0
    }

    /// Whether its rows have an owner of their own: all do but the reference entities and the lines of a case.
    pub fn is_owned(self) -> bool {
        !self.is_reference() && self != Entity::IncidentLine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_lists_every_entity_with_its_code() {
        let configuration = include_str!("../sojourn.yaml");
        for entity in Entity::ALL {
            let entry = format!("  - name: {}\n    type_code: {}\n", entity.name(), entity.type_code());
            assert!(configuration.contains(&entry), "{entry}");
        }
    }

    #[test]
    fn triggers_and_policies_are_made_for_every_owned_entity() {
        let files = [include_str!("../schema/06_triggers.sql"), include_str!("../schema/07_policies.sql")];
        for entity in Entity::ALL.into_iter().filter(|entity| entity.is_owned()) {
            let pair = format!("('{}', {})", entity.name(), entity.type_code());
            assert!(files.iter().all(|file| file.contains(&pair)), "{pair}");
        }
    }
}
