//! Where each record lies in the tree. Two levels of one character each keep every folder small.

use crate::model::{Digest, EventId, TaskId, TextFile};

pub const TASKS: &str = ".aifactory/tasks";
pub const MESSAGES: &str = ".aifactory/messages";
pub const MEMORY: &str = ".aifactory/memory";
pub const TOMBS: &str = ".aifactory/tombs";
pub const ATTIC: &str = ".aifactory/attic";

pub fn task_folder(id: &TaskId) -> String {
    let text = id.as_str();
    format!("{TASKS}/{}/{}/{text}", &text[..1], &text[1..2])
}

pub fn record(id: &TaskId) -> String {
    format!("{}/task.toml", task_folder(id))
}

pub fn text(id: &TaskId, file: TextFile) -> String {
    format!("{}/{}", task_folder(id), file.file_name())
}

pub fn events(id: &TaskId) -> String {
    format!("{}/events.jsonl", task_folder(id))
}

/// Where a version of a text lies, below its task's folder, that is too long for an event to carry its diff.
pub fn kept_text(digest: &Digest) -> String {
    format!("texts/{}.md", digest.hex().get(..16).unwrap_or_default())
}

/// A plan as it was signed, and its signature, by the digest of the spec and plan in it.
pub fn signed_plan(id: &TaskId, digest: &Digest) -> (String, String) {
    let stem = format!("{}/signed/{}", task_folder(id), digest.hex().get(..16).unwrap_or_default());
    (format!("{stem}.md"), format!("{stem}.sig"))
}

pub fn is_signature(path: &str) -> bool {
    task_of_path(path).is_some_and(|id| {
        let below = path.strip_prefix(&task_folder(&id)).and_then(|rest| rest.strip_prefix("/signed/"));
        below.is_some_and(|name| name.ends_with(".sig"))
    })
}

pub fn run(id: &TaskId, run: &EventId) -> String {
    format!("{}/runs/{run}.toml", task_folder(id))
}

/// The file of a run by its name in the tree, which whoever wrote the tree has chosen.
pub fn run_file(id: &TaskId, run: &str) -> String {
    format!("{}/runs/{run}.toml", task_folder(id))
}

/// The task and the name of a run whose record this path is.
pub fn run_of_path(path: &str) -> Option<(TaskId, &str)> {
    let id = task_of_path(path)?;
    let rest = path.strip_prefix(&task_folder(&id))?.strip_prefix("/runs/")?;
    rest.strip_suffix(".toml").filter(|name| !name.contains('/')).map(|name| (id, name))
}

pub fn evidence(id: &TaskId, evidence: &EventId) -> String {
    format!("{}/evidence/{evidence}.toml", task_folder(id))
}

pub fn message(id: &EventId) -> String {
    format!("{MESSAGES}/{id}.toml")
}

pub fn note(id: &EventId) -> String {
    format!("{MEMORY}/{id}.md")
}

/// What says that a note was removed.
pub fn tomb(id: &EventId) -> String {
    format!("{TOMBS}/{id}.toml")
}

pub fn note_of_path(path: &str) -> Option<EventId> {
    name_in(path, MEMORY, ".md").map(EventId::from_name)
}

/// The note whose words lie aside there, `<hex>-<id>.md`: they did not stand when it came together.
pub fn note_of_attic_path(path: &str) -> Option<EventId> {
    let (mark, id) = name_in(path, ATTIC, ".md")?.split_once('-')?;
    mark.chars().all(|c| c.is_ascii_hexdigit()).then(|| EventId::from_name(id))
}

pub fn tomb_of_path(path: &str) -> Option<EventId> {
    name_in(path, TOMBS, ".toml").map(EventId::from_name)
}

/// The message whose record this path is.
pub fn message_of_path(path: &str) -> Option<EventId> {
    name_in(path, MESSAGES, ".toml").map(EventId::from_name)
}

/// The name of a record that lies in a flat folder.
fn name_in<'p>(path: &'p str, folder: &str, ending: &str) -> Option<&'p str> {
    let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(ending)?;
    (!name.contains('/')).then_some(name)
}

/// The task whose record a path belongs to. Paths of any other shape belong to none.
pub fn task_of_path(path: &str) -> Option<TaskId> {
    let mut parts = path.strip_prefix(TASKS)?.strip_prefix('/')?.split('/');
    let (first, second, id) = (parts.next()?, parts.next()?, TaskId::parse(parts.next()?)?);
    (id.as_str().get(..1) == Some(first) && id.as_str().get(1..2) == Some(second)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_back_to_its_task() {
        let id = TaskId::parse("7kq2mabcde").unwrap();
        assert_eq!(record(&id), ".aifactory/tasks/7/k/7kq2mabcde/task.toml");
        assert_eq!(task_of_path(&record(&id)), Some(id.clone()));
        assert_eq!(task_of_path(".aifactory/tasks/x/y/7kq2mabcde/task.toml"), None);
        assert_eq!(task_of_path(".aifactory/format.toml"), None);
        let run = EventId::from_name("0abc");
        assert_eq!(run_of_path(&super::run(&id, &run)), Some((id.clone(), "0abc")));
        assert_eq!(run_of_path(&record(&id)), None);
        assert_eq!(run_of_path(".aifactory/tasks/7/k/7kq2mabcde/runs/deep/er.toml"), None);
    }
}
