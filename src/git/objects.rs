//! Blobs, trees and commits: reading them bounded, writing them, comparing them.

use super::{Oid, Repository};
use crate::error::{Context, Error, Result};
use crate::model::Timestamp;
use gix::bstr::ByteSlice;
use gix::object::tree::EntryKind as GixKind;

/// Blobs larger than this are not read: nothing aifactory writes is near it.
const LARGEST_BLOB: u64 = 16 * 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    Blob,
    Executable,
    Tree,
    /// A symbolic link or a submodule: never followed.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names that are not UTF-8 are made readable, and then match nothing that we look for.
    pub name: String,
    pub kind: EntryKind,
    pub oid: Oid,
}

/// One file to put into a tree, or to take out of it.
pub enum Edit {
    Put {
        path: String,
        content: Vec<u8>,
    },
    /// A file or folder that is in the repository already.
    Graft {
        path: String,
        kind: EntryKind,
        oid: Oid,
    },
    Remove {
        path: String,
    },
}

/// Who a commit is by, and when.
pub struct Identity {
    pub name: String,
    pub email: String,
    pub at: Timestamp,
}

impl Identity {
    fn signature(&self) -> gix::actor::Signature {
        gix::actor::Signature {
            name: self.name.as_str().into(),
            email: self.email.as_str().into(),
            time: gix::date::Time::new(self.at.seconds(), 0),
        }
    }
}

impl Repository {
    pub fn parse_oid(text: &str) -> Option<Oid> {
        Oid::from_hex(text.as_bytes()).ok()
    }

    pub fn read_blob(&self, oid: Oid) -> Result<Vec<u8>> {
        self.require_here(oid)?;
        let header = self.inner.find_header(oid).context(|| format!("cannot read object {oid}"))?;
        if header.kind() != gix::object::Kind::Blob {
            return Err(Error::failed(format!("object {oid} is a {}, not a file", header.kind())));
        }
        if header.size() > LARGEST_BLOB {
            return Err(Error::failed(format!("object {oid} is {} bytes long, more than any record", header.size())));
        }
        let mut blob = self.inner.find_blob(oid).context(|| format!("cannot read object {oid}"))?;
        Ok(blob.take_data())
    }

