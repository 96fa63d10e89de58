//! A reader of a device's file: at any time after the first load, all marks are the same, and between entities none is
//! older than one that was read before it.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sojourn_agent::store::{Store, ValueRef};

use crate::support::Device;

/// How long it rests between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// A reader at work, until it is ended.
pub struct Reader {
    /// Dropped, it ends the thread.
    stop: Sender<()>,
    thread: JoinHandle<Result<Seen, String>>,
}

/// What it has seen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    pub looks: u64,
    /// How often the marks were others than before.
    pub changes: u64,
}

impl Reader {
    /// Begins to read.
    pub fn start(device: &Device) -> Self {
        let store = Store::open(&device.database()).expect("the database opens");
        let (stop, stopped) = mpsc::channel();
        let work = move || {
            let (mut seen, mut before) = (Seen::default(), 0);
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                let mark = look(&store)?;
                if mark < before {
                    return Err(format!("mark {mark} came after mark {before}"));
                }
                seen.looks += 1;
                seen.changes += u64::from(mark != before);
                before = mark;
            }
            Ok(seen)
        };
        Self { stop, thread: thread::spawn(work) }
    }

    /// Ends it.
    ///
    /// # Panics
    /// When it has seen half of a session.
    #[track_caller]
    pub fn end(self) -> Seen {
        drop(self.stop);
        let seen = self.thread.join().expect("the reader's thread");
        seen.unwrap_or_else(|half| panic!("a reader has seen half of a session: {half}"))
    }
}

/// Looks once; answers the mark.
fn look(store: &Store) -> Result<u64, String> {
    // Whatever comes in between, it comes whole: marks only rise from one statement to the next.
    let marks = ["contact", "task", "contact"].map(|entity| mark(store, entity));
    let [first, second, third] = marks;
    let (first, second, third) = (first?, second?, third?);
    if first <= second && second <= third {
        Ok(third)
    } else {
        Err(format!("contacts had mark {first}, then tasks {second}, then contacts {third}"))
    }
}

/// The mark that the rows of an entity bear.
fn mark(store: &Store, entity: &str) -> Result<u64, String> {
    let (mut marks, mut wrong) = (Vec::new(), None);
    let mut note = |value: &ValueRef<'_>| {
        let ValueRef::Text(text) = value else { return };
        if let Some(mark) = text.strip_prefix("mark ") {
            marks.push(mark.parse().expect("a mark's number"));
        }
    };
    if let Err(error) = store.for_each_row(entity, |_, values| values.iter().for_each(&mut note)) {
        wrong = Some(format!("{entity} cannot be read: {error}"));
    }
    marks.dedup();
    match (wrong, &marks[..]) {
        (Some(wrong), _) => Err(wrong),
        (None, [mark]) => Ok(*mark),
        (None, _) => Err(format!("{entity} has marks {marks:?}")),
    }
}
