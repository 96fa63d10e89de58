//! The thread that shows how far something is, as time passes, whether or not anything moves.

use std::io::Write as _;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::course::Course;
use super::words;

/// Where it is shown.
#[derive(Debug)]
pub(super) enum Canvas {
    /// A bar on the terminal.
    Bar(ProgressBar),
    /// A line at a time on stderr.
    Lines,
}

/// Something under way, shown until it is ended.
#[derive(Debug)]
pub(super) struct Painter {
    picture: Arc<Picture>,
    at_work: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

#[derive(Debug)]
struct Picture {
    what: &'static str,
    unit: &'static str,
    begun: Instant,
    course: Mutex<Course>,
    canvas: Canvas,
}

impl Canvas {
    pub(super) fn bar(total: u64) -> Self {
        let style = ProgressStyle::with_template("{prefix} [{bar:30}] {msg}");
        Self::Bar(ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    fn interval(&self) -> Duration {
        match self {
            Self::Bar(_) => Duration::from_millis(100),
            Self::Lines => Duration::from_secs(1),
        }
    }
}

impl Painter {
    /// Shows it at once, and from then on again and again. Without a thread to spare, at its beginning and end only.
    pub(super) fn start(what: &'static str, unit: &'static str, total: u64, canvas: Canvas) -> Self {
        let course = Mutex::new(Course::new(total));
        let picture = Arc::new(Picture { what, unit, begun: Instant::now(), course, canvas });
        picture.paint();
        let (stop, stopped) = mpsc::channel();
        let shown = picture.clone();
        let work = move || {
            while stopped.recv_timeout(shown.canvas.interval()) == Err(RecvTimeoutError::Timeout) {
                shown.paint();
            }
        };
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(work);
        Self { picture, at_work: Mutex::new(thread.ok().map(|thread| (stop, thread))) }
    }

    /// How far it is.
    pub(super) fn course(&self) -> MutexGuard<'_, Course> {
        held(&self.picture.course)
    }

    /// It is over: said once more in lines, wiped from a terminal.
    pub(super) fn end(&self) {
        self.course().over();
        if self.stop() && matches!(self.picture.canvas, Canvas::Lines) {
            self.picture.paint();
        }
    }

    /// Whether it was at work until now.
    fn stop(&self) -> bool {
        let Some((stop, thread)) = held(&self.at_work).take() else { return false };
        drop(stop);
        let _ = thread.join();
        if let Canvas::Bar(bar) = &self.picture.canvas {
            bar.finish_and_clear();
        }
        true
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Picture {
    fn paint(&self) {
        let reading = held(&self.course).at(self.begun.elapsed());
        match &self.canvas {
            Canvas::Bar(bar) => {
                bar.set_prefix(self.what);
                bar.set_message(words::beside_a_bar(self.unit, reading));
                bar.set_position(reading.position);
            }
            Canvas::Lines => {
                let _ = writeln!(std::io::stderr(), "{}", words::line(self.what, self.unit, reading));
            }
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
