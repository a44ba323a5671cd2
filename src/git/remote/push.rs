//! Pushing: refs of the remote move only from where they are expected to be.

use super::progress::Progress;
use super::report::{self, Fate};
use super::trouble::{self, Doing, TransferError};
use super::{Oid, Remote};
use crate::git::Expected;

/// Settings of the user's that would send more than what is named, or make something of it on the server.
const OPTIONS: [&str; 7] = [
    "--porcelain",
    "--progress",
    "--no-verify",
    "--no-follow-tags",
    "--recurse-submodules=no",
    "--no-signed",
    "--no-force-if-includes",
];

/// One ref of the remote's to move.
#[derive(Debug, Clone, Copy)]
pub struct PushUpdate<'a> {
    /// Its full name there.
    pub name: &'a str,
    pub expected: Expected,
    /// What it becomes; nothing deletes it.
    pub new: Option<Oid>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a push may have been refused"]
pub enum PushOutcome {
    /// Every ref is where it was to go. Some may have been there already, whatever was expected of them.
    Accepted,
    /// Somebody else was faster with these refs: they are not where they were expected, or locked right now. Try again
    /// after a fetch. The others have moved, unless the push was atomic.
    Stale(Vec<String>),
    /// The remote refuses this ref, by rule, hook or name; trying again will not help. Other refs may have moved, even
    /// of an atomic push: git's servers leave a hidden ref out and carry on.
    Declined { name: String, why: String },
}

impl Remote<'_> {
    /// Moves refs of the remote, each only from where it is expected to be; whether the new place descends from the old
    /// one is the caller's business. An atomic push moves all or none, see [`PushOutcome::Declined`].
    ///
    /// After an error nobody knows whether the refs moved: the connection may have gone when only the answer was
    /// missing. [`Remote::list`] tells. The same push can be repeated: what is there already is accepted.
    pub fn push(
        &self,
        updates: &[PushUpdate<'_>],
        atomic: bool,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<PushOutcome, TransferError> {
        // Without a refspec git would push what the configuration says.
        if updates.is_empty() {
            return Ok(PushOutcome::Accepted);
        }
        self.require_pushable(updates)?;
        // A mirror's remote would push everything or nothing. And what was pushed would at once be written to the local
        // ref that the remote's refspecs map it to: in a mirror to the ref itself, over what was committed meanwhile.
        let mut git = self.git(&[]).timeout(self.patience.transfer).arg("-c").arg("push.pushOption=");
        if self.code.remote_names().contains(&self.name) {
            for setting in ["mirror=false", "fetch=^refs/*"] {
                git = git.arg("-c").arg(format!("remote.{}.{setting}", self.name));
            }
        }
        git = git.arg("push").args(OPTIONS).arg(if atomic { "--atomic" } else { "--no-atomic" });
        git = git.args(updates.iter().map(lease)).arg("--").arg(&self.name).args(updates.iter().map(refspec));
        let mut answer = self.ask(Doing::Push, git, progress)?;
        let names: Vec<&str> = updates.iter().map(|update| update.name).collect();
        let Some(fates) = report::read(&answer, &names) else {
            return Err(self.trouble(Doing::Push, &answer));
        };
        let moved = fates.iter().all(|fate| *fate == Fate::Moved);
        let lost = fates.iter().find_map(|fate| match fate {
            Fate::Lost(reason) => Some(reason.clone()),
            _ => None,
        });
        let everything =
            fates.iter().any(|fate| matches!(fate, Fate::Declined(_))) && trouble::refuses_everything(&answer);
        if lost.is_some() || everything || moved != answer.exit.success() {
            answer.said.extend(lost);
            return Err(self.trouble(Doing::Push, &answer));
        }
        Ok(outcome(&names, fates))
    }

    fn require_pushable(&self, updates: &[PushUpdate<'_>]) -> Result<(), TransferError> {
        for update in updates {
            self.require_ref_name(Doing::Push, update.name)?;
            // Git would send a request without a pack, and the remote would take the blame.
            let is_here = |new: &Oid| self.repository.inner.has_object(new) || self.code.inner.has_object(new);
            if let Some(new) = update.new.filter(|new| !is_here(new)) {
                let why = format!("there is no object {new} in this repository");
                return Err(trouble::other(Doing::Push, &self.display_name(), &why));
            }
        }
        Ok(())
    }
}

fn lease(update: &PushUpdate<'_>) -> String {
    match update.expected {
        Expected::Absent => format!("--force-with-lease={}:", update.name),
        Expected::Is(oid) => format!("--force-with-lease={}:{oid}", update.name),
    }
}

fn refspec(update: &PushUpdate<'_>) -> String {
    let new = update.new.map(|oid| oid.to_string()).unwrap_or_default();
    format!("{new}:{}", update.name)
}

fn outcome(names: &[&str], fates: Vec<Fate>) -> PushOutcome {
    let mut stale = Vec::new();
    let mut bystanders = Vec::new();
    for (name, fate) in names.iter().zip(fates) {
        match fate {
            Fate::Moved | Fate::Lost(_) => {}
            Fate::Bystander => bystanders.push((*name).to_owned()),
            Fate::Stale => stale.push((*name).to_owned()),
            Fate::Declined(why) => return PushOutcome::Declined { name: (*name).to_owned(), why },
        }
    }
    match (stale.is_empty(), bystanders.is_empty()) {
        (false, _) => PushOutcome::Stale(stale),
        // Nobody owns up to it.
        (true, false) => PushOutcome::Stale(bystanders),
        (true, true) => PushOutcome::Accepted,
    }
}
