//! A foreign state tree, looked at before anything of it comes in.
//!
//! Anybody who may push can push any tree. What is wrong with the shape of one (names, modes, links, sizes, places)
//! refuses the whole of it, because such a tree was not written by us; what is wrong inside a record concerns that record
//! and is left to the merge. Nothing is unpacked before its header says how large it is, and a tree that is small as it
//! is sent and endless as it is read is cut off by counting. Where trees are in order, this costs as much as changed.

mod names;
mod roles;

pub(super) use roles::check_write;

use super::genesis;
use crate::error::Result;
use crate::git::{Header, ObjectKind, Oid, RawEntry, RawTree, Repository};
use crate::model::text::escape_line;
use roles::{MOST_DEPTH, Place, Role};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// Enough to see what kind of tree it is.
const MOST_FLAWS: usize = 20;
/// Entries that differ from the known tree: a million tasks with a dozen files each.
const MOST_ENTRIES: u64 = 1 << 24;
/// Bytes of all files that differ, each as often as it is there. What follows reads them all.
const MOST_BYTES: u64 = 1 << 36;
/// What is remembered about objects seen before is dropped at this size, and gathered anew.
const MOST_REMEMBERED: usize = 1 << 20;

const LARGEST_COMMIT: u64 = 128 * 1024;
const LONGEST_MESSAGE: usize = 64 * 1024;
/// History is linear as we write it; a person may have merged by hand.
const MOST_PARENTS: usize = 2;

/// One reason to refuse a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Escaped for terminals.
    pub path: String,
    /// One clause without its subject: `is a symbolic link`.
    pub what: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.what)
    }
}

/// Everything about `tree` that must not come in, as far as the first [`MOST_FLAWS`] of them. What `known`, a tree
/// inspected before, holds at the same path with the same object id is skipped.
pub fn inspect(repository: &Repository, tree: Oid, known: Option<Oid>) -> Result<Vec<Flaw>> {
    let mut inspection = Inspection::new(repository);
    if known != Some(tree) {
        let entry = Entry { oid: tree, known };
        inspection.folder(entry, Role::Top);
    }
    // A path is only found in a tree that is in order.
    if inspection.flaws.is_empty() {
        inspection.format(tree);
    }
    Ok(inspection.flaws)
}

/// The same for the commit itself, without its tree.
pub fn inspect_commit(repository: &Repository, commit: Oid) -> Result<Vec<Flaw>> {
    let mut inspection = Inspection::new(repository);
    inspection.path.push(format!("commit {commit}"));
    let Some(header) = inspection.header(commit, ObjectKind::Commit) else { return Ok(inspection.flaws) };
    if header.size > LARGEST_COMMIT {
        inspection.flaw(format!("is {} bytes long; {LARGEST_COMMIT} is the most", header.size));
        return Ok(inspection.flaws);
    }
    let Ok(Some(found)) = repository.find_raw_commit(commit) else {
        inspection.flaw("is no well-formed commit");
        return Ok(inspection.flaws);
    };
    if found.parents.len() > MOST_PARENTS {
        inspection.flaw(format!("has {} parents; {MOST_PARENTS} is the most", found.parents.len()));
    }
    if found.message_length > LONGEST_MESSAGE {
        inspection.flaw(format!("has a message of {} bytes; {LONGEST_MESSAGE} is the most", found.message_length));
    }
    Ok(inspection.flaws)
}

/// An object, and what was at its place in the known tree.
#[derive(Clone, Copy)]
struct Entry {
    oid: Oid,
    known: Option<Oid>,
}

/// What differs from the known tree: entries, and bytes in files.
#[derive(Clone, Copy, Default)]
struct Amount {
    entries: u64,
    bytes: u64,
}

struct Inspection<'r> {
    repository: &'r Repository,
    flaws: Vec<Flaw>,
    path: Vec<String>,
    counted: Amount,
    /// Of folders without a known side: the same folder at another place holds as much again.
    folders: HashMap<(Oid, Role, usize), Amount>,
    headers: HashMap<Oid, Header>,
    over: bool,
}

