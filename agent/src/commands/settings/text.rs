//! Settings, for people.

use std::fmt;

use super::{SettingShown, Settings};
use crate::commands::plain_table;

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = plain_table(&["name", "value", "default", "unit", "in CRM's registry"]);
        for SettingShown { name, value, default, unit, registry } in &self.settings {
            table.add_row([
                name.name().to_owned(),
                value.to_string(),
                default.to_string(),
                (*unit).to_owned(),
                registry.unwrap_or_default().to_owned(),
            ]);
        }
        write!(f, "{table}\n\nThey hold from the next session on.")
    }
}
