//! Who is alive, as this machine has seen it with its own clock.
//!
//! Each machine that holds claims keeps changing one ref, `refs/aifactory/live/<name>`; any change of it is a sign of
//! life. Times written by others are never compared with ours: clocks differ, and a claim taken from a living worker is
//! work done twice. What counts is how long *we* have seen the ref not change, by the time since our machine was started.

use crate::error::Result;
use crate::git::Oid;
use crate::host::files;
use crate::model::{Claim, Task};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What was seen of each name, and since when nothing else was. Kept in a file, so that short commands observe, too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    /// The boot that the times belong to.
    boot: String,
    #[serde(default)]
    seen: BTreeMap<String, Seen>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// The ref's value; absent where there is no such ref.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Milliseconds since the machine was started.
    since_ms: u64,
    /// When somebody last looked.
    until_ms: u64,
}

impl Observations {
    /// What is remembered of this boot; a file that cannot be read remembers nothing.
    pub fn load(path: &Path, boot: &str) -> Result<Observations> {
        let text = files::load_text(path)?.unwrap_or_default();
        let found: Observations = serde_json::from_str(&text).unwrap_or_default();
        match found.boot == boot {
            true => Ok(found),
            false => Ok(Observations { boot: boot.to_owned(), seen: BTreeMap::new() }),
        }
    }

    pub fn store(&self, path: &Path) -> Result<()> {
        files::write_text(path, &serde_json::to_string(self).unwrap_or_default())
    }

    /// Takes a look at the place into account. `wanted` are the names that claims refer to; the rest is forgotten.
    pub fn look(&mut self, live: &BTreeMap<String, Oid>, wanted: impl IntoIterator<Item = String>, uptime: Duration) {
        let now = millis(uptime);
        let mut seen = BTreeMap::new();
        for name in wanted {
            let value = live.get(&name).map(Oid::to_string);
            let before = self.seen.get(&name).filter(|before| before.value == value && before.until_ms <= now);
            let since_ms = before.map_or(now, |before| before.since_ms);
            seen.insert(name, Seen { value, since_ms, until_ms: now });
        }
        self.seen = seen;
    }

    /// How long a name has been seen without a sign of life, between the first look and the last.
    pub fn silence(&self, name: &str) -> Option<Duration> {
        self.seen.get(name).map(|seen| Duration::from_millis(seen.until_ms.saturating_sub(seen.since_ms)))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a claim may be taken over: its holder was silent for its whole lease and a tenth more, as seen from here. A
/// claim without a name to look for was made without a remote; nobody else can see whether its holder lives.
pub fn overdue(claim: &Claim, observations: &Observations) -> bool {
    let Some(live) = &claim.live else { return false };
    let lease = Duration::from_secs(claim.lease_seconds.clamp(1, 30 * 24 * 3600));
    observations.silence(live).is_some_and(|silence| silence >= lease + lease / 10)
}

/// What is left of a claim's lease as seen from here.
pub fn lease_left(task: &Task, observations: &Observations) -> Option<Duration> {
    let claim = task.claim.as_ref()?;
    let silence = observations.silence(claim.live.as_deref()?)?;
    Some(Duration::from_secs(claim.lease_seconds).saturating_sub(silence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn oid(digit: char) -> Oid {
        crate::git::Repository::parse_oid(&digit.to_string().repeat(40)).unwrap()
    }

    fn claim(lease_seconds: u64) -> Claim {
        Claim {
            session: "s".into(),
            actor: "ana".into(),
            host: "mill".into(),
            fence: 1,
            since: Timestamp::from_millis(0),
            lease_seconds,
            live: Some("mill-1".into()),
        }
    }

    fn live(digit: char) -> BTreeMap<String, Oid> {
        BTreeMap::from([("mill-1".to_owned(), oid(digit))])
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn only_a_whole_lease_and_a_tenth_without_any_change_makes_a_claim_overdue() {
        let mut observations = Observations::default();
        let mut look = |digit, seconds| {
            observations.look(&live(digit), ["mill-1".to_owned()], at(seconds));
            overdue(&claim(100), &observations)
        };
        assert!(!look('a', 0));
        assert!(!look('a', 99));
        assert!(!look('a', 109));
        assert!(look('a', 110));
        assert!(!look('b', 111), "a change is a sign of life");
        assert!(!look('b', 220));
        assert!(look('b', 221));
    }

    #[test]
    fn a_machine_that_was_not_looked_at_is_not_silent() {
        let mut observations = Observations::default();
        observations.look(&live('a'), ["mill-1".to_owned()], at(0));
        assert!(!overdue(&claim(10), &observations), "one look sees no time pass");
        assert_eq!(observations.silence("other"), None);
    }

    #[test]
    fn a_missing_ref_is_silence_too_and_another_boot_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("observed.json");
        let mut observations = Observations::load(&path, "boot 1").unwrap();
        observations.look(&BTreeMap::new(), ["mill-1".to_owned()], at(0));
        observations.look(&BTreeMap::new(), ["mill-1".to_owned()], at(11));
        assert!(overdue(&claim(10), &observations));
        observations.store(&path).unwrap();
        assert!(overdue(&claim(10), &Observations::load(&path, "boot 1").unwrap()));
        assert!(!overdue(&claim(10), &Observations::load(&path, "boot 2").unwrap()));
    }

    #[test]
    fn a_claim_made_without_a_remote_is_nobody_elses_to_take() {
        let mut observations = Observations::default();
        observations.look(&BTreeMap::new(), ["mill-1".to_owned()], at(0));
        observations.look(&BTreeMap::new(), ["mill-1".to_owned()], at(1_000_000));
        assert!(!overdue(&Claim { live: None, ..claim(10) }, &observations));
    }
}
