//! What agents printed, kept after their run: redacted, bounded, and on refs of its own.
//!
//! Each clone writes one ref per month, `refs/aifactory/runs/<yyyy-mm>/<clone>`, so nobody else ever moves it, and
//! deleting a month is deleting its refs. A transcript is one file below its task; its name is the run's, and it never
//! changes. It is plain text: git packs it about as small as a compressor would, and `git show` reads it.
//!
//! The run's record says where the transcript is kept and what it was, so that one that was pruned is told apart from
//! one that got lost or was changed by somebody.

mod text;

pub use text::{Part, Source, Transcript};

use super::{Store, layout};
use crate::error::{Error, Result};
use crate::git::{Edit, EntryKind, Expected, Identity, Oid, Swap};
use crate::host::files;
use crate::model::run::Kept;
use crate::model::{Digest, EventId, TaskId, Timestamp};
use std::path::PathBuf;
use std::time::Duration;

/// The refs of transcripts lie below here.
pub const RUNS: &str = "refs/aifactory/runs/";
/// Another program must have moved a ref that is ours alone each time.
const MOST_TRIES: u32 = 10;

/// Where a run's transcript is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Here(Transcript),
    /// Its month was given up for its age.
    Pruned,
    /// It was kept here, and is gone.
    Lost,
    /// There is something in its place that is not what the run's record speaks of.
    Altered,
    /// Another clone keeps it, on this ref.
    Elsewhere(String),
    /// Nobody kept it.
    NotKept,
}

/// Keeps what the run left, at most so many bytes of it. Nothing where it left nothing.
pub fn keep(store: &Store, task: &TaskId, run: &EventId, source: &Source<'_>, most: u64) -> Result<Option<Kept>> {
    // Many agents may end at once, and a transcript takes memory many times its size while it is made.
    let _lock = store.local.lock("transcripts")?;
    let transcript = Transcript::of_folder(source, most, store.redactor())?;
    if transcript.parts.is_empty() {
        return Ok(None);
    }
    let text = transcript.to_text();
    let kept = Kept {
        place: format!("{}/{}", month_of(store.host().now()), store.local.clone_name(store.host())?),
        bytes: text.len() as u64,
        digest: Digest::of(&text),
    };
    let name = format!("{RUNS}{}", kept.place);
    let subject = format!("{}: transcript of {run}", task.prefix(5));
    put(store, &name, &path(task, run), &text, &subject)?;
    Ok(Some(kept))
}

/// Adds a file to a ref of ours; the caller holds the lock. Whoever sees the record of the run finds it there.
fn put(store: &Store, name: &str, path: &str, text: &str, subject: &str) -> Result<()> {
    let repository = &store.repository;
    let blob = repository.write_blob(text.as_bytes())?;
    for _ in 0..MOST_TRIES {
        let tip = repository.ref_target(name)?;
        let base = tip.map(|tip| repository.tree_of(tip)).transpose()?;
        let edit = Edit::Graft { path: path.to_owned(), kind: EntryKind::Blob, oid: blob };
        let tree = repository.edit_tree(base, vec![edit])?;
        let at = store.host().now();
        let by = Identity { name: "aifactory".to_owned(), email: "aifactory@localhost".to_owned(), at };
        let parents: Vec<Oid> = tip.into_iter().collect();
        let commit = repository.write_commit(tree, &parents, &format!("{subject}\n"), &by)?;
        store.flush_if_durable()?;
        match repository.swap_ref(name, tip.map_or(Expected::Absent, Expected::Is), commit, subject)? {
            Swap::Done => return Ok(()),
            Swap::Refused => {}
            Swap::Locked => break,
        }
    }
    let lock = repository.ref_lock_file(name);
    Err(Error::failed(format!("{name} keeps moving or stays locked by {}", lock.display()))
        .hint("if no git command is running, remove that file"))
}

