//! The superuser's password: made once for a template, and kept inside its data folder, which nobody but the user that
//! Postgres runs as may look into. So no other user of the machine gets in.

use std::fmt;
use std::fs;
use std::path::Path;

use sojourn_runtime::clock;

use super::super::error::InstanceError;

/// Its file in the data folder; Postgres leaves files alone that it does not know.
const FILE: &str = "sojourn.password";

/// A password that hides from `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(String);

impl Password {
    /// One that nobody can guess; it needs no escaping anywhere.
    pub(super) fn generate() -> Password {
        Password(format!("{}{}", clock::fresh_id().simple(), clock::fresh_id().simple()))
    }

    /// The one that belongs to a data folder.
    pub(super) fn of(data: &Path) -> Result<Password, InstanceError> {
        let path = data.join(FILE);
        let text = fs::read_to_string(&path).map_err(InstanceError::file("read", path))?;
        Ok(Password(text.trim().to_owned()))
    }

    /// Keeps it in the data folder.
    pub(super) fn keep(&self, data: &Path) -> Result<(), InstanceError> {
        let path = data.join(FILE);
        fs::write(&path, &self.0).map_err(InstanceError::file("write", path))
    }

    /// The password itself.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_with_the_data_and_hides() {
        let data = tempfile::tempdir().unwrap();
        let password = Password::generate();
        password.keep(data.path()).unwrap();
        assert_eq!(Password::of(data.path()).unwrap(), password);
        assert_eq!(password.expose().len(), 64);
        assert!(!format!("{password:?}").contains(password.expose()));
    }
}
