//! Stand-ins for systems without Unix processes: the crate compiles there, and starting anything fails kindly.

use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::process::Command;

use super::{Signal, Usage, User};

pub(crate) fn signal(_pid: u32, _signal: Signal) -> bool {
    false
}

pub(crate) fn signal_group(_pid: u32, _signal: Signal) -> bool {
    false
}

pub(crate) fn is_running(_pid: u32) -> bool {
    false
}

pub(crate) fn children(_pid: u32) -> Vec<u32> {
    Vec::new()
}

pub(crate) fn marked(_marker: &str) -> Vec<u32> {
    Vec::new()
}

pub(crate) fn usage(_pid: u32) -> Option<Usage> {
    None
}

pub(crate) fn uid() -> u32 {
    0
}

pub(crate) fn is_root() -> bool {
    false
}

pub(crate) fn unprivileged_user() -> Option<User> {
    None
}

pub(crate) fn own_group(_command: &mut Command) {}

pub(crate) fn run_as(_command: &mut Command, _user: &User) {}

pub(crate) fn chown(_path: &Path, _user: &User) -> io::Result<()> {
    Ok(())
}

pub(crate) fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

pub(crate) fn mode(_metadata: &Metadata) -> u32 {
    0o755
}

pub(crate) fn owner(_metadata: &Metadata) -> u32 {
    0
}