    pub fn entries(&self, tree: Oid) -> Result<Vec<Entry>> {
        self.require_here(tree)?;
        let tree = self.inner.find_tree(tree).context(|| format!("cannot read tree {tree}"))?;
        let decoded = tree.decode().context(|| format!("cannot read tree {}", tree.id))?;
        let entry = |entry: &gix::objs::tree::EntryRef<'_>| Entry {
            name: entry.filename.to_str_lossy().into_owned(),
            kind: kind_of(entry.mode.kind()),
            oid: entry.oid.to_owned(),
        };
        Ok(decoded.entries.iter().map(entry).collect())
    }

    /// What `path` is in `tree`, if it is there.
    pub fn find_entry(&self, tree: Oid, path: &str) -> Result<Option<Entry>> {
        if self.is_partial() {
            return self.find_promised_entry(tree, path);
        }
        let tree = self.inner.find_tree(tree).context(|| format!("cannot read tree {tree}"))?;
        let found = tree.lookup_entry(path.split('/')).context(|| format!("cannot look up {path}"))?;
        Ok(found.map(|entry| Entry {
            name: entry.filename().to_str_lossy().into_owned(),
            kind: kind_of(entry.mode().kind()),
            oid: entry.object_id(),
        }))
    }

    /// The paths of files that differ between two trees, in either direction.
    pub fn changed_paths(&self, old: Oid, new: Oid) -> Result<Vec<String>> {
        if self.is_partial() {
            return self.promised_changed_paths(old, new);
        }
        let read = |oid: Oid| self.inner.find_tree(oid).context(|| format!("cannot read tree {oid}"));
        let (old, new) = (read(old)?, read(new)?);
        let mut recorder = gix::diff::tree::Recorder::default();
        gix::diff::tree(
            gix::objs::TreeRefIter::from_bytes(&old.data, old.id.kind()),
            gix::objs::TreeRefIter::from_bytes(&new.data, new.id.kind()),
            gix::diff::tree::State::default(),
            &self.inner.objects,
            &mut recorder,
        )
        .context(|| format!("cannot compare tree {} with {}", old.id, new.id))?;
        use gix::diff::tree::recorder::Change;
        let path = |change: Change| match change {
            Change::Addition { path, entry_mode, .. } | Change::Deletion { path, entry_mode, .. } => (path, entry_mode),
            Change::Modification { path, entry_mode, .. } => (path, entry_mode),
        };
        let files = recorder.records.into_iter().map(path).filter(|(_, mode)| !mode.is_tree());
        Ok(files.map(|(path, _)| path.to_str_lossy().into_owned()).collect())
    }

    pub fn write_blob(&self, content: &[u8]) -> Result<Oid> {
        Ok(self.inner.write_blob(content).context(|| "cannot write an object")?.detach())
    }

    /// Writes the objects of an edited tree, from nothing where `base` is absent, and returns the tree's id.
    pub fn edit_tree(&self, base: Option<Oid>, edits: Vec<Edit>) -> Result<Oid> {
        let base = base.unwrap_or_else(|| self.inner.empty_tree().id);
        let failed = || "cannot write the state's objects".to_owned();
        let mut editor = self.inner.edit_tree(base).context(failed)?;
        for edit in edits {
            match edit {
                Edit::Put { path, content } => {
                    let blob = self.inner.write_blob(content).context(failed)?;
                    editor.upsert(path.as_str(), GixKind::Blob, blob).context(failed)?;
                }
                Edit::Graft { path, kind, oid } => {
                    let kind = if kind == EntryKind::Tree { GixKind::Tree } else { GixKind::Blob };
                    editor.upsert(path.as_str(), kind, oid).context(failed)?;
                }
                Edit::Remove { path } => {
                    editor.remove(path.as_str()).context(failed)?;
                }
            }
        }
        Ok(editor.write().context(failed)?.detach())
    }

    pub fn write_commit(&self, tree: Oid, parents: &[Oid], message: &str, by: &Identity) -> Result<Oid> {
        let signature = by.signature();
        let mut buffer = gix::date::parse::TimeBuf::default();
        let by = signature.to_ref(&mut buffer);
        let commit = self.inner.new_commit_as(by, by, message, tree, parents.iter().copied());
        Ok(commit.context(|| "cannot write the commit")?.id)
    }

    pub fn tree_of(&self, commit: Oid) -> Result<Oid> {
        self.require_here(commit)?;
        let commit = self.inner.find_commit(commit).context(|| format!("cannot read commit {commit}"))?;
        Ok(commit.tree_id().context(|| format!("cannot read commit {}", commit.id))?.detach())
    }

    /// The whole message of a commit.
    pub fn message_of(&self, commit: Oid) -> Result<String> {
        self.require_here(commit)?;
        let commit = self.inner.find_commit(commit).context(|| format!("cannot read commit {commit}"))?;
        Ok(commit.message_raw().context(|| format!("cannot read commit {}", commit.id))?.to_str_lossy().into_owned())
    }

    /// Whether the repository holds a commit of this id.
    pub fn has_commit(&self, commit: Oid) -> bool {
        self.inner.find_header(commit).is_ok_and(|header| header.kind() == gix::object::Kind::Commit)
    }

    pub fn parents(&self, commit: Oid) -> Result<Vec<Oid>> {
        let commit = self.inner.find_commit(commit).context(|| format!("cannot read commit {commit}"))?;
        Ok(commit.parent_ids().map(|id| id.detach()).collect())
    }

    /// The commit before it, along the branch.
    pub fn first_parent(&self, commit: Oid) -> Result<Option<Oid>> {
        self.require_here(commit)?;
        let commit = self.inner.find_commit(commit).context(|| format!("cannot read commit {commit}"))?;
        Ok(commit.parent_ids().next().map(|id| id.detach()))
    }

    /// The text of a file as it is in a commit; nothing where it is not there.
    pub fn file_at(&self, commit: Oid, path: &str) -> Result<Option<String>> {
        let entry = self.find_entry(self.tree_of(commit)?, path)?;
        let Some(entry) = entry.filter(|entry| matches!(entry.kind, EntryKind::Blob | EntryKind::Executable)) else {
            return Ok(None);
        };
        Ok(Some(String::from_utf8_lossy(&self.read_blob(entry.oid)?).into_owned()))
    }
}

fn kind_of(kind: GixKind) -> EntryKind {
    match kind {
        GixKind::Blob => EntryKind::Blob,
        GixKind::BlobExecutable => EntryKind::Executable,
        GixKind::Tree => EntryKind::Tree,
        GixKind::Link | GixKind::Commit => EntryKind::Other,
    }
}
