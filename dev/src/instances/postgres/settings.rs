//! The settings an instance runs with.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The file in the data folder that holds our settings; the template's `postgresql.conf` includes it.
pub(super) const FILE: &str = "sojourn.conf";
/// Longest folder for a socket that every system takes (the whole path has 104 bytes on macOS).
const SOCKET_FOLDER_MAX: usize = 80;

/// What may be lost when the machine (not just Postgres) crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Everything: nothing waits for the disk. For tests.
    #[default]
    Scratch,
    /// Nothing: Postgres' own settings. For measurements.
    Safe,
}

/// How to run an instance.
#[derive(Debug, Clone, Default)]
pub struct PostgresOptions {
    /// What may be lost in a crash of the machine.
    pub durability: Durability,
    /// A folder of ours in which the data stay when the instance ends; what is there is used again. None: they go with
    /// the instance.
    pub keep_in: Option<PathBuf>,
    /// More settings, as in `postgresql.conf`: name and value, without quotes. They win over ours.
    pub settings: Vec<(String, String)>,
}

/// The text of the settings file, for an instance that has `folder` to itself.
pub(super) fn render(options: &PostgresOptions, port: u16, folder: &Path) -> String {
    let socket = folder.display().to_string();
    let socket = if socket.len() > SOCKET_FOLDER_MAX { "" } else { &socket };
    let port = port.to_string();
    let always = [
        ("listen_addresses", "127.0.0.1"),
        ("port", &port),
        ("unix_socket_directories", socket),
        ("max_connections", "400"),
        ("shared_buffers", "256MB"),
        ("max_prepared_transactions", "20"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("log_line_prefix", "%m [%p] %u@%d "),
    ];
    let own = options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let lines = always.into_iter().chain(durability(options.durability).iter().copied()).chain(own);
    lines.fold(String::new(), |mut text, (name, value)| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} = '{}'", value.replace('\'', "''"));
        text
    })
}

fn durability(durability: Durability) -> &'static [(&'static str, &'static str)] {
    match durability {
        Durability::Safe => &[],
        Durability::Scratch => &[
            ("fsync", "off"),
            ("synchronous_commit", "off"),
            ("full_page_writes", "off"),
            // In the data folder, so that it goes with it even after a SIGKILL.
            ("dynamic_shared_memory_type", "mmap"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_settings_come_last_and_are_quoted() {
        let settings = vec![("application_name".to_owned(), "it's".to_owned())];
        let text = render(
            &PostgresOptions { durability: Durability::Safe, keep_in: None, settings },
            2222,
            Path::new("/tmp/x"),
        );
        assert!(text.ends_with("application_name = 'it''s'\n"));
        assert!(text.contains("port = '2222'\n") && text.contains("unix_socket_directories = '/tmp/x'\n"));
        assert!(!text.contains("fsync"));
    }

    #[test]
    fn a_folder_too_long_for_a_socket_gets_none() {
        let text = render(&PostgresOptions::default(), 2222, Path::new(&format!("/{}", "x".repeat(100))));
        assert!(text.contains("unix_socket_directories = ''\n") && text.contains("fsync = 'off'\n"));
    }
}
