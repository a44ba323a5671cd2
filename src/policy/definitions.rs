//! Roles, workflows and quick actions of the project, as far as a person has to trust them: what they run in full, and
//! the rest by name and digest.

use crate::error::Result;
use crate::git::{EntryKind, Oid, Repository};
use crate::model::Digest;
use crate::model::frontmatter::parse_document;

/// Folder of the definitions, and how their files end.
const FOLDERS: [(&str, &str); 3] = [("actions", ".md"), ("roles", ".md"), ("workflows", ".toml")];

pub(super) struct Definition {
    folder: &'static str,
    name: String,
    /// Absent where it cannot be read, and so cannot be used.
    text: Option<String>,
    digest: Digest,
}

/// All that lie on the target branch. Links are none; nobody follows them.
pub(super) fn all(repository: &Repository, commit: Oid) -> Result<Vec<Definition>> {
    let tree = repository.tree_of(commit)?;
    let mut found = Vec::new();
    for (folder, ending) in FOLDERS {
        let listed = repository.find_entry(tree, &format!(".aifactory/{folder}"))?;
        let Some(listed) = listed.filter(|entry| entry.kind == EntryKind::Tree) else { continue };
        for entry in repository.entries(listed.oid)? {
            let is_file = matches!(entry.kind, EntryKind::Blob | EntryKind::Executable);
            let Some(name) = entry.name.strip_suffix(ending).filter(|_| is_file) else { continue };
            let content = repository.read_blob(entry.oid).ok();
            let digest = Digest::of(content.as_deref().unwrap_or(entry.oid.to_string().as_bytes()));
            let text = content.map(|content| String::from_utf8_lossy(&content).into_owned());
            found.push(Definition { folder, name: name.to_owned(), text, digest });
        }
    }
    Ok(found)
}

impl Definition {
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What a person reads: first the file, then all that it would run.
    pub fn lines(&self) -> Vec<String> {
        let own = format!("{}.{}", self.folder, self.name);
        let text = self.text.as_deref().unwrap_or_default();
        let (what, commands) = match self.folder {
            "workflows" => ("gate", gates_in(text)),
            "actions" => ("script", script_in(text).lines().map(str::to_owned).collect()),
            _ => ("", Vec::new()),
        };
        let file = format!("{own}: the text {}", self.digest.short());
        let commands = commands.into_iter().map(|command| format!("{own} {what}: {command}"));
        std::iter::once(file).chain(commands).collect()
    }
}

/// The commands of a workflow's gates. A file that does not parse runs none.
fn gates_in(text: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    let phases = table.get("phases").and_then(toml::Value::as_array).into_iter().flatten();
    let gates = phases.filter_map(|phase| phase.get("gates")?.as_array()).flatten();
    gates.filter_map(|gate| gate.as_str().map(str::to_owned)).collect()
}

/// The script of an action; nothing where it is for an agent.
fn script_in(text: &str) -> String {
    let Ok(document) = parse_document(text) else { return String::new() };
    let field = |name: &str| document.fields.get(name).map(|value| value.texts().join(" "));
    match (field("type").as_deref(), field("script")) {
        (_, Some(script)) => script,
        (Some("script"), None) => document.body.trim().to_owned(),
        _ => String::new(),
    }
}
