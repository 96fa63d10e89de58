//! What the search for tools takes from its surroundings; the one place of this crate that reads the environment.

use std::path::{Path, PathBuf};

use crate::os;

/// Where to look, and where to keep. A value, so that a test can look elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The folders of PATH.
    pub path: Vec<PathBuf>,
    /// The folder that has one folder per Postgres version (`15/bin` …).
    pub postgres_versions: PathBuf,
    /// Cargo's build folder, if this program lies in one.
    pub build: Option<PathBuf>,
    /// The folder that keeps tools when the build folder cannot.
    pub fallback: PathBuf,
    /// Whether the programs must be usable by another user than this one.
    pub for_others: bool,
}

impl Environment {
    /// What this process sees.
    pub fn observe() -> Environment {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let executable = std::env::current_exe().ok();
        let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        Environment {
            path: std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect(),
            postgres_versions: "/usr/lib/postgresql".into(),
            build: executable.as_deref().and_then(build_folder_of).or(named),
            fallback: fallback(),
            for_others: os::is_root(),
        }
    }
}

/// The nearest folder above the executable that Cargo has marked as a build folder.
fn build_folder_of(executable: &Path) -> Option<PathBuf> {
    let above = executable.ancestors().skip(1);
    above.filter(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_path_buf).next()
}

fn fallback() -> PathBuf {
    let name = format!("sojourn-tools-{}", os::uid());
    if cfg!(unix) { Path::new("/var/tmp").join(name) } else { std::env::temp_dir().join(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_folder_is_found_from_a_program_deep_in_it() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("target/debug/deps");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(build_folder_of(&deep.join("it")), None);
        std::fs::write(top.path().join("target/CACHEDIR.TAG"), "").unwrap();
        assert_eq!(build_folder_of(&deep.join("it")), Some(top.path().join("target")));
    }
}
