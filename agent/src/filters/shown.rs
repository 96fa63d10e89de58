//! Groups and their changes, for people.

use std::fmt;

use indicatif::{HumanBytes, HumanCount};
use sojourn_wire::message::filters::{FiltersPreview, GroupKind, GroupShown};
use uuid::Uuid;

use super::{GroupChanged, Groups};
use crate::commands::plain_table;

/// The characters of an id that are shown.
const SHORT: usize = 8;

impl fmt::Display for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { groups, fixed } = self;
        for of_entity in groups.chunk_by(|one, next| one.entity == next.entity) {
            write_entity(f, of_entity)?;
        }
        match groups.is_empty() {
            true => write!(f, "There are no local data groups: this device holds every row that you may see.")?,
            false => write!(f, "Of an entity without groups in force, this device holds every row that you may see.")?,
        }
        match fixed.is_empty() {
            true => Ok(()),
            false => write!(f, "\nYour administrator lets you define none of: {}", fixed.join(", ")),
        }
    }
}

fn write_entity(f: &mut fmt::Formatter<'_>, groups: &[GroupShown]) -> fmt::Result {
    let mut table = plain_table(&["name", "id", "filter", "kind", "for", "in force"]);
    for GroupShown { id, name, filter, kind, audience, in_force, .. } in groups {
        table.add_row([
            name.clone(),
            id.map(short).unwrap_or_default(),
            filter.clone(),
            word(*kind).to_owned(),
            audience.clone(),
            if *in_force { "yes" } else { "no" }.to_owned(),
        ]);
    }
    let entity = groups.first().map_or("", |group| &group.entity);
    writeln!(f, "{entity}\n{table}\n")
}

impl fmt::Display for GroupChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, removal, stored, preview, unsent, empty, sync } = self;
        let (entity, name, id) = (&group.entity, &group.name, short(group.id));
        match (removal, stored) {
            (true, true) => writeln!(f, "Removed {name:?} ({id}) of {entity}")?,
            (false, true) => writeln!(f, "{name:?} ({id}) of {entity} is now: {}", group.filter)?,
            (true, false) => writeln!(f, "Without {name:?} ({id}) of {entity}:")?,
            (false, false) => writeln!(f, "With {}:", group.filter)?,
        }
        write_preview(f, preview)?;
        if *unsent > 0 {
            let what = "stay in the queue until they are applied or settled, whether their rows leave or not";
            write!(f, "\n{unsent} operations on {entity} {what}")?;
        }
        match (stored, sync) {
            (false, _) => write!(f, "\nNothing was stored, and nothing moves."),
            (true, Some(travelled)) => write!(f, "\n\n{travelled}\nUp to date."),
            (true, None) if *empty => {
                write!(f, "\nThis device has not been loaded yet. Next: sojourn-agent go-offline")
            }
            (true, None) => write!(f, "\nThe next sync moves this difference, and no other row for it."),
        }
    }
}

fn write_preview(f: &mut fmt::Formatter<'_>, preview: &FiltersPreview) -> fmt::Result {
    let FiltersPreview { entity, rows_come, bytes_come, rows_go, bytes_go, rows_then, cost } = preview;
    let mut table = plain_table(&["", "rows", "about"]);
    let mut add = |what: &str, rows: &u64, bytes: String| {
        table.add_row([what.to_owned(), HumanCount(*rows).to_string(), bytes]);
    };
    add("come to this device", rows_come, HumanBytes(*bytes_come).to_string());
    add("leave it", rows_go, HumanBytes(*bytes_go).to_string());
    add(&format!("{entity} here then"), rows_then, String::new());
    write!(f, "{table}")?;
    match cost {
        Some(words) => write!(f, "\nCost: {words}"),
        None => Ok(()),
    }
}

fn short(id: Uuid) -> String {
    id.to_string().chars().take(SHORT).collect()
}

fn word(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Enforced => "enforced",
        GroupKind::Default => "default",
        GroupKind::Own => "own",
        GroupKind::Unknown => "of a newer server",
    }
}

#[cfg(test)]
mod tests {
    use sojourn_wire::message::filters::GroupDefinition;

    use super::*;

    fn shown(entity: &str, name: &str, kind: GroupKind) -> GroupShown {
        let id = (kind == GroupKind::Own).then(|| Uuid::from_u128(0x1234_5678 << 96));
        let (entity, name, filter) = (entity.to_owned(), name.to_owned(), "city = 'Oslo'".to_owned());
        GroupShown { id, entity, name, filter, kind, audience: "everyone".to_owned(), in_force: kind == GroupKind::Own }
    }

    fn changed(stored: bool, removal: bool) -> GroupChanged {
        let (entity, name, filter) = ("contact".to_owned(), "mine".to_owned(), "city = 'Oslo'".to_owned());
        let group = GroupDefinition { id: Uuid::from_u128(0x1234_5678 << 96), entity: entity.clone(), name, filter };
        let (rows_come, bytes_come, rows_go, bytes_go, rows_then) = (12, 1536, 30_000, 3 << 20, 100);
        let preview = FiltersPreview { entity, rows_come, bytes_come, rows_go, bytes_go, rows_then, cost: None };
        GroupChanged { group, removal, stored, preview, unsent: 0, empty: false, sync: None }
    }

    #[track_caller]
    fn assert_says(text: &str, words: &[&str]) {
        for word in words {
            assert!(text.contains(word), "{word:?} is not in\n{text}");
        }
    }

    #[test]
    fn groups_are_listed_by_entity() {
        let groups = vec![
            shown("account", "fence", GroupKind::Enforced),
            shown("contact", "all", GroupKind::Default),
            shown("contact", "mine", GroupKind::Own),
        ];
        let text = Groups { groups, fixed: vec!["team".to_owned()] }.to_string();
        assert_says(&text, &["account\n", "contact\n", "enforced", "default", "own", "12345678", "none of: team"]);
        assert_eq!(text.matches("in force").count(), 3, "one header each, and the last line:\n{text}");
        assert!(!text.contains("12345678-"), "{text}");
        let none = Groups { groups: vec![], fixed: vec![] }.to_string();
        assert_eq!(none, "There are no local data groups: this device holds every row that you may see.");
    }

    #[test]
    fn a_change_says_what_moves_and_when() {
        let text = changed(true, false).to_string();
        assert_says(&text, &["\"mine\" (12345678) of contact is now", "12", "1.50 KiB", "30,000", "3.00 MiB"]);
        assert_says(&text, &["The next sync moves this difference"]);
        assert!(!text.contains("Cost") && !text.contains("queue"), "{text}");
        let removed = changed(true, true).to_string();
        assert_says(&removed, &["Removed \"mine\" (12345678) of contact"]);
    }

    #[test]
    fn a_preview_says_that_nothing_is_stored_and_what_it_costs() {
        let mut preview = changed(false, false);
        (preview.unsent, preview.preview.cost) = (2, Some("all rows are read".to_owned()));
        let text = preview.to_string();
        assert_says(&text, &["With city = 'Oslo':", "Cost: all rows are read", "2 operations on contact"]);
        assert_says(&text, &["stay in the queue", "Nothing was stored"]);
    }

    #[test]
    fn an_empty_device_is_told_to_go_offline() {
        let text = GroupChanged { empty: true, ..changed(true, false) }.to_string();
        assert_says(&text, &["sojourn-agent go-offline"]);
    }
}
