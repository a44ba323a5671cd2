//! The lines of `events.jsonl`, kept as they were written: a version that does not know a field must not lose it.

use crate::model::{Digest, Event, EventId, Hlc};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Line {
    pub event: Event,
    pub raw: String,
}

impl Line {
    pub fn of(event: Event) -> Line {
        let raw = event.to_line().trim_end().to_owned();
        Line { event, raw }
    }
}

/// Events by their place in the fold, and what could not be read as one.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    pub events: BTreeMap<(Hlc, EventId), Line>,
    /// Lines nobody can read, and second lines under a name that is taken. They are set aside, never dropped.
    pub set_aside: Vec<String>,
}

impl Lines {
    pub fn parse(text: &str) -> Lines {
        let mut lines = Lines::default();
        lines.take(text);
        lines
    }

    pub fn take(&mut self, text: &str) {
        for raw in text.lines().map(str::trim).filter(|raw| !raw.is_empty()) {
            match Event::parse_line(raw) {
                Ok(event) => self.add(Line { event, raw: raw.to_owned() }),
                Err(_) => self.set_aside.push(raw.to_owned()),
            }
        }
    }

    /// Of two different events under one name, the same one stays whichever came first.
    pub fn add(&mut self, line: Line) {
        let key = (line.event.hlc, line.event.id.clone());
        match self.events.get_mut(&key) {
            Some(known) if known.raw == line.raw => {}
            Some(known) => {
                let (kept, other) = if known.raw < line.raw { (known.clone(), line) } else { (line, known.clone()) };
                *known = kept;
                self.set_aside.push(other.raw);
            }
            None => drop(self.events.insert(key, line)),
        }
    }

    pub fn take_all(&mut self, other: &Lines) {
        other.events.values().for_each(|line| self.add(line.clone()));
        self.set_aside.extend(other.set_aside.iter().cloned());
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.values().map(|line| line.event.clone()).collect()
    }

    pub fn has(&self, event: &Event) -> bool {
        self.events.contains_key(&(event.hlc, event.id.clone()))
    }

    pub fn to_text(&self) -> String {
        self.events.values().flat_map(|line| [line.raw.as_str(), "\n"]).collect()
    }

    /// What is set aside, as files beside the task: named by content, so that every clone has the same.
    pub fn set_aside_files(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.set_aside.iter().map(|raw| {
            let name = format!("attic/set-aside-{}.jsonl", &Digest::of(raw).hex()[..10]);
            (name, format!("{raw}\n"))
        })
    }
}
