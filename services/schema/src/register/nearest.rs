//! The name that was probably meant.

use sojourn_platform::catalog::TableName;

/// The table whose name is nearest to a wanted schema and table, as `schema.table`; none when nothing is similar.
///
/// The same name in another schema is nearer than another name in the same one. Case does not count.
pub(super) fn nearest([schema, table]: [&str; 2], names: &[TableName]) -> Option<String> {
    let close = names.iter().filter_map(|name| {
        let elsewhere = strsim::damerau_levenshtein(schema, &name.schema).min(10);
        Some((distance(table, &name.name)? * 11 + elsewhere, name))
    });
    close.min_by_key(|(distance, _)| *distance).map(|(_, name)| format!("{}.{}", name.schema, name.name))
}

/// The name that is nearest to a wanted one; none when nothing is similar. Case does not count.
pub(super) fn nearest_name<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close = names.filter_map(|name| Some((distance(wanted, name)?, name)));
    close.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// How far a name is from a wanted one; none when they are not similar.
fn distance(wanted: &str, name: &str) -> Option<usize> {
    let wanted = wanted.to_lowercase();
    let distance = strsim::damerau_levenshtein(&wanted, &name.to_lowercase());
    (distance <= wanted.chars().count().div_ceil(3)).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let name = |schema: &str, name: &str| TableName { schema: schema.into(), name: name.into() };
        let names = ["contact", "account", "opportunity"].map(|table| name("crm", table));
        let names: Vec<TableName> = names.into_iter().chain([name("old", "contact"), name("x", "OrderLine")]).collect();
        let near = |schema, table| nearest([schema, table], &names);
        assert_eq!(near("crm", "contcat").as_deref(), Some("crm.contact"));
        assert_eq!(near("crm", "accounts").as_deref(), Some("crm.account"));
        assert_eq!(near("public", "opportunity").as_deref(), Some("crm.opportunity"));
        assert_eq!(near("olt", "contact").as_deref(), Some("old.contact"));
        assert_eq!(near("x", "orderline").as_deref(), Some("x.OrderLine"));
        assert_eq!(near("crm", "invoice"), None);
    }
}
