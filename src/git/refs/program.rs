//! Refs in a format that gix does not know (reftables), read and written by the git program.

use super::{Expected, RefEdit, RefStore, Swap};
use crate::error::{Context, Error, Result};
use crate::git::{Oid, Repository};
use crate::process::{Exit, Invocation};
use std::path::{Path, PathBuf};

/// One lock guards all refs of the repository, so it is waited for longer than git does by itself.
const LOCK_WAIT: &str = "reftable.lockTimeout=3000";

/// Writes that fail although the ref is what was expected are tried this often.
const MOST_TRIES: u32 = 3;

pub(super) struct Program<'r>(pub &'r Repository);

impl RefStore for Program<'_> {
    fn target(&self, name: &str) -> Result<Option<Oid>> {
        // Git lists what is below the name, too.
        let found = self.list(name).context(|| format!("cannot read the ref {name}"))?;
        Ok(found.into_iter().find(|(found, _)| found == name).map(|(_, oid)| oid))
    }

    fn head(&self) -> Result<Option<String>> {
        self.symbolic_in(&self.0.git_dir(), "HEAD")
    }

    fn main_head(&self) -> Result<Option<String>> {
        self.symbolic_in(&self.0.common_dir, "HEAD")
    }

    fn symbolic_target(&self, name: &str) -> Result<Option<String>> {
        self.symbolic_in(&self.0.common_dir, name)
    }

    fn below(&self, prefix: &str) -> Result<Vec<(String, Oid)>> {
        self.list(prefix).context(|| format!("cannot list the refs below {prefix}"))
    }

    fn find_commit(&self, revision: &str) -> Option<Oid> {
        let spec = format!("{revision}^{{commit}}");
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &spec];
        let output = self.0.git_at(&self.0.git_dir(), &args).run().ok()?;
        Repository::parse_oid(String::from_utf8_lossy(&output.stdout).trim()).filter(|_| output.exit.success())
    }

    fn is_in_worktree(&self, admin: &Path, name: &str) -> Result<bool> {
        let output = self.0.git_at(admin, &["rev-parse", "--verify", "--quiet", name]).run()?;
        Ok(output.exit.success())
    }

    fn edit(&self, edit: &RefEdit<'_>) -> Result<Swap> {
        let mut tries = 0;
        loop {
            let output = self.update_ref(edit).run()?;
            if output.exit.success() {
                return Ok(Swap::Done);
            }
            // What git says about it is prose. What the ref is now is a fact.
            if !edit.expected.holds(self.target(edit.name)?) {
                return Ok(Swap::Refused);
            }
            tries += 1;
            if tries < MOST_TRIES {
                continue;
            }
            if self.lock_file(edit.name).exists() {
                return Ok(Swap::Locked);
            }
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Error::failed(format!("cannot move the ref {}", edit.name)).caused_by(said));
        }
    }

    fn lock_file(&self, _name: &str) -> PathBuf {
        self.0.common_dir.join("reftable/tables.list.lock")
    }
}

impl Program<'_> {
    fn list(&self, pattern: &str) -> Result<Vec<(String, Oid)>> {
        let format = "--format=%(refname) %(objectname) %(*objectname)";
        let text = self.0.common_text(&["for-each-ref", format, "--", pattern])?;
        let parse = |line: &str| {
            let mut words = line.split(' ').filter(|word| !word.is_empty());
            let name = words.next()?.to_owned();
            // The second id is what a tag stands for.
            Some((name, Repository::parse_oid(words.next_back()?)?))
        };
        let unreadable = |line: &str| Error::failed(format!("git described a ref as `{}`", line.escape_debug()));
        text.lines().map(|line| parse(line).ok_or_else(|| unreadable(line))).collect()
    }

    fn symbolic_in(&self, git_dir: &Path, name: &str) -> Result<Option<String>> {
        let failed = || format!("cannot read {name}");
        let output = self.0.git_at(git_dir, &["symbolic-ref", "--quiet", name]).run()?;
        match output.exit {
            Exit::Code(0) => Ok(Some(String::from_utf8(output.stdout).context(failed)?.trim_end().to_owned())),
            // It is not there, or it holds an id.
            Exit::Code(1) => Ok(None),
            _ => Err(Error::failed(failed()).caused_by(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        }
    }

    fn update_ref(&self, edit: &RefEdit<'_>) -> Invocation {
        let name = edit.name;
        let order = match (edit.new, edit.expected) {
            (Some(new), Expected::Absent) => format!("create {name}\0{new}\0"),
            (Some(new), Expected::Is(old)) => format!("update {name}\0{new}\0{old}\0"),
            (None, Expected::Is(old)) => format!("delete {name}\0{old}\0"),
            (None, Expected::Absent) => format!("verify {name}\0\0"),
        };
        let mut args = vec!["-c", LOCK_WAIT, "update-ref", "--create-reflog", "--stdin", "-z"];
        if !edit.message.is_empty() {
            args.extend(["-m", edit.message]);
        }
        // The ref itself, also where it is symbolic, as gix does it.
        self.0.git(&args).stdin(format!("option no-deref\0{order}").into_bytes())
    }
}
