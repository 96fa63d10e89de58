//! What can be wrong with what is asked of the error centre.

use std::io;
use std::path::PathBuf;

use super::refused::listed;

/// The error centre was not asked in a way that it can answer; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ErrorsProblem {
    /// There is no such refused entry.
    #[error("entry {number} of the queue is not refused; {}", known(numbers))]
    NotRefused {
        /// What was asked for.
        number: u64,
        /// Those that there are.
        numbers: Vec<u64>,
    },
    /// What cannot be undone needs a yes.
    #[error("{what} cannot be undone: add --yes; `sojourn-agent errors export FILE.json` keeps a copy")]
    Unsure {
        /// What it would do.
        what: String,
    },
    /// The user said no.
    #[error("nothing was given up")]
    Declined,
    /// The question could not be asked.
    #[error("cannot ask on this terminal ({0}); answer with an option, see --help")]
    Unasked(io::Error),
    /// An attribute is given two values.
    #[error("{0} is given twice; name each attribute once")]
    Twice(String),
    /// A file has a name that does not say what shall be in it.
    #[error("{} ends in neither .json nor .csv; give it a name that says which of the two it shall be", path.display())]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// A file is there already.
    #[error("{} exists already; choose another name, or add --force to replace it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}; choose another place", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

fn known(numbers: &[u64]) -> String {
    match numbers {
        [] => "nothing is, so there is nothing to settle".to_owned(),
        numbers => format!("refused are: {}", listed(numbers)),
    }
}

impl From<dialoguer::Error> for ErrorsProblem {
    fn from(error: dialoguer::Error) -> Self {
        let dialoguer::Error::IO(error) = error;
        Self::Unasked(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_number_is_answered_with_the_right_ones() {
        let problem = |numbers: &[u64]| ErrorsProblem::NotRefused { number: 9, numbers: numbers.to_vec() }.to_string();
        assert_eq!(problem(&[3, 5]), "entry 9 of the queue is not refused; refused are: 3, 5");
        assert_eq!(problem(&[]), "entry 9 of the queue is not refused; nothing is, so there is nothing to settle");
    }
}
