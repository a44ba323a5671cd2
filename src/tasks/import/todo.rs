//! A to-do list as a list of entries.

use super::entry::{Entry, List, fit_title, text_of};
use super::marks;
use super::place::{Place, load};
use crate::error::{Error, Result};
use crate::model::text::escape_line;
use crate::model::todo::{Item, Known, Mark, Todo, match_items, parse_todo};
use crate::model::{Priority, Source, Task};
use std::collections::{BTreeSet, HashMap, HashSet};

pub(super) const SYSTEM: &str = "todo";

pub(super) fn read(place: &Place) -> Result<List> {
    let Todo { items, warnings } = parse_todo(&text(place)?);
    let warning =
        |(line, message): (usize, String)| format!("{}:{line}: {}", escape_line(&place.name), escape_line(&message));
    Ok(List {
        system: SYSTEM,
        place: place.name.clone(),
        noun: "item",
        entries: items.iter().map(|item| entry(place, item)).collect(),
        unread: HashSet::new(),
        warnings: warnings.into_iter().map(warning).collect(),
        matching: Box::new(move |_, known| pair(&items, known)),
    })
}

pub(super) fn text(place: &Place) -> Result<String> {
    if place.path.is_dir() {
        let name = escape_line(&place.name);
        return Err(Error::usage(format!("{name} is a folder, and a to-do list is a file"))
            .hint(format!("for one Markdown file per task: folder:{name}")));
    }
    load(&place.path, &place.name)
}

fn entry(place: &Place, item: &Item) -> Entry {
    let at = format!("{}:{}", escape_line(&place.name), item.line);
    let (title, whole) = fit_title(&item.title);
    Entry {
        source: Source {
            system: SYSTEM.to_owned(),
            place: place.name.clone(),
            key: item.key.clone(),
            title,
            line: item.line as u64,
        },
        labels: labels(item),
        priority: item.priority.and_then(Priority::from_rank).unwrap_or_default(),
        risk: None,
        agent: None,
        role: None,
        parent: item.parent,
        after: item.after.clone(),
        beginning: marks::beginning(item.mark, &at),
        spec: text_of(whole.as_deref().into_iter().chain([item.notes.as_str()])),
        plan: String::new(),
        at,
    }
}

fn labels(item: &Item) -> BTreeSet<String> {
    let to_plan = (item.mark == Mark::Planning).then(|| "needs-plan".to_owned());
    item.labels.iter().cloned().chain(to_plan).collect()
}

/// For each item the index of its task.
pub(super) fn pair(items: &[Item], known: &[Task]) -> Vec<Option<usize>> {
    let index: HashMap<&str, usize> = known.iter().enumerate().map(|(index, task)| (task.id.as_str(), index)).collect();
    let stored: Vec<(String, Known)> = known.iter().filter_map(stored).collect();
    let ids = match_items(items, &stored).into_iter();
    ids.map(|id| id.and_then(|id| index.get(id.as_str()).copied())).collect()
}

fn stored(task: &Task) -> Option<(String, Known)> {
    let source = task.source.as_ref()?;
    let known = Known {
        key: source.key.clone(),
        title: source.title.clone(),
        line: usize::try_from(source.line).unwrap_or_default(),
    };
    Some((task.id.to_string(), known))
}
