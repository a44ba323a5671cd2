//! Writing settings: comments and order of the file are kept, and a file that cannot be written is an error.

use super::Project;
use super::project::USER_CONFIG;
use crate::config::{KEYS, Key};
use crate::error::{Context, Error, Result};
use crate::host::files;
use std::path::PathBuf;
use toml_edit::{DocumentMut, Item, Table, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All repositories of this user.
    User,
    /// This clone alone.
    Clone,
}

/// Writes a value that is of the key's kind. The file it went to.
pub fn set_setting(project: &Project, key: &Key, text: &str, scope: Scope) -> Result<PathBuf> {
    let value = key
        .kind
        .check(&key.kind.from_text(text))
        .map_err(|why| Error::usage(format!("{}: {why}", key.name)).hint(format!("{}: {}", key.name, key.about)))?;
    let value: Value = value.to_string().parse().context(|| format!("{} cannot be written", key.name))?;
    change(project, scope, |document| {
        let (section, name) = place(document.as_table_mut(), key.name);
        section.insert(name, Item::Value(value));
    })
}

pub fn unset_setting(project: &Project, key: &Key, scope: Scope) -> Result<PathBuf> {
    change(project, scope, |document| {
        let (section, name) = place(document.as_table_mut(), key.name);
        section.remove(name);
    })
}

/// Writes a setting of this clone by name.
pub fn set_local(project: &Project, name: &str, text: &str) -> Result<()> {
    let key = KEYS.iter().find(|key| key.name == name);
    let key = key.ok_or_else(|| Error::usage(format!("there is no setting `{name}`")))?;
    set_setting(project, key, text, Scope::Clone).map(drop)
}

fn change(project: &Project, scope: Scope, edit: impl FnOnce(&mut DocumentMut)) -> Result<PathBuf> {
    let path = match scope {
        Scope::Clone => project.store.local.config_file(),
        Scope::User => {
            let folder = project.host.env.config_folder();
            folder.ok_or_else(|| Error::failed("neither HOME nor XDG_CONFIG_HOME is set"))?.join(USER_CONFIG)
        }
    };
    let text = files::load_text(&path)?.unwrap_or_default();
    let mut document: DocumentMut = text.parse().context(|| format!("cannot read {}", path.display()))?;
    edit(&mut document);
    files::write_text(&path, &document.to_string())?;
    Ok(path)
}

/// The table that holds a dotted name, made where it is missing, and the last part of the name.
fn place<'t>(table: &'t mut Table, name: &'t str) -> (&'t mut Table, &'t str) {
    let Some((head, rest)) = name.split_once('.') else {
        return (table, name);
    };
    let inner = table.entry(head).or_insert_with(|| Item::Table(Table::new()));
    if !inner.is_table() {
        *inner = Item::Table(Table::new());
    }
    let inner = inner.as_table_mut().expect("it was just made one");
    (inner, rest)
}
