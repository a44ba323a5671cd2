//! Upkeep of the objects that aifactory wrote: loose ones become packs. Never git's own gc, never a prune.
//!
//! Packing copies objects and then drops only the loose copies that are in a pack, so nothing reachable or unreachable
//! is lost. Small packs of ours are rolled into one when there are many; packs of the user's are not touched.

use super::{Oid, Repository};
use crate::error::{Context, Error, Result};
use crate::host::files;
use std::path::PathBuf;

/// More packs of ours than this are rolled into one.
const MOST_PACKS: usize = 12;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// How many loose objects the repository had, roughly: one of git's 256 folders is counted.
    pub loose_before: usize,
    pub loose_after: usize,
    pub packs: usize,
}

impl Repository {
    /// About how many loose objects there are, by the same sample that git takes.
    pub fn loose_objects(&self) -> usize {
        let sample = self.common_dir.join("objects/17");
        files::names(&sample).map_or(0, |names| names.len() * 256)
    }

    /// Packs what is reachable from `tip` and not from what was packed before, and whatever is loose of the `others`. The
    /// caller holds the state's lock.
    pub fn pack_own_objects(&self, tip: Oid, others: &[Oid]) -> Result<Upkeep> {
        let loose_before = self.loose_objects();
        let mut packs = self.own_packs()?;
        packs.extend(self.pack_reachable(tip)?);
        if !others.is_empty() {
            let others: String = others.iter().map(|tip| format!("{tip}\n")).collect();
            packs.extend(self.pack(&["--revs", "--unpacked"], others)?);
        }
        if packs.len() > MOST_PACKS {
            packs = self.roll_up(packs)?;
        }
        files::write_text(&self.packs_file(), &packs.join("\n"))?;
        files::write_text(&self.packed_tip_file(), &tip.to_string())?;
        self.git(&["prune-packed", "--quiet"]).run_ok()?;
        Ok(Upkeep { loose_before, loose_after: self.loose_objects(), packs: packs.len() })
    }

    fn pack_reachable(&self, tip: Oid) -> Result<Option<String>> {
        let packed = files::load_text(&self.packed_tip_file())?.and_then(|text| Repository::parse_oid(text.trim()));
        let packed = packed.filter(|oid| self.inner.has_object(oid) && *oid != tip);
        let exclude = packed.map(|oid| format!("^{oid}\n")).unwrap_or_default();
        self.pack(&["--revs", "--unpacked"], format!("{tip}\n{exclude}"))
    }

    /// Feeds `pack-objects` and returns the new pack's name, or nothing where there was nothing to pack.
    fn pack(&self, args: &[&str], input: String) -> Result<Option<String>> {
        let base = self.common_dir.join("objects/pack/pack");
        let pack = self.git(&["pack-objects", "--quiet", "--non-empty"]).args(args.iter().copied()).arg(base);
        let output = pack.stdin(input.into_bytes()).run_ok()?;
        let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((!name.is_empty()).then_some(name))
    }

    /// One pack with every object of ours, unreachable ones too; then the small ones go.
    fn roll_up(&self, packs: Vec<String>) -> Result<Vec<String>> {
        let mut objects = String::new();
        for pack in &packs {
            let path = self.pack_file(pack, "idx");
            let index = std::fs::read(&path).context(|| format!("cannot read {}", path.display()))?;
            let format = format!("--object-format={}", self.inner.object_hash());
            let listed = self.git(&["show-index", &format]).stdin(index).run_ok()?;
            for line in String::from_utf8_lossy(&listed.stdout).lines() {
                objects.extend(line.split(' ').nth(1).map(|oid| format!("{oid}\n")));
            }
        }
        let merged = self.pack(&[], objects)?.ok_or_else(|| Error::failed("packing the packs gave no pack"))?;
        for pack in packs.iter().filter(|pack| **pack != merged) {
            for ending in ["rev", "idx", "pack"] {
                files::remove_file(&self.pack_file(pack, ending))?;
            }
        }
        Ok(vec![merged])
    }

    /// The packs we made that are still there: the user's own repack may have taken them in.
    fn own_packs(&self) -> Result<Vec<String>> {
        let text = files::load_text(&self.packs_file())?.unwrap_or_default();
        let alive = |name: &&str| self.pack_file(name, "pack").exists() && self.pack_file(name, "idx").exists();
        Ok(text.lines().filter(alive).map(str::to_owned).collect())
    }

    fn pack_file(&self, name: &str, ending: &str) -> PathBuf {
        self.common_dir.join(format!("objects/pack/pack-{name}.{ending}"))
    }

    fn packs_file(&self) -> PathBuf {
        self.common_dir.join("aifactory/packs")
    }

    fn packed_tip_file(&self) -> PathBuf {
        self.common_dir.join("aifactory/packed-tip")
    }
}
