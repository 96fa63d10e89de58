//! A folder's files, byte by byte, to be compared before and after.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every file below a folder, with its bytes; nothing where there is no folder.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(folder, &mut found);
    found
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            collect(&path, found);
        } else {
            let bytes = std::fs::read(&path).expect("the file can be read");
            found.insert(path, bytes);
        }
    }
}
