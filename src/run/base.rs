//! Where the work on a branch begins.

use crate::error::Result;
use crate::git::Oid;
use crate::sync::Sharing;
use crate::tasks::{Project, target_tips};

/// The newest commit of the target that the work up to `tip` goes on from, absent where they have nothing in common. What
/// others brought to the target meanwhile is no part of the work, even while this clone's own branch is behind: workers
/// begin at what the remote has.
pub fn base_of_work(project: &Project, tip: Oid) -> Result<Option<Oid>> {
    let repository = project.repository();
    let mut targets = target_tips(project)?;
    if let (Some(target), Some(sharing)) = (&project.target, Sharing::find(project)?) {
        targets.extend(repository.ref_target(&sharing.place.branch_ref(&target.branch))?);
    }
    let mut newest = None;
    for base in targets.into_iter().filter_map(|target| repository.merge_base(tip, target)) {
        newest = match newest {
            Some(known) if repository.is_ancestor(base, known)? => Some(known),
            _ => Some(base),
        };
    }
    Ok(newest)
}
