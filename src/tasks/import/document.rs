//! One Markdown file as an entry: front matter, title, spec and plan.

use super::entry::{Beginning, Entry, fit_title, text_of};
use super::folder::SYSTEM;
use super::place::Place;
use crate::model::frontmatter::{Document, Value, parse_document};
use crate::model::plan::{Severity, parse_plan};
use crate::model::text::escape_line;
use crate::model::{Priority, Reason, Risk, Source, Status};
use crate::tasks::create::one_line;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Read {
    pub entry: Entry,
    /// What the file says it comes after, as written.
    pub after: Vec<String>,
    pub warnings: Vec<String>,
}

/// The file as an entry, or a warning that says why it is none.
pub(super) fn read(place: &Place, key: &str, text: &str) -> Result<Read, String> {
    let at = escape_line(&place.name_of(key)).into_owned();
    let document = parse_document(text).map_err(|problem| {
        let message = format!("{}; the file was left out", problem.message);
        format!("{at}:{}: {}", problem.line, escape_line(&message))
    })?;
    let mut matter = Matter::read(&document.fields);
    let (written, body) = title_and_body(&document, matter.title.take(), key);
    let (title, whole) = fit_title(&written);
    let parts = Parts::of(&body);
    if let Some((line, message)) = parts.problem {
        let above = text[..text.len() - document.body.len()].matches('\n').count();
        matter.warnings.push(format!("the steps on from line {} are no plan: {message}", above + line));
    }
    let warnings = matter.warnings.iter().map(|warning| format!("{at}: {}", escape_line(warning)));
    Ok(Read {
        warnings: warnings.collect(),
        after: matter.after,
        entry: Entry {
            source: Source {
                system: SYSTEM.to_owned(),
                place: place.name.clone(),
                key: key.to_owned(),
                title,
                line: 0,
            },
            labels: matter.labels,
            priority: matter.priority.unwrap_or_default(),
            risk: matter.risk,
            agent: matter.agent,
            role: matter.role,
            parent: None,
            after: Vec::new(),
            beginning: beginning(matter.status.unwrap_or(Status::Backlog), &at),
            spec: text_of(whole.as_deref().into_iter().chain([parts.spec])),
            plan: text_of([parts.plan]),
            at,
        },
    })
}

/// The title, and the body without the heading that the title was taken from. Its line stays, empty, so that lines keep
/// their numbers.
fn title_and_body(document: &Document, written: Option<String>, key: &str) -> (String, String) {
    match (written, &document.title, &document.title_line) {
        (None, Some(title), Some(line)) => {
            let body = [&document.body[..line.start], &document.body[line.end..]].concat();
            (title.clone(), body)
        }
        (written, ..) => (written.unwrap_or_else(|| title_of_file(key)), document.body.clone()),
    }
}

/// `fix-the-login.md` is called `fix the login`.
fn title_of_file(key: &str) -> String {
    let words = stem(key).replace('-', " ");
    match words.trim() {
        "" => stem(key).to_owned(),
        words => words.to_owned(),
    }
}

pub(super) fn without_ending(key: &str) -> &str {
    let ending = key.len().checked_sub(".md".len());
    let is_ending = |at: &usize| key.get(*at..).is_some_and(|ending| ending.eq_ignore_ascii_case(".md"));
    ending.filter(is_ending).map_or(key, |at| &key[..at])
}

pub(super) fn stem(key: &str) -> &str {
    let name = key.rsplit('/').next().unwrap_or(key);
    without_ending(name)
}

/// A body as spec and plan.
struct Parts<'a> {
    spec: &'a str,
    plan: &'a str,
    /// Line of the body and what is wrong there, where steps were meant but cannot be read.
    problem: Option<(usize, String)>,
}

