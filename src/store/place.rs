//! Which repository the state is in: the code's own one, or a bare one beside it where gix could not serve the code's.
//!
//! A repository may change its kind after aifactory was used in it (`git refs migrate`, a fetch with a filter, and back).
//! The state moves along then: objects first, then the refs there, last the refs here, so a kill or a power cut at any
//! moment leaves it in at least one place.

use super::Local;
use crate::error::{Context, Error, Result};
use crate::git::{Expected, Oid, Repository, Swap};

/// Refs below here belong to aifactory and are state, but for commits of code that were kept aside.
const OWN_REFS: &str = "refs/aifactory/";
const KEPT_CODE: &str = "refs/aifactory/saved/";
/// Of states that could not be joined with ours.
pub(super) const QUARANTINE: &str = "refs/aifactory/quarantine/";

/// The repository the state is in where that is not the code's, with everything in it that was left in the other one.
pub(super) fn find(code: &Repository, local: &Local, ref_name: &str) -> Result<Option<Repository>> {
    let move_state = |from: &Repository, to: &Repository| -> Result<()> {
        if state_refs(from, ref_name)?.is_empty() {
            return Ok(());
        }
        let _lock = local.write_lock()?;
        for (name, tip) in state_refs(from, ref_name)? {
            let failed = || format!("cannot move {name} from {} to {}", place(from), place(to));
            to.take_objects(from, tip).context(failed)?;
            move_ref(from, to, &name, tip).context(failed)?;
        }
        Ok(())
    };
    if code.find_own_store_reason().is_some() {
        let store = code.require_own_store()?;
        move_state(code, &store)?;
        return Ok(Some(store));
    }
    if let Some(store) = code.find_own_store()? {
        move_state(&store, code)?;
    }
    Ok(None)
}

fn state_refs(repository: &Repository, ref_name: &str) -> Result<Vec<(String, Oid)>> {
    let mut refs = repository.refs_below(OWN_REFS)?;
    refs.retain(|(name, _)| !name.starts_with(KEPT_CODE));
    if !ref_name.starts_with(OWN_REFS) {
        refs.extend(repository.ref_target(ref_name)?.map(|tip| (ref_name.to_owned(), tip)));
    }
    Ok(refs)
}

fn move_ref(from: &Repository, to: &Repository, name: &str, tip: Oid) -> Result<()> {
    let message = "aifactory: moved here";
    let put = |name: &str, expected: Expected, oid: Oid| match to.swap_ref(name, expected, oid, message)? {
        Swap::Done => Ok(()),
        Swap::Refused => Err(Error::failed(format!("{name} moved meanwhile")).hint("try again")),
        Swap::Locked => Err(locked(to, name)),
    };
    match to.ref_target(name)? {
        None => put(name, Expected::Absent, tip)?,
        Some(there) if to.is_ancestor(tip, there)? => {}
        Some(there) if to.is_ancestor(there, tip)? => put(name, Expected::Is(there), tip)?,
        // What aifactory wrote last is in its own store; the other one is somebody's, and is kept.
        Some(there) if from.is_own_store() => {
            keep_aside(to, there)?;
            put(name, Expected::Is(there), tip)?;
        }
        Some(_) => keep_aside(to, tip)?,
    }
    crate::host::files::flush_file_system(to.common_dir())?;
    match from.delete_ref(name, tip)? {
        // Where it moved since it was read, the next command sees that.
        Swap::Done | Swap::Refused => Ok(()),
        Swap::Locked => Err(locked(from, name)),
    }
}

fn keep_aside(repository: &Repository, tip: Oid) -> Result<()> {
    let name = format!("{QUARANTINE}{tip}");
    match repository.ref_target(&name)? {
        Some(_) => Ok(()),
        None => repository.create_ref(&name, tip, "aifactory: a state that did not fit"),
    }
}

fn locked(repository: &Repository, name: &str) -> Error {
    let lock = repository.ref_lock_file(name);
    Error::failed(format!("{name} stays locked by {}", lock.display()))
        .hint("if no git command is running, remove that file")
}

fn place(repository: &Repository) -> std::path::Display<'_> {
    repository.common_dir().display()
}
