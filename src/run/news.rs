//! What a run learns and tells through the remote while it works: exchanges at intervals, a sign of life, tasks of silent
//! machines. It runs beside the dispatcher, so that a slow remote never keeps it from listening to its workers.

use super::event::RunEvent;
use crate::error::Result;
use crate::host::Host;
use crate::sync::{Manner, Sharing, take_over};
use crate::tasks::Project;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Looks at its clocks this often.
const TICK: Duration = Duration::from_millis(100);

/// Shared between the dispatcher and the thread that talks to the remote.
pub struct News {
    /// The dispatcher is through.
    pub over: AtomicBool,
    /// Something here should be published soon.
    pub wanted: AtomicBool,
    /// At least one exchange has succeeded, or there is nothing to exchange with.
    pub heard: AtomicBool,
    /// The remote was not reached for a whole lease: others may take over what is held here.
    pub lost: watch::Sender<bool>,
}

impl News {
    pub fn new() -> News {
        News {
            over: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            heard: AtomicBool::new(false),
            lost: watch::channel(false).0,
        }
    }

    pub fn publish_soon(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }
}

/// Talks to the remote until the run is over. `every` is the setting that says how often.
pub fn exchange_news(
    host: &Host,
    folder: &Path,
    news: &News,
    every: &str,
    holds_claims: &dyn Fn() -> bool,
    tell: &dyn Fn(RunEvent),
) {
    let mut talk = Talk { next: host.monotonic(), trouble: None, quiet_since: None };
    while !news.over.load(Ordering::Relaxed) {
        if let Err(error) = talk.tick(host, folder, news, every, holds_claims, tell) {
            talk.complain(&error.full_text(), tell);
            talk.next = host.monotonic() + Duration::from_secs(2);
        }
        host.sleep(TICK);
    }
}

struct Talk {
    next: Instant,
    /// What was last wrong, so that it is said once.
    trouble: Option<String>,
    quiet_since: Option<Instant>,
}

impl Talk {
    fn tick(
        &mut self,
        host: &Host,
        folder: &Path,
        news: &News,
        every: &str,
        holds_claims: &dyn Fn() -> bool,
        tell: &dyn Fn(RunEvent),
    ) -> Result<()> {
        let is_wanted = news.wanted.swap(false, Ordering::Relaxed);
        let holds = holds_claims();
        if !is_wanted && !holds && host.monotonic() < self.next {
            return Ok(());
        }
        let project = Project::open(host, folder, None)?;
        let Some(sharing) = Sharing::find(&project)? else {
            news.heard.store(true, Ordering::Relaxed);
            self.next = host.monotonic() + Duration::from_secs(1);
            return Ok(());
        };
        if holds {
            self.keep_alive(host, &sharing, news, tell);
        }
        if is_wanted || host.monotonic() >= self.next {
            let interval = project.settings.duration(every).max(Duration::from_millis(100));
            self.next = host.monotonic() + interval.mul_f64(2.0 / 3.0 + host.random_fraction() * 2.0 / 3.0);
            self.exchange(&sharing, news, tell)?;
        }
        Ok(())
    }

    /// Others count from when they last saw a change; we count from when we sent it, which is earlier.
    fn keep_alive(&mut self, host: &Host, sharing: &Sharing<'_>, news: &News, tell: &dyn Fn(RunEvent)) {
        let lease = sharing.lease();
        if let Err(error) = sharing.beat_if_due(lease / 3) {
            self.complain(&error.full_text(), tell);
        }
        let silent = match sharing.heart_age() {
            Ok(Some(age)) => age,
            _ => host.monotonic() - *self.quiet_since.get_or_insert_with(|| host.monotonic()),
        };
        if silent >= lease && !*news.lost.borrow() {
            tell(RunEvent::note(format!(
                "{} was not reached for {}, a whole lease: what runs here stops and keeps its branches",
                sharing.place.shown(),
                crate::config::duration_text(lease)
            )));
            let _ = news.lost.send_replace(true);
        } else if silent < lease {
            let _ = news.lost.send_if_modified(|lost| std::mem::replace(lost, false));
        }
    }

    fn exchange(&mut self, sharing: &Sharing<'_>, news: &News, tell: &dyn Fn(RunEvent)) -> Result<()> {
        let report = sharing.exchange(Manner { look_first: true, ..Manner::default() }, &mut |_| {})?;
        if self.trouble.take().is_some() {
            tell(RunEvent::note(format!("{} is reached again", sharing.place.shown())));
        }
        report.notes.into_iter().for_each(|note| tell(RunEvent::note(note)));
        for taken in take_over(sharing)? {
            let short = sharing.project.store.snapshot()?.short(&taken.task);
            tell(RunEvent::note(format!(
                "{short} is free again: {} showed no sign of life for its whole lease",
                taken.from
            )));
        }
        news.heard.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn complain(&mut self, trouble: &str, tell: &dyn Fn(RunEvent)) {
        if self.trouble.as_deref() != Some(trouble) {
            tell(RunEvent::note(format!("{trouble}; work goes on")));
            self.trouble = Some(trouble.to_owned());
        }
    }
}