impl Parts<'_> {
    fn of(body: &str) -> Parts<'_> {
        let (plan, findings) = parse_plan(body);
        let error = findings.into_iter().find(|finding| finding.severity == Severity::Error);
        let first = plan.steps.iter().map(|step| step.line).min();
        let (cut, problem) = match (first, error) {
            (Some(line), None) => (start_of_line(body, line), None),
            (Some(_), Some(error)) => (body.len(), Some((error.line, error.message))),
            (None, _) => (body.len(), None),
        };
        let (spec, plan) = body.split_at(cut);
        Parts { spec, plan, problem }
    }
}

/// The first byte of a (1-based) line.
fn start_of_line(text: &str, line: usize) -> usize {
    text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
}

fn beginning(status: Status, at: &str) -> Beginning {
    match status {
        Status::Waiting => Beginning::waiting(Reason::Question).noted(format!("marked waiting in {at}")),
        Status::Done | Status::Cancelled => Beginning::at(status).noted(format!("marked {status} in {at}")),
        _ => Beginning::at(status),
    }
}

/// The fields of the front matter that mean something here.
#[derive(Default)]
struct Matter {
    title: Option<String>,
    labels: BTreeSet<String>,
    priority: Option<Priority>,
    risk: Option<Risk>,
    status: Option<Status>,
    after: Vec<String>,
    agent: Option<String>,
    role: Option<String>,
    warnings: Vec<String>,
}

impl Matter {
    fn read(fields: &BTreeMap<String, Value>) -> Matter {
        let mut matter = Matter::default();
        for (key, value) in fields {
            if let Err(warning) = matter.take(key, value) {
                matter.warnings.push(warning);
            }
        }
        matter
    }

    fn take(&mut self, key: &str, value: &Value) -> Result<(), String> {
        match key.to_ascii_lowercase().as_str() {
            "title" => self.title = single(key, value)?.map(str::to_owned),
            "labels" | "tags" => self.labels.extend(elements(key, value)?),
            "depends" | "dependencies" | "after" => self.after.extend(elements(key, value)?),
            "priority" => self.priority = word(key, value, Priority::parse)?,
            "risk" => self.risk = word(key, value, Risk::parse)?,
            "status" => self.status = self.startable(word(key, value, parse_status)?),
            "agent" => self.agent = word(key, value, |text| one_line(text).ok())?,
            "role" => self.role = word(key, value, |text| one_line(text).ok())?,
            _ => return Err(format!("the key `{key}` is not known")),
        }
        Ok(())
    }

    /// Work is begun by a worker's claim, never by a file.
    fn startable(&mut self, status: Option<Status>) -> Option<Status> {
        let status = status?;
        if !matches!(status, Status::Running | Status::Review | Status::Delivering) {
            return Some(status);
        }
        self.warnings.push(format!("no task begins as {status}; a new one begins as ready"));
        Some(Status::Ready)
    }
}

fn parse_status(word: &str) -> Option<Status> {
    match word.trim().to_ascii_lowercase().as_str() {
        "open" | "todo" => Some(Status::Backlog),
        word => Status::parse(word),
    }
}

/// The one text of a field; nothing where it is empty.
fn single<'a>(key: &str, value: &'a Value) -> Result<Option<&'a str>, String> {
    match value.texts().as_slice() {
        [] => Ok(None),
        [text] => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        _ => Err(format!("`{key}` holds several values; it takes one")),
    }
}

fn word<T>(key: &str, value: &Value, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, String> {
    let Some(text) = single(key, value)? else {
        return Ok(None);
    };
    parse(text).map(Some).ok_or_else(|| format!("`{text}` is not a {key}"))
}

/// The texts of a list, or one text with commas.
fn elements(key: &str, value: &Value) -> Result<Vec<String>, String> {
    let texts = match value {
        Value::List(texts) => texts.iter().map(String::as_str).collect(),
        Value::Text(text) => text.split(',').collect::<Vec<_>>(),
    };
    let texts = texts.into_iter().filter(|text| !text.trim().is_empty());
    let element = |text: &str| one_line(text).map_err(|error| format!("`{key}`: {error}"));
    texts.map(element).collect()
}
