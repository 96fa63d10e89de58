//! Whether somebody else than us can get at a file.

use std::fs;
use std::path::Path;

use crate::os;

const PASS_FOR_OTHERS: u32 = 0o001;

/// Whether every folder on the way to `path`, and `path` itself, lets everybody pass (or, a file, run it).
pub(crate) fn by_others(path: &Path) -> bool {
    let passes = |place: &Path| fs::metadata(place).is_ok_and(|found| os::mode(&found) & PASS_FOR_OTHERS != 0);
    path.canonicalize().is_ok_and(|real| real.ancestors().all(passes))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_folder_anywhere_on_the_way_is_no_way() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("inner");
        fs::create_dir(&inner).unwrap();
        os::set_mode(&inner, 0o755).unwrap();
        os::set_mode(top.path(), 0o711).unwrap();
        let open = by_others(&inner);
        os::set_mode(top.path(), 0o700).unwrap();
        assert!(!by_others(&inner));
        assert_eq!(open, by_others(top.path().parent().unwrap()));
        assert!(!by_others(&inner.join("missing")));
    }
}
