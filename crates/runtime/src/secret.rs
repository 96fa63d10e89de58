//! Values that must not reach a log: they hide in `Debug` and have no `Display`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use url::Url;

/// The seed of an nkey, `SU…`: who holds it is that identity.
#[derive(Clone, PartialEq, Eq)]
pub struct NkeySeed(String);

/// A seed that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// The text is not a seed. It is not repeated: it may be one with a typing mistake.
    #[error("not an nkey seed: expected the text of a user seed, which starts with SU, or @FILE")]
    NotASeed,
    /// The file it should come from cannot be read.
    #[error("cannot read the nkey seed from {path}: {problem}")]
    File {
        /// The file.
        path: String,
        /// Why.
        problem: String,
    },
}

impl NkeySeed {
    /// The seed itself, for the handshake and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The identity's public key, `U…`, which may be shown.
    #[must_use]
    pub fn public_key(&self) -> String {
        nkeys::KeyPair::from_seed(&self.0).map(|pair| pair.public_key()).unwrap_or_default()
    }
}

impl FromStr for NkeySeed {
    type Err = SeedError;

    /// Takes the seed itself, or `@` and the path of a file that holds it.
    fn from_str(text: &str) -> Result<Self, SeedError> {
        let seed = match text.strip_prefix('@') {
            Some(path) => seed_in_file(Path::new(path))?,
            None => text.trim().to_owned(),
        };
        let pair = nkeys::KeyPair::from_seed(&seed).map_err(|_| SeedError::NotASeed)?;
        if !pair.public_key().starts_with('U') {
            return Err(SeedError::NotASeed);
        }
        Ok(Self(seed))
    }
}

fn seed_in_file(path: &Path) -> Result<String, SeedError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SeedError::File { path: path.display().to_string(), problem: error.to_string() })?;
    Ok(text.trim().to_owned())
}

impl fmt::Debug for NkeySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NkeySeed(of {})", self.public_key())
    }
}

/// Where Postgres is and who we are there: `postgres://user:password@host/database`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Url);

/// Text that is no database URL. It is not repeated: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a database URL: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, where / # ? @ : and % in a password are \
     written %2F %23 %3F %40 %3A %25"
)]
pub struct NotADatabaseUrl;

impl DatabaseUrl {
    /// The whole URL with its password, for the driver and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for DatabaseUrl {
    type Err = NotADatabaseUrl;

    fn from_str(text: &str) -> Result<Self, NotADatabaseUrl> {
        let url = Url::parse(text.trim()).map_err(|_| NotADatabaseUrl)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(NotADatabaseUrl);
        }
        Ok(Self(url))
    }
}

impl fmt::Debug for DatabaseUrl {
    /// Host and database; the user's password and the query, which may hold one, stay out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0.host_str().unwrap_or_default();
        write!(f, "DatabaseUrl({host}{})", self.0.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_hides_and_shows_its_public_key() {
        let pair = nkeys::KeyPair::new_user();
        let text = pair.seed().expect("a fresh pair has a seed");
        let seed: NkeySeed = format!(" {text}\n").parse().expect("a seed");
        assert_eq!(seed.expose(), text);
        assert_eq!(format!("{seed:?}"), format!("NkeySeed(of {})", pair.public_key()));
    }

    #[test]
    fn what_is_no_user_seed_is_refused_without_repeating_it() {
        let account = nkeys::KeyPair::new_account().seed().expect("a fresh pair has a seed");
        for text in ["", "SUAHUNTER2", &account] {
            let error = text.parse::<NkeySeed>().expect_err("refused");
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
        let missing = "@/nowhere/seed".parse::<NkeySeed>().expect_err("refused").to_string();
        assert!(missing.contains("/nowhere/seed"), "{missing}");
    }

    #[test]
    fn a_database_url_hides_its_password_wherever_it_stands() {
        let url: DatabaseUrl =
            "postgres://me:hunter2@db.example:5432/crm?password=hunter2".parse().expect("a database URL");
        assert_eq!(format!("{url:?}"), "DatabaseUrl(db.example/crm)");
        assert!(url.expose().contains("hunter2"));
        let error = "mysql://me:hunter2@db/crm".parse::<DatabaseUrl>().expect_err("refused");
        assert!(!error.to_string().contains("hunter2"));
    }
}
