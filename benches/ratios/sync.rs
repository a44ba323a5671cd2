//! Sharing one change among many, against git moving the same commit.

use crate::measure::{compare, wall};
use crate::sandbox::{aifactory, drain, git, output};
use crate::shared::{self, STATE, address, head, plain_clone, sharing_clone};
use crate::states::{State, States, short_size};
use crate::table::{Aim, Table};
use aifactory::model::TaskId;
use std::path::{Path, PathBuf};

/// What DESIGN section 10 lets one change send.
const MOST_BYTES: u64 = 8 * 1024;

pub fn run(states: &mut States, table: &mut Table) {
    for tasks in states.sizes() {
        let state = states.of_size(tasks);
        let size = format!("{} tasks", short_size(tasks));
        let mut author = Author::new(&state);

        let theirs = author.other_remote.clone();
        let clone = author.clone.clone();
        let mut published = || {
            author.change();
            wall(1, || sync(&author.clone))
        };
        let compared = compare(&mut published, || wall(1, || push(&clone, &theirs)));
        table.row("sync that sends one change / git push", &size, compared, Aim::Ratio(1.3));

        bytes(&mut author, &size, table);

        let reader = sharing_clone(&state, &author.remote, "sync-reader");
        let plain = plain_clone(&state, &author.remote, "sync-plain-reader");
        let mut received = || {
            author.change();
            sync(&author.clone);
            wall(1, || sync(&reader))
        };
        let compared = compare(&mut received, || wall(1, || fetch(&plain)));
        table.row("sync that receives one change / git fetch", &size, compared, Aim::None);
        assert_eq!(head(&reader), head(&author.clone), "what was sent has arrived");

        let compared = compare(|| wall(1, || sync(&reader)), || wall(1, || list(&plain)));
        table.row("sync with nothing new / git ls-remote", &size, compared, Aim::None);
    }
}

/// Somebody who changes tasks in a clone, with a remote to share through and another one that git alone pushes to.
struct Author {
    clone: PathBuf,
    remote: PathBuf,
    other_remote: PathBuf,
    folder: PathBuf,
    id: TaskId,
    number: u64,
}

impl Author {
    fn new(state: &State) -> Author {
        let remote = shared::remote(state, "sync-remote");
        Author {
            clone: sharing_clone(state, &remote, "sync-author"),
            other_remote: shared::remote(state, "sync-other-remote"),
            remote,
            folder: state.sandbox.beside(""),
            id: state.ids[3].clone(),
            number: 0,
        }
    }

    fn change(&mut self) {
        self.number += 1;
        let assignment = format!("title=written here for the {}th time", self.number);
        drain(aifactory(&self.clone).args(["set", self.id.as_str(), &assignment]));
    }
}

fn sync(clone: &Path) {
    drain(aifactory(clone).args(["sync", "--quiet"]));
}

/// The state as it is in the clone, to a remote that has what came before it.
fn push(clone: &Path, remote: &Path) {
    let refspec = format!("{STATE}:{STATE}");
    output(git(clone).args(["push", "--quiet", "--no-verify", &address(remote), &refspec]));
}

fn fetch(clone: &Path) {
    let refspec = format!("+{STATE}:refs/plain/state");
    output(git(clone).args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "origin", &refspec]));
}

fn list(clone: &Path) {
    output(git(clone).args(["ls-remote", "--quiet", "origin", STATE]));
}

/// Everything that goes from the clone to the remote's `git receive-pack`.
fn bytes(author: &mut Author, size: &str, table: &mut Table) {
    let sent = author.folder.join("sync-sent");
    let lines = format!("tee '{}' | git receive-pack \"$@\"", sent.display());
    let counting = shared::text(&shared::script(&author.folder.join("sync-receive"), &lines));
    author.change();
    output(git(&author.clone).args(["config", "remote.origin.receivepack", &counting]));
    sync(&author.clone);
    let ours = std::fs::metadata(&sent).map_or(0, |sent| sent.len());
    output(git(&author.clone).args(["config", "--unset", "remote.origin.receivepack"]));
    let refspec = format!("{STATE}:{STATE}");
    let counting = format!("--receive-pack={counting}");
    output(git(&author.clone).args(["push", "--quiet", &counting, &address(&author.other_remote), &refspec]));
    let theirs = std::fs::metadata(&sent).map_or(0, |sent| sent.len());
    let verdict = if ours <= MOST_BYTES { "met" } else { "missed" };
    let sides = [ours, theirs].map(|bytes| format!("{bytes} bytes"));
    let ratio = format!("{:.2}", ours as f64 / theirs as f64);
    table.words("sync that sends one change: sent", size, sides, &ratio, &format!("≤ 8 KiB {verdict}"));
}
