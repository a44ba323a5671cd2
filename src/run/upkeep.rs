//! Upkeep of what only we write: our objects become packs, logs of old runs go.

use crate::error::{Context, Error, Result};
use crate::git::{Oid, Upkeep};
use crate::host::files;
use crate::process::alive;
use crate::store::transcripts;
use crate::sync::{Sharing, transcripts as shared_transcripts};
use crate::tasks::Project;
use std::time::Duration;

/// Above this many loose objects a run packs them at its end, so that nobody's git feels like doing it in the middle of
/// the next one. Git's own threshold is 6,700.
pub const MANY_LOOSE_OBJECTS: usize = 3_000;

/// Packs the state's objects. Nothing is pruned.
pub fn pack(project: &Project) -> Result<Option<Upkeep>> {
    let Some(tip) = project.store.find_head()? else {
        return Ok(None);
    };
    let _lock = project.store.local.write_lock()?;
    let repository = &project.store.repository;
    let transcripts: Vec<Oid> = repository.refs_below(transcripts::RUNS)?.into_iter().map(|(_, tip)| tip).collect();
    repository.pack_own_objects(tip, &transcripts).map(Some)
}

/// Gives up transcripts for their age, here and, of this clone's own, where they were shared. How many months went, and
/// why those there did not, if so.
pub fn prune_transcripts(project: &Project) -> Result<(usize, Option<Error>)> {
    let age = project.settings.duration("transcripts.age");
    let pruned = transcripts::prune(&project.store, age)?.len();
    let there = Sharing::find(project).and_then(|sharing| match sharing {
        Some(sharing) => shared_transcripts::prune(&sharing, age).map(drop),
        None => Ok(()),
    });
    Ok((pruned, there.err()))
}

/// Removes the run folders of ended runs that are older than `age`. How many.
pub fn sweep_old_runs(project: &Project, age: Duration) -> Result<usize> {
    let mut removed = 0;
    for name in files::names(&project.store.local.runs())? {
        let folder = project.store.local.runs().join(&name);
        if files::age(&folder).is_some_and(|old| old > age) && !alive(&folder) {
            std::fs::remove_dir_all(&folder).context(|| format!("cannot remove {}", folder.display()))?;
            removed += 1;
        }
    }
    Ok(removed)
}
