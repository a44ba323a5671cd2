//! What a run learns and tells through the remote while it works: exchanges at intervals, a sign of life, tasks of silent
//! machines. Both run beside the dispatcher and beside each other, so that a slow remote keeps nobody from listening to
//! the workers, and a long exchange does not make this machine look dead.

use super::event::RunEvent;
use super::session::live_sessions;
use crate::config::duration_text;
use crate::error::Result;
use crate::host::Host;
use crate::store::Local;
use crate::sync::{Manner, Sharing, take_over};
use crate::tasks::Project;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Looks at its clocks this often.
const TICK: Duration = Duration::from_millis(100);
/// After a failure the remote is asked again this soon, whatever the interval is.
const SOON: Duration = Duration::from_secs(2);

/// Shared between the dispatcher and those who talk to the remote.
pub struct News {
    /// The dispatcher is through.
    pub over: AtomicBool,
    /// Something here should be published soon.
    wanted: AtomicBool,
    /// The remote answered when it was last asked; nothing is claimed while it does not.
    reachable: AtomicBool,
    /// It was asked, whatever came of it.
    pub asked: AtomicBool,
    /// The remote was not reached for a whole lease: others may take over what is held here.
    pub lost: watch::Sender<bool>,
}

impl News {
    pub fn new() -> News {
        News {
            over: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            reachable: AtomicBool::new(true),
            asked: AtomicBool::new(false),
            lost: watch::channel(false).0,
        }
    }

    pub fn publish_soon(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    pub fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// Somebody could not reach the remote: nothing is claimed before an exchange succeeds.
    pub fn note_unreachable(&self) {
        self.reachable.store(false, Ordering::Relaxed);
        self.publish_soon();
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// Where news come from and who hears of them.
#[derive(Clone, Copy)]
pub struct Desk<'d> {
    pub host: &'d Host,
    pub folder: &'d Path,
    pub news: &'d News,
    pub tell: &'d (dyn Fn(RunEvent) + Sync),
}

impl Desk<'_> {
    fn say(&self, text: String) {
        (self.tell)(RunEvent::note(text));
    }

    fn project(&self) -> Result<Project> {
        Project::open(self.host, self.folder, None)
    }

    /// Exchanges at intervals and when something is to be published. `every` names the setting that says how often.
    pub fn exchange_news(&self, every: &str) {
        let mut next = self.host.monotonic();
        // What was last wrong, so that it is said once.
        let mut trouble: Option<String> = None;
        while !self.news.is_over() {
            let is_wanted = self.news.wanted.swap(false, Ordering::Relaxed) && trouble.is_none();
            if is_wanted || self.host.monotonic() >= next {
                match self.exchange(every) {
                    Ok(wait) => {
                        next = self.host.monotonic() + wait;
                        self.news.reachable.store(true, Ordering::Relaxed);
                        if trouble.take().is_some() {
                            self.say("the remote is reached again".to_owned());
                        }
                    }
                    Err(error) => {
                        next = self.host.monotonic() + SOON;
                        self.news.reachable.store(false, Ordering::Relaxed);
                        let text = error.full_text();
                        if trouble.as_ref() != Some(&text) {
                            self.say(format!("{text}; what runs goes on, and nothing new is claimed"));
                            trouble = Some(text);
                        }
                    }
                }
                self.news.asked.store(true, Ordering::Relaxed);
            }
            self.host.sleep(TICK);
        }
    }

    /// How long to wait before the next exchange.
    fn exchange(&self, every: &str) -> Result<Duration> {
        let project = self.project()?;
        let interval = project.settings.duration(every).max(Duration::from_millis(100));
        let Some(sharing) = Sharing::find(&project)? else { return Ok(interval) };
        let report = sharing.exchange(Manner { look_first: true, ..Manner::default() }, &mut |_| {})?;
        report.notes.into_iter().for_each(|note| self.say(note));
        for taken in take_over(&sharing)? {
            let short = project.store.snapshot()?.short(&taken.task);
            self.say(format!("{short} is free again: {} showed no sign of life for its whole lease", taken.from));
        }
        Ok(interval.mul_f64(2.0 / 3.0 + self.host.random_fraction() * 2.0 / 3.0))
    }

    /// Shows that this clone lives as long as it holds claims. Others count from when they last saw a change; we count
    /// from when we sent it, which is earlier.
    pub fn keep_alive(&self, local: &Local) {
        let mut alone_since: Option<Instant> = None;
        let mut next = self.host.monotonic();
        while !self.news.is_over() {
            if self.host.monotonic() >= next && live_sessions(local) {
                let looked = self.show_life(&mut alone_since);
                next = self.host.monotonic() + looked.unwrap_or(TICK * 5);
            }
            self.host.sleep(TICK);
        }
    }

    /// How long until the next look. A remote that is away is the exchange's to complain about.
    fn show_life(&self, alone_since: &mut Option<Instant>) -> Result<Duration> {
        let project = self.project()?;
        let Some(sharing) = Sharing::find(&project)? else { return Ok(Duration::from_secs(1)) };
        let lease = sharing.lease();
        let beaten = sharing.beat_if_due(lease / 3);
        let silent = match sharing.heart_age()? {
            Some(age) => {
                *alone_since = None;
                age
            }
            None => self.host.monotonic() - *alone_since.get_or_insert_with(|| self.host.monotonic()),
        };
        let was_lost = *self.news.lost.borrow();
        if silent >= lease && !was_lost {
            self.say(format!(
                "{} was not reached for {}, a whole lease: what runs here stops and keeps its branches",
                sharing.place.shown(),
                duration_text(lease)
            ));
        }
        if (silent >= lease) != was_lost {
            self.news.lost.send_replace(silent >= lease);
        }
        beaten?;
        Ok((lease / 30).clamp(TICK, Duration::from_secs(5)))
    }
}
