//! The acting role must be held back by row-level security, and must not be able to become a role that is not.

use sojourn_metadata::Config as SojournYaml;
use sojourn_platform::catalog::{Catalog, Role};

use super::problem::{Problem, Warning};

/// The roles that Sojourn makes for itself.
const OWN_ROLES: [&str; 3] = ["sojourn_owner", "sojourn_service", "sojourn_scan"];

/// What is wrong with the acting role.
pub(super) fn problems(wanted: &SojournYaml, catalog: &Catalog) -> Vec<Problem> {
    let role = wanted.acting_role.clone();
    if OWN_ROLES.contains(&role.as_str()) {
        return vec![Problem::RoleReserved { role }];
    }
    let Some(found) = &catalog.role else {
        return vec![Problem::RoleMissing { role }];
    };
    powers(found).collect()
}

fn powers(role: &Role) -> impl Iterator<Item = Problem> {
    let name = || role.name.clone();
    let superuser = role.is_superuser.then(|| Problem::RoleIsSuperuser { role: name() });
    let bypasses = (role.bypasses_rls && !role.is_superuser).then(|| Problem::RoleBypassesRls { role: name() });
    let member = |stronger: &String| Problem::RoleIsMember { role: role.name.clone(), stronger: stronger.clone() };
    superuser.into_iter().chain(bypasses).chain(role.stronger_roles.iter().map(member))
}

/// What is odd about the acting role.
pub(super) fn warnings(catalog: &Catalog) -> Vec<Warning> {
    let login = catalog.role.iter().filter(|role| role.can_login);
    login.map(|role| Warning::RoleCanLogin { role: role.name.clone() }).collect()
}
