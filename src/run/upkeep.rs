//! Upkeep of what only we write: our objects become packs, logs of old runs go.

use crate::error::{Context, Result};
use crate::git::Upkeep;
use crate::host::files;
use crate::process::alive;
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
    project.store.repository.pack_own_objects(tip).map(Some)
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