impl<'r> Inspection<'r> {
    fn new(repository: &'r Repository) -> Inspection<'r> {
        Inspection {
            repository,
            flaws: Vec::new(),
            path: Vec::new(),
            counted: Amount::default(),
            folders: HashMap::new(),
            headers: HashMap::new(),
            over: false,
        }
    }

    /// Notes a flaw of what is at the current path.
    fn flaw(&mut self, what: impl Into<String>) {
        if self.over {
            return;
        }
        let path = if self.path.is_empty() { "the tree".to_owned() } else { self.path.join("/") };
        self.flaws.push(Flaw { path, what: what.into() });
        self.over |= self.flaws.len() >= MOST_FLAWS;
    }

    fn count(&mut self, amount: Amount) {
        self.counted.entries = self.counted.entries.saturating_add(amount.entries);
        self.counted.bytes = self.counted.bytes.saturating_add(amount.bytes);
        let limits = [(self.counted.entries, MOST_ENTRIES, "entries"), (self.counted.bytes, MOST_BYTES, "bytes")];
        if let Some((_, most, unit)) = limits.into_iter().find(|(counted, most, _)| counted > most) {
            // It is the whole that is too much, wherever we are.
            self.path.clear();
            self.flaw(format!("changes more than {most} {unit} at once"));
            self.over = true;
        }
    }

    /// The header of what is at the current path, if it is there and of that kind.
    fn header(&mut self, oid: Oid, kind: ObjectKind) -> Option<Header> {
        let what = match self.any_header(oid) {
            Ok(Some(header)) if header.kind == kind => return Some(header),
            Ok(Some(header)) => format!("should be a {kind}, and object {oid} is a {}", header.kind),
            Ok(None) => format!("is missing: there is no object {oid}"),
            Err(_) => format!("cannot be read: object {oid} is damaged"),
        };
        self.flaw(what);
        None
    }

    fn any_header(&mut self, oid: Oid) -> Result<Option<Header>> {
        if let Some(header) = self.headers.get(&oid) {
            return Ok(Some(*header));
        }
        let found = self.repository.find_header(oid)?;
        if self.headers.len() >= MOST_REMEMBERED {
            self.headers.clear();
        }
        self.headers.extend(found.map(|header| (oid, header)));
        Ok(found)
    }

    fn folder(&mut self, entry: Entry, role: Role) {
        let key = (entry.oid, role, self.path.len());
        if let Some(amount) = self.folders.get(&key) {
            let amount = *amount;
            return self.count(amount);
        }
        let before = self.counted;
        let Some(tree) = self.tree(entry.oid, role) else { return };
        let known_tree = entry.known.and_then(|known| self.find_known(known));
        let known = known_tree.as_ref().map(by_name).unwrap_or_default();
        self.entries(&tree, &known, role);
        if entry.known.is_none() {
            let amount =
                Amount { entries: self.counted.entries - before.entries, bytes: self.counted.bytes - before.bytes };
            if self.folders.len() >= MOST_REMEMBERED {
                self.folders.clear();
            }
            self.folders.insert(key, amount);
        }
    }

    /// The tree at the current path, unless it is larger than any with so many entries.
    fn tree(&mut self, oid: Oid, role: Role) -> Option<RawTree> {
        let header = self.header(oid, ObjectKind::Tree)?;
        let of_entry = "100644 ".len() + names::LONGEST_NAME + 1 + self.repository.oid_length();
        let most = (role.most_entries() * of_entry) as u64;
        if header.size > most {
            self.flaw(format!("is a folder of {} bytes; {most} is the most", header.size));
            return None;
        }
        match self.repository.raw_tree(oid) {
            Ok(tree) => Some(tree),
            Err(_) => {
                self.flaw(format!("cannot be read: object {oid} is damaged"));
                None
            }
        }
    }

    /// A known tree that was lost since skips nothing.
    fn find_known(&self, oid: Oid) -> Option<RawTree> {
        let header = self.repository.find_header(oid).ok()??;
        (header.kind == ObjectKind::Tree).then(|| self.repository.raw_tree(oid).ok())?
    }

    fn entries(&mut self, tree: &RawTree, known: &HashMap<&[u8], RawEntry<'_>>, role: Role) {
        let mut last: Option<RawEntry<'_>> = None;
        let mut names: HashMap<Vec<u8>, &[u8]> = HashMap::new();
        let mut said = HashSet::new();
        for (number, entry) in tree.entries().enumerate() {
            if self.over {
                return;
            }
            let Ok(entry) = entry else { return self.flaw("is no well-formed folder") };
            if number == role.most_entries() {
                return self.flaw(format!("has more than {} entries", role.most_entries()));
            }
            let is_unsorted = last.is_some_and(|last| git_order(&last, &entry) == Ordering::Greater);
            if is_unsorted && said.insert("order") {
                self.flaw("has entries that are out of order");
            }
            last = Some(entry);
            let twin = names.insert(entry.name.to_ascii_lowercase(), entry.name);
            self.path.push(readable(entry.name));
            match twin {
                Some(twin) if twin == entry.name => self.flaw("is there twice"),
                Some(twin) => self.flaw(format!("differs from {} only in case", readable(twin))),
                None => self.entry(&entry, known.get(entry.name), role),
            }
            self.path.pop();
        }
        if last.is_none() && role != Role::Top {
            self.flaw("is an empty folder");
        }
    }

    fn entry(&mut self, entry: &RawEntry<'_>, known: Option<&RawEntry<'_>>, role: Role) {
        if let Some(what) = names::find_flaw(entry.name) {
            return self.flaw(what);
        }
        let is_folder = match entry.mode {
            b"40000" => true,
            b"100644" => false,
            b"100755" => return self.flaw("is executable"),
            b"120000" => return self.flaw("is a symbolic link"),
            b"160000" => return self.flaw("is a submodule"),
            mode => {
                return self.flaw(format!("has the mode {}; 100644 and 40000 are all there may be", readable(mode)));
            }
        };
        let place = match role.place(&String::from_utf8_lossy(entry.name), is_folder) {
            Ok(place) => place,
            Err(what) => return self.flaw(what),
        };
        if self.path.len() > MOST_DEPTH {
            return self.flaw(format!("lies more than {MOST_DEPTH} levels deep"));
        }
        let known = known.filter(|known| known.mode == entry.mode);
        if known.is_some_and(|known| known.oid == entry.oid) {
            return;
        }
        self.count(Amount { entries: 1, bytes: 0 });
        match place {
            Place::Folder(inner) => self.folder(Entry { oid: entry.oid, known: known.map(|known| known.oid) }, inner),
            Place::File { largest, .. } => self.file(entry.oid, largest),
        }
    }

    fn file(&mut self, oid: Oid, largest: u64) {
        let Some(header) = self.header(oid, ObjectKind::Blob) else { return };
        match header.size > largest {
            true => self.flaw(format!("is {} bytes long; {largest} is the most", header.size)),
            false => self.count(Amount { entries: 0, bytes: header.size }),
        }
    }

    /// A state of a newer format may mean something else by everything above.
    fn format(&mut self, tree: Oid) {
        self.path = vec![genesis::FORMAT_PATH.to_owned()];
        let entry = match self.repository.find_entry(tree, genesis::FORMAT_PATH) {
            Ok(Some(entry)) => entry,
            _ => return self.flaw("is missing"),
        };
        let read = self.repository.read_blob(entry.oid).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if let Err(error) = read.and_then(|text| genesis::check_format(&text)) {
            self.flaw(format!("does not fit: {}", shortened(error.message())));
        }
    }
}

fn by_name(tree: &RawTree) -> HashMap<&[u8], RawEntry<'_>> {
    tree.entries().filter_map(|entry| entry.ok()).map(|entry| (entry.name, entry)).collect()
}

/// Git sorts a folder as if its name ended with a slash.
fn git_order(a: &RawEntry<'_>, b: &RawEntry<'_>) -> Ordering {
    let end = |entry: &RawEntry<'_>| (entry.mode == b"40000").then_some(b'/');
    a.name.iter().copied().chain(end(a)).cmp(b.name.iter().copied().chain(end(b)))
}

/// A name as it may be shown: what is not UTF-8 as `\xff`, and not longer than people read.
fn readable(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name[..name.len().min(1_000)].utf8_chunks() {
        text.push_str(&escape_line(chunk.valid()));
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    shortened(&text)
}

fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    let escaped = escape_line(text);
    match escaped.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &escaped[..at]),
        None => escaped.into_owned(),
    }
}
