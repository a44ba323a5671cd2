//! Objects that a partial clone left at its remote: gix does not fetch them, so git is asked to, one by one and only
//! when something needs them.

use super::{Entry, Oid, Repository};
use crate::error::{Context, Error, Result};

impl Repository {
    pub(super) fn is_partial(&self) -> bool {
        !self.storage.promisors.is_empty()
    }

    /// Makes sure that an object which is about to be read is here, where a remote promised it.
    pub(super) fn require_here(&self, oid: Oid) -> Result<()> {
        if !self.is_partial() || self.inner.has_object(oid) {
            return Ok(());
        }
        let remotes = self.storage.promisors.join(", ");
        let failed = || format!("object {oid} is not in this partial clone, and {remotes} did not give it");
        let output = self.git(&["cat-file", "-e", &oid.to_string()]).named("git cat-file").run()?;
        if output.exit.success() && self.inner.has_object(oid) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::failed(failed())
            .caused_by(if said.is_empty() { "git says nothing more".to_owned() } else { said })
            .hint(format!("when {remotes} can be reached, try again; git fetch {remotes} shows whether it can")))
    }

    /// Looks a path up folder by folder, so that folders which are missing are fetched.
    pub(super) fn find_promised_entry(&self, tree: Oid, path: &str) -> Result<Option<Entry>> {
        let (mut folder, mut names) = (tree, path.split('/').peekable());
        while let Some(name) = names.next() {
            let Some(entry) = self.entries(folder)?.into_iter().find(|entry| entry.name == name) else {
                return Ok(None);
            };
            match names.peek() {
                None => return Ok(Some(entry)),
                Some(_) if entry.kind == super::EntryKind::Tree => folder = entry.oid,
                Some(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Like [`Repository::changed_paths`], where folders may have to be fetched.
    pub(super) fn promised_changed_paths(&self, old: Oid, new: Oid) -> Result<Vec<String>> {
        self.require_here(old)?;
        self.require_here(new)?;
        let (old, new) = (old.to_string(), new.to_string());
        let diff = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", &old, &new, "--"];
        let output = self.git(&diff).run_ok().context(|| {
            let remotes = self.storage.promisors.join(", ");
            format!("cannot compare tree {old} with {new}: folders below them may be missing, and {remotes} has them")
        })?;
        let paths = String::from_utf8_lossy(&output.stdout);
        Ok(paths.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }
}
