//! One executable that is any of our processes, named by its first argument: real, separate processes that run exactly
//! the code of the services' own programs, from one file that Cargo built.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::{cli, output, reaper};

/// The first argument that makes the executable a reaper.
pub const REAP: &str = "reap";
/// The first argument that makes it an agent.
pub const AGENT: &str = "agent";
/// The first argument that makes it the administrator's program.
pub const ADMIN: &str = "admin";

/// The whole `main` of such an executable: the process that its first argument names, or else the command line of
/// `cargo stack` and `cargo demo`.
#[must_use]
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    dispatch(&args).unwrap_or_else(|| cli::run(args))
}

/// Runs the process that the first argument names, to its end; none if it names none. `args` begin with the program's
/// name, as [`std::env::args_os`] gives them.
#[must_use]
pub fn dispatch(args: &[OsString]) -> Option<ExitCode> {
    let name = args.get(1)?.to_str()?;
    let own =
        |program: &str| std::iter::once(program.into()).chain(args[2..].iter().cloned()).collect::<Vec<OsString>>();
    Some(match name {
        "prepare" => sojourn_prepare::run(own("sojourn-prepare")),
        "export" => sojourn_export::run(own("sojourn-export")),
        "schema" => sojourn_schema::run(own("sojourn-schema")),
        "replay" => sojourn_replay::run(own("sojourn-replay")),
        AGENT => sojourn_agent::run(own("sojourn-agent")),
        ADMIN => sojourn_admin::run(own("sojourn-admin")),
        REAP => reap(),
        _ => return None,
    })
}

/// The reaper, on a runtime of its own.
fn reap() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(reaper::run()).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            output::say(&problem);
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_wire::Service;

    #[test]
    fn what_names_no_process_is_left_to_the_caller() {
        for args in [vec!["x"], vec!["x", "stack"], vec!["x", "--help"]] {
            let args: Vec<OsString> = args.into_iter().map(OsString::from).collect();
            assert!(dispatch(&args).is_none());
        }
    }

    #[test]
    fn every_service_can_be_started() {
        for service in Service::ALL {
            let args = ["x", service.name(), "--version"].map(OsString::from);
            assert!(dispatch(&args).is_some(), "{}", service.name());
        }
    }
}
