//! A range of ports for each running task, so that two development servers do not meet.

use crate::error::Result;
use crate::host::files::FileLock;
use crate::store::Store;
use std::net::{Ipv4Addr, TcpListener};

const FIRST: u16 = 21_000;
const RANGES: u16 = 500;

/// Held for as long as the range is used.
#[derive(Debug)]
pub struct PortRange {
    pub base: u16,
    _lock: FileLock,
}

/// The first range that no other worker holds and whose first port is free.
pub fn take(store: &Store, width: u64) -> Result<Option<PortRange>> {
    // All clones of a user share the machine's ports.
    let shared = store.host().env.state_folder().map(|state| state.join("ports"));
    let folder = shared.unwrap_or_else(|| store.local.root().join("ports"));
    let width = u16::try_from(width.clamp(1, 80)).unwrap_or(20);
    for number in 0..RANGES.min((u16::MAX - FIRST) / width) {
        let path = folder.join(format!("{number}.lock"));
        let Some(lock) = FileLock::attempt(&path)? else {
            continue;
        };
        let base = FIRST + number * width;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, base)).is_ok() {
            return Ok(Some(PortRange { base, _lock: lock }));
        }
    }
    Ok(None)
}