/// The transcript that a run's record speaks of. `age` is how long they are kept.
pub fn find(store: &Store, task: &TaskId, run: &EventId, kept: Option<&Kept>, age: Duration) -> Result<Found> {
    let Some(kept) = kept.filter(|kept| month_in(&kept.place).is_some()) else { return Ok(Found::NotKept) };
    let name = format!("{RUNS}{}", kept.place);
    if let Some(text) = read(store, &name, &path(task, run)) {
        return Ok(match Digest::of(&text) == kept.digest {
            true => Transcript::parse(&String::from_utf8_lossy(&text)).map_or(Found::Altered, Found::Here),
            false => Found::Altered,
        });
    }
    if is_pruned(store, &kept.place)? {
        return Ok(Found::Pruned);
    }
    let is_ours = kept.place.split('/').nth(1) == Some(&store.local.clone_name(store.host())?);
    Ok(match is_ours {
        false => Found::Elsewhere(name),
        true if is_older(&kept.place, store.host().now(), age) => Found::Pruned,
        true => Found::Lost,
    })
}

/// A ref may come from somebody else and hold anything: what cannot be read is not there.
fn read(store: &Store, name: &str, path: &str) -> Option<Vec<u8>> {
    let repository = &store.repository;
    let tree = repository.tree_of(repository.ref_target(name).ok()??).ok()?;
    let entry = repository.find_entry(tree, path).ok()??;
    let is_file = entry.kind == EntryKind::Blob;
    is_file.then(|| repository.read_blob(entry.oid).ok())?
}

/// Gives up the months that ended longer than `age` ago. Their places.
pub fn prune(store: &Store, age: Duration) -> Result<Vec<String>> {
    let now = store.host().now();
    let mut pruned = Vec::new();
    for (name, tip) in store.repository.refs_below(RUNS)? {
        let place = name.strip_prefix(RUNS).unwrap_or_default();
        if is_older(place, now, age) && store.repository.delete_ref(&name, tip)? == Swap::Done {
            pruned.push(place.to_owned());
        }
    }
    if !pruned.is_empty() {
        let _lock = store.local.lock("transcripts")?;
        let mut noted = files::load_text(&noted_file(store))?.unwrap_or_default();
        noted.extend(pruned.iter().map(|place| format!("{place}\n")));
        files::write_text(&noted_file(store), &noted)?;
    }
    Ok(pruned)
}

/// The refs that this clone writes, with where they are.
pub fn own_refs(store: &Store) -> Result<Vec<(String, Oid)>> {
    let own = format!("/{}", store.local.clone_name(store.host())?);
    let mut refs = store.repository.refs_below(RUNS)?;
    refs.retain(|(name, _)| name.ends_with(&own));
    Ok(refs)
}

/// Whether everything that was kept there began longer than `age` ago: its month is over for so long.
pub fn is_older(place: &str, now: Timestamp, age: Duration) -> bool {
    let Some((year, month)) = month_in(place) else { return false };
    let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let end = Timestamp::parse(&format!("{year:04}-{month:02}-01T00:00:00Z"));
    end.is_some_and(|end| end.after(age) <= now)
}

fn is_pruned(store: &Store, place: &str) -> Result<bool> {
    let noted = files::load_text(&noted_file(store))?.unwrap_or_default();
    Ok(noted.lines().any(|line| line == place))
}

fn noted_file(store: &Store) -> PathBuf {
    store.local.root().join("pruned-transcripts")
}

fn month_of(time: Timestamp) -> String {
    time.readable().chars().take(7).collect()
}

/// The month of a place of ours, `2026-01/mill-abc123`; nothing where it is of no such form.
fn month_in(place: &str) -> Option<(u32, u32)> {
    let (month, clone) = place.split_once('/')?;
    let is_name =
        !clone.is_empty() && clone.len() <= 60 && clone.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let (year, month) = month.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u32>().ok())?;
    let month = number(month).filter(|month| (1..=12).contains(month))?;
    is_name.then_some((number(year)?, month))
}

fn path(task: &TaskId, run: &EventId) -> String {
    let folder = layout::task_folder(task);
    format!("{}/{run}.txt", folder.strip_prefix(layout::TASKS).unwrap_or(&folder).trim_start_matches('/'))
}

#[cfg(test)]
mod tests;
