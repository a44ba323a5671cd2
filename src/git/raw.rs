//! Objects as somebody wrote them, before anything about them is believed.
//!
//! The readers of `objects` are for trees that are in order: they take any mode for the nearest known one, and make names
//! readable. Here names, modes and their order come out byte by byte, and the size of an object is known from its header
//! before it is unpacked.

use super::{Oid, Repository};
use crate::error::{Context, Error, Result};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    Blob,
    Tree,
    Commit,
    Tag,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ObjectKind::Blob => "file",
            ObjectKind::Tree => "folder",
            ObjectKind::Commit => "commit",
            ObjectKind::Tag => "tag",
        })
    }
}

/// What an object says it is, read without unpacking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub kind: ObjectKind,
    /// In bytes, unpacked.
    pub size: u64,
}

/// A tree object's own bytes.
pub struct RawTree {
    bytes: Vec<u8>,
    oid_length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawEntry<'a> {
    /// The octal digits as they were written.
    pub mode: &'a [u8],
    pub name: &'a [u8],
    pub oid: Oid,
}

/// The rest of a tree's bytes are no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl RawTree {
    /// The entries in the order they were written. After the first that is malformed there are no more.
    pub fn entries(&self) -> impl Iterator<Item = Result<RawEntry<'_>, Malformed>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let found = first_entry(rest, self.oid_length);
            rest = found.map_or(&[], |(_, rest)| rest);
            Some(found.map(|(entry, _)| entry).ok_or(Malformed))
        })
    }
}

fn first_entry(bytes: &[u8], oid_length: usize) -> Option<(RawEntry<'_>, &[u8])> {
    let (mode, rest) = split_at_byte(bytes, b' ')?;
    let (name, rest) = split_at_byte(rest, 0)?;
    let (oid, rest) = rest.split_at_checked(oid_length)?;
    let is_mode = !mode.is_empty() && mode.iter().all(|digit| matches!(digit, b'0'..=b'7'));
    let entry = RawEntry { mode, name, oid: Oid::try_from(oid).ok()? };
    is_mode.then_some((entry, rest))
}

/// What is before the byte and what is after it.
fn split_at_byte(bytes: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|b| *b == byte)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// A commit without what only people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCommit {
    pub tree: Oid,
    pub parents: Vec<Oid>,
    /// In bytes.
    pub message_length: usize,
}

impl Repository {
    /// Nothing where the object is not there.
    pub fn find_header(&self, oid: Oid) -> Result<Option<Header>> {
        let found = self.inner.try_find_header(oid).context(|| format!("cannot read object {oid}"))?;
        Ok(found.map(|header| Header { kind: kind_of(header.kind()), size: header.size() }))
    }

    /// How many bytes an object's id takes in a tree.
    pub fn oid_length(&self) -> usize {
        self.inner.object_hash().len_in_bytes()
    }

    /// Look at the header first: this unpacks whatever is there.
    pub fn raw_tree(&self, oid: Oid) -> Result<RawTree> {
        let bytes = self.unpacked(oid, ObjectKind::Tree)?;
        Ok(RawTree { bytes, oid_length: self.oid_length() })
    }

    /// Nothing where the object is no well-formed commit. Look at the header first.
    pub fn find_raw_commit(&self, oid: Oid) -> Result<Option<RawCommit>> {
        let bytes = self.unpacked(oid, ObjectKind::Commit)?;
        let Ok(commit) = gix::objs::CommitRef::from_bytes(&bytes, oid.kind()) else { return Ok(None) };
        Ok(Some(RawCommit {
            tree: commit.tree(),
            parents: commit.parents().collect(),
            message_length: commit.message.len(),
        }))
    }

    fn unpacked(&self, oid: Oid, kind: ObjectKind) -> Result<Vec<u8>> {
        let object = self.inner.find_object(oid).context(|| format!("cannot read object {oid}"))?;
        match kind_of(object.kind) {
            found if found == kind => Ok(object.detach().data),
            found => Err(Error::failed(format!("object {oid} is a {found}, not a {kind}"))),
        }
    }
}

fn kind_of(kind: gix::object::Kind) -> ObjectKind {
    match kind {
        gix::object::Kind::Blob => ObjectKind::Blob,
        gix::object::Kind::Tree => ObjectKind::Tree,
        gix::object::Kind::Commit => ObjectKind::Commit,
        gix::object::Kind::Tag => ObjectKind::Tag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(bytes: &[u8]) -> RawTree {
        RawTree { bytes: bytes.to_vec(), oid_length: 20 }
    }

    fn entry(mode: &str, name: &[u8]) -> Vec<u8> {
        [mode.as_bytes(), b" ", name, &[0], &[7; 20]].concat()
    }

    #[test]
    fn entries_come_out_as_they_were_written() {
        let bytes = [entry("040000", b"b"), entry("100664", b"\xff/.."), entry("7", b"")].concat();
        let tree = tree(&bytes);
        let found: Vec<_> = tree.entries().map(|entry| entry.unwrap()).map(|entry| (entry.mode, entry.name)).collect();
        assert_eq!(found, [(&b"040000"[..], &b"b"[..]), (b"100664", b"\xff/.."), (b"7", b"")]);
    }

    #[test]
    fn what_is_no_entry_ends_the_tree() {
        let whole = entry("100644", b"a");
        let cut = &entry("100644", b"b")[..20];
        for rest in [cut, b"100644 b", b"100644", b" b\0aaaaaaaaaaaaaaaaaaaa", b"9 b\0aaaaaaaaaaaaaaaaaaaa"] {
            let tree = tree(&[&whole, rest].concat());
            let found: Vec<_> = tree.entries().map(|entry| entry.is_ok()).collect();
            assert_eq!(found, [true, false], "{}", rest.escape_ascii());
        }
        assert_eq!(tree(b"").entries().count(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(prop_oneof![Just(b' '), Just(0), Just(b'1'), any::<u8>()], 0..400)) {
            let tree = tree(&bytes);
            let mut entries = tree.entries().skip_while(Result::is_ok);
            prop_assert!(entries.next().is_none_or(|last| last == Err(Malformed)));
            prop_assert!(entries.next().is_none());
        }
    }
}
