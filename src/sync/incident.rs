//! What must not happen to a shared state and does: it is gone, it was set back, it holds what must not come in. Ours
//! stays as it is, theirs is put aside, and a person decides.

use super::place::Place;
use crate::error::{Error, Result};
use crate::git::{Expected, Oid};
use crate::store::{Flaw, Store};

pub fn deleted(place: &Place, name: &str) -> Error {
    Error::person(format!("{name} is gone from {}, and it was there before", place.shown()))
        .hint("nothing was changed here; your state is whole")
        .hint(format!("to put it back there: aifactory sync {} --restore-remote", place.shown()))
}

pub fn rewound(store: &Store, place: &Place, name: &str, tip: Oid) -> Result<Error> {
    let aside = quarantine(store, tip)?;
    Ok(Error::person(format!(
        "{name} on {} was set back or replaced: it no longer holds what was seen there",
        place.shown()
    ))
    .hint(format!("nothing was changed here; what is there now is kept as {aside}"))
    .hint(format!("to bring both together there: aifactory sync {} --restore-remote", place.shown())))
}

pub fn flawed(store: &Store, place: &Place, tip: Oid, flaws: &[Flaw]) -> Result<Error> {
    let aside = quarantine(store, tip)?;
    let first = flaws.first().map(|flaw| format!("{} {}", flaw.path, flaw.what)).unwrap_or_default();
    let mut error = Error::person(format!("the state on {} holds what must not come in: {first}", place.shown()));
    for flaw in flaws.iter().skip(1).take(7) {
        error = error.hint(format!("also: {} {}", flaw.path, flaw.what));
    }
    if flaws.len() > 8 {
        error = error.hint(format!("and {} more", flaws.len() - 8));
    }
    Ok(error
        .hint(format!("nothing was changed here; what is there is kept as {aside}"))
        .hint(format!("once you know who pushed it: aifactory sync {} --restore-remote", place.shown())))
}

/// Keeps a state under a name of its own, so that it can be looked at and is not collected.
fn quarantine(store: &Store, tip: Oid) -> Result<String> {
    let name = format!("refs/aifactory/quarantine/{tip}");
    if store.repository.ref_target(&name)?.is_none() {
        let _ = store.repository.swap_ref(&name, Expected::Absent, tip, "aifactory: quarantine")?;
    }
    Ok(name)
}
