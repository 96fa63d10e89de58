//! The one folder in which everything short-lived lies, so that removing it removes all.

use std::path::PathBuf;

use tempfile::TempDir;

use super::ReaperError;
use crate::os;
use crate::tools::reach;

/// Makes it in the system's folder for temporary files. Root starts Postgres as somebody else, who must be able
/// to pass through: then the place is one that others can reach, and the folder lets them pass (not list).
pub(super) fn make() -> Result<TempDir, ReaperError> {
    let place = place();
    let failed = |source| ReaperError::Scratch { place: place.clone(), source };
    let folder = tempfile::Builder::new().prefix("sojourn-").tempdir_in(&place).map_err(failed)?;
    if os::is_root() {
        os::set_mode(folder.path(), 0o711).map_err(failed)?;
    }
    Ok(folder)
}

fn place() -> PathBuf {
    let usual = std::env::temp_dir();
    let others = ["/tmp", "/var/tmp"].map(PathBuf::from);
    let mut choices = std::iter::once(usual.clone()).chain(others);
    let reachable = choices.find(|place| !os::is_root() || reach::by_others(place));
    reachable.unwrap_or(usual)
}
