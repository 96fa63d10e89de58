//! The folder that keeps tools between runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::ToolError;
use super::reach;
use crate::os;

const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Opens `tools` in the build folder; if there is none, or others cannot get there and must, the fallback, which
/// lies in a folder that everybody may write to and is therefore checked.
pub(super) fn open(around: &Environment) -> Result<PathBuf, ToolError> {
    let good = |build: &&PathBuf| !around.for_others || reach::by_others(build);
    if let Some(build) = around.build.as_ref().filter(good) {
        let home = build.join("tools");
        fs::create_dir_all(&home).map_err(|source| failed(&home, source))?;
        return readable(home);
    }
    match fs::create_dir(&around.fallback) {
        Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(&around.fallback, source)),
        _ => trusted(&around.fallback).and_then(|()| readable(around.fallback.clone())),
    }
}

/// Others may use what is in it, whatever our umask; nobody but us may change it.
fn readable(home: PathBuf) -> Result<PathBuf, ToolError> {
    os::set_mode(&home, 0o755).map_err(|source| failed(&home, source))?;
    Ok(home)
}

/// Refuses a folder that somebody else made or may have written to: we run programs from it, perhaps as root.
fn trusted(home: &Path) -> Result<(), ToolError> {
    let found = fs::symlink_metadata(home).map_err(|source| failed(home, source))?;
    let reason = if !found.is_dir() {
        "it is not a folder".to_owned()
    } else if os::owner(&found) != os::uid() {
        format!("it belongs to user {}, not to user {}", os::owner(&found), os::uid())
    } else if os::mode(&found) & WRITABLE_BY_OTHERS != 0 {
        "others may write to it".to_owned()
    } else {
        return Ok(());
    };
    Err(ToolError::Untrusted { path: home.into(), reason })
}

fn failed(home: &Path, source: std::io::Error) -> ToolError {
    ToolError::Folder { action: "use the folder for tools", path: home.into(), source }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn around(top: &Path, for_others: bool) -> Environment {
        let build = Some(top.join("target"));
        Environment { build, fallback: top.join("fallback"), for_others, ..Environment::default() }
    }

    #[test]
    fn tools_stay_in_the_build_folder_unless_others_cannot_get_there() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join("target")).unwrap();
        assert_eq!(open(&around(top.path(), false)).unwrap(), top.path().join("target/tools"));
        os::set_mode(top.path(), 0o700).unwrap();
        assert_eq!(open(&around(top.path(), true)).unwrap(), top.path().join("fallback"));
        assert_eq!(open(&around(top.path(), true)).unwrap(), top.path().join("fallback"));
    }

    #[test]
    fn a_fallback_that_others_may_have_filled_is_refused() {
        let top = tempfile::tempdir().unwrap();
        let around = Environment { build: None, ..around(top.path(), true) };
        fs::create_dir(&around.fallback).unwrap();
        os::set_mode(&around.fallback, 0o777).unwrap();
        assert!(matches!(open(&around), Err(ToolError::Untrusted { .. })));
        fs::remove_dir(&around.fallback).unwrap();
        std::os::unix::fs::symlink(top.path(), &around.fallback).unwrap();
        assert!(matches!(open(&around), Err(ToolError::Untrusted { .. })));
    }
}
