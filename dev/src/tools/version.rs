//! What the programs print when asked for their version. Pure.

/// A Postgres version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PostgresVersion {
    /// The number that decides compatibility.
    pub(super) major: u32,
    /// All of it, with the packager's addition: `15.18 (Debian 15.18-0+deb12u1)`.
    pub(super) text: String,
}

const POSTGRES_AT_LEAST: u32 = 15;
const NATS_AT_LEAST: (u32, u32) = (2, 11);

/// Reads `postgres (PostgreSQL) 18.6`, `… 19beta1`, `… 15.18 (Debian …)`.
pub(super) fn postgres(output: &str) -> Option<PostgresVersion> {
    let text = output.trim().strip_prefix("postgres (PostgreSQL) ")?;
    Some(PostgresVersion { major: leading_number(text)?, text: text.to_owned() })
}

/// Reads `nats-server: v2.15.1` into (2, 15).
pub(super) fn nats(output: &str) -> Option<(u32, u32)> {
    let (major, rest) = output.trim().strip_prefix("nats-server: v")?.split_once('.')?;
    Some((major.parse().ok()?, leading_number(rest)?))
}

impl PostgresVersion {
    /// Whether Sojourn runs on it.
    pub(super) fn is_new_enough(&self) -> bool {
        self.major >= POSTGRES_AT_LEAST
    }
}

/// Whether Sojourn runs on it.
pub(super) fn nats_is_new_enough(version: (u32, u32)) -> bool {
    version >= NATS_AT_LEAST
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_versions_are_read_whatever_follows_the_number() {
        let major = |output| postgres(output).map(|version| version.major);
        assert_eq!(major("postgres (PostgreSQL) 18.6\n"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major("postgres (PostgreSQL) 14.2 (Debian 14.2-1)"), Some(14));
        assert_eq!(major("psql (PostgreSQL) 15.1"), None);
        assert!(!postgres("postgres (PostgreSQL) 14.2").unwrap().is_new_enough());
    }

    #[test]
    fn debian_12s_nats_server_is_too_old() {
        assert_eq!(nats("nats-server: v2.15.1\n"), Some((2, 15)));
        assert!(nats_is_new_enough((2, 11)) && nats_is_new_enough((3, 0)));
        assert!(!nats_is_new_enough(nats("nats-server: v2.9.10").unwrap()));
        assert_eq!(nats("usage"), None);
    }
}
