//! Definitions looked at before anything depends on them.

use super::library::{Kind, LONGEST, Library};
use crate::error::{Error, Result};
use crate::host::files;
use std::path::Path;

impl Library {
    /// Whether a definition can be used, with all that it names.
    pub fn check(&self, kind: Kind, name: &str) -> Result<()> {
        match kind {
            Kind::Role => self.role(name).map(drop),
            Kind::Workflow => self.workflow(name).map(drop),
            Kind::Action => self.action(name).map(drop),
        }
    }

    /// Takes a file in over whatever has its name, so that it can be looked at before it is committed. Returns what it
    /// defines: a `.toml` a workflow, a `.md` an action in a folder `actions` and a role elsewhere.
    pub fn add_file(&mut self, path: &Path) -> Result<(Kind, String)> {
        let shown = path.display().to_string();
        let in_actions = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == Kind::Action.folder());
        let kind = match path.extension().and_then(|ending| ending.to_str()) {
            Some("toml") => Kind::Workflow,
            Some("md") if in_actions => Kind::Action,
            Some("md") => Kind::Role,
            _ => {
                return Err(Error::usage(format!("{shown}: this is neither a workflow nor a role nor an action"))
                    .hint("workflows end with .toml, roles and actions with .md"));
            }
        };
        let text = files::load_bounded_text(path, LONGEST as u64)?;
        let text = text.ok_or_else(|| Error::missing(format!("there is no file {shown}")))?;
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let strange = self.passed_over().len();
        self.add(kind, &name, Ok(text), shown.clone(), &shown);
        if let Some(error) = self.take_passed_over(strange) {
            return Err(error);
        }
        Ok((kind, name.replace('_', "-")))
    }
}
