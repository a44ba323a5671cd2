//! Where the state is shared: a remote by name or address, and the refs that remember what was seen there.

use crate::config::Settings;
use crate::error::{Error, Result};
use crate::git::{Oid, Repository};
use crate::model::Digest;
use crate::store::Store;

/// A place that the state is shared through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A remote's name, or an address.
    pub remote: String,
    key: String,
}

impl Place {
    pub fn new(remote: &str) -> Result<Place> {
        if remote.is_empty() || remote.starts_with('-') || remote.chars().any(char::is_control) {
            return Err(Error::usage(format!("`{}` is not a remote", remote.escape_debug()))
                .hint("name a remote or an address: aifactory sync origin"));
        }
        let is_name = remote.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let key = if is_name { remote.to_owned() } else { format!("url-{}", &Digest::of(remote).hex()[..12]) };
        Ok(Place { remote: remote.to_owned(), key })
    }

    /// The state as it was last seen there: what both have in common.
    pub fn tracking_ref(&self) -> String {
        format!("refs/aifactory/remote/{}/state", self.key)
    }

    /// Where a fetched state waits until it has been looked at.
    pub fn incoming_ref(&self) -> String {
        format!("refs/aifactory/incoming/{}", self.key)
    }

    /// A task branch as it was last seen there.
    pub fn branch_ref(&self, branch: &str) -> String {
        format!("refs/aifactory/remote/{}/heads/{branch}", self.key)
    }

    pub fn lock_name(&self) -> String {
        format!("push-{}", self.key)
    }

    pub fn tracking(&self, store: &Store) -> Result<Option<Oid>> {
        store.repository.ref_target(&self.tracking_ref())
    }

    /// The address without what must not be printed.
    pub fn shown(&self) -> String {
        let Some((scheme, rest)) = self.remote.split_once("://") else { return self.remote.clone() };
        match rest.split_once('@') {
            Some((_, host)) if !rest.split('/').next().unwrap_or_default().is_empty() => format!("{scheme}://{host}"),
            _ => self.remote.clone(),
        }
    }
}

/// The configured places, the first one first: claims count there.
pub fn places(settings: &Settings, repository: &Repository) -> Result<Vec<Place>> {
    let mut names: Vec<String> = Vec::new();
    match settings.find_text("sync.remote") {
        Some(remote) => names.push(remote.to_owned()),
        None => {
            let remotes = repository.remote_names();
            let only = (remotes.len() == 1).then(|| remotes[0].clone());
            names.extend(remotes.iter().find(|name| *name == "origin").cloned().or(only));
        }
    }
    names.extend(settings.list("sync.also"));
    names.dedup();
    names.iter().map(|name| Place::new(name)).collect()
}
