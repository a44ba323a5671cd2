//! Files of our own below the git directory and the user's folders: whole or not at all, and locks that die with us.

use crate::error::{Context, Error, Result};
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The file's text, or nothing where there is no such file.
pub fn load_text(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::failed(format!("cannot read {}", path.display())).caused_by(error)),
    }
}

/// The same of a file that somebody else writes: it must be a plain one, and not longer than this.
pub fn load_bounded_text(path: &Path, most: u64) -> Result<Option<String>> {
    let refused = |why: &str| Error::failed(format!("{} {why}", path.display()));
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(refused("is not a file")),
        Ok(metadata) if metadata.len() > most => Err(refused(&format!("is longer than {most} bytes"))),
        Ok(_) => load_text(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused("cannot be read").caused_by(error)),
    }
}

/// The last bytes of a file, at most so many; what is no text in them is made readable.
pub fn load_end(path: &Path, most: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether people other than its owner may read or write it.
pub fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Like [`write_text`], for its owner's eyes only.
pub fn write_private_text(path: &Path, text: &str) -> Result<()> {
    write_draft(path, text, 0o600, None)
}

/// Replaces the file in one step: a reader sees the old text or the new one, and so does whoever comes after a crash.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_draft(path, text, 0o666, None)
}

/// The same of a file that is somebody else's: who may read, write or start it stays as it is.
pub fn rewrite_text(path: &Path, text: &str) -> Result<()> {
    let before = fs::metadata(path).ok().map(|metadata| metadata.permissions());
    write_draft(path, text, 0o666, before)
}

fn write_draft(path: &Path, text: &str, mode: u32, permissions: Option<fs::Permissions>) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    create_folder(folder)?;
    let draft = draft_beside(path);
    let written =
        File::options().write(true).create(true).truncate(true).mode(mode).open(&draft).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions))?;
            file.sync_all()
        });
    let renamed = written.and_then(|()| fs::rename(&draft, path));
    if renamed.is_err() {
        let _ = fs::remove_file(&draft);
    }
    renamed.context(failed)
}

/// Its name begins with a dot: whoever lists the folder passes over what is not whole yet.
fn draft_beside(path: &Path) -> PathBuf {
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{}.tmp", std::process::id(), DRAFTS.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// Adds a line to a file that only grows. The caller holds its lock. What a kill left of a line before stays a line of its
/// own.
pub fn append_line(path: &Path, line: &str) -> Result<()> {
    let in_words = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let mut file = File::options().create(true).append(true).read(true).open(path).context(in_words)?;
    let is_whole = match file.seek(SeekFrom::End(-1)) {
        Ok(_) => {
            let mut last = [0];
            file.read_exact(&mut last).context(in_words)?;
            last == *b"\n"
        }
        // There is nothing in it yet.
        Err(_) => true,
    };
    let begin = if is_whole { "" } else { "\n" };
    file.write_all(format!("{begin}{line}\n").as_bytes()).context(in_words)
}

pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).context(|| format!("cannot create the folder {}", path.display()))
}

/// The same, for its owner alone.
pub fn create_private_folder(path: &Path) -> Result<()> {
    create_folder(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).context(|| format!("cannot close {}", path.display()))
}

/// A symbolic link at `path`; one that is there already is replaced.
pub fn link(target: &Path, path: &Path) -> Result<()> {
    remove_file(path)?;
    std::os::unix::fs::symlink(target, path).context(|| format!("cannot link {}", path.display()))
}

pub fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::failed(format!("cannot remove {}", path.display())).caused_by(error))
        }
        _ => Ok(()),
    }
}

/// The names in a folder, sorted; none where the folder does not exist.
pub fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::failed(format!("cannot list {}", folder.display())).caused_by(error)),
    };
    let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// How long ago a file was last written, by the machine's own clock; nothing where there is none.
pub fn age(path: &Path) -> Option<Duration> {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
    Some(modified.elapsed().unwrap_or_default())
}

/// The path with its links followed, as far as it exists.
pub fn real_path(path: &Path) -> PathBuf {
    let mut existing = path;
    while let (Err(_), Some(parent)) = (existing.canonicalize(), existing.parent()) {
        existing = parent;
    }
    let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
    let existing = existing.canonicalize().unwrap_or_else(|_| existing.to_owned());
    // Nothing joined to a file would make it look like a folder.
    if rest.as_os_str().is_empty() { existing } else { existing.join(rest) }
}

/// The same path without `.` and `..`, by its text alone.
pub fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// An exclusive lock on a file. The kernel releases it when the holder is gone, however it went.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits until the lock is free.
    pub fn wait(path: &Path) -> Result<FileLock> {
        let file = open_lock_file(path)?;
        file.lock().context(|| format!("cannot lock {}", path.display()))?;
        Ok(FileLock { _file: file })
    }

    /// Takes the lock if nobody holds it.
    pub fn attempt(path: &Path) -> Result<Option<FileLock>> {
        let file = open_lock_file(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(FileLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(Error::failed(format!("cannot lock {}", path.display())).caused_by(error))
            }
        }
    }

    /// Whether somebody holds the lock right now. A missing file is held by nobody. Looking takes a shared lock for a
    /// moment, so that two who look at once do not see each other.
    pub fn is_held(path: &Path) -> bool {
        let Ok(file) = File::open(path) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

fn open_lock_file(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let opened = File::options().create(true).truncate(false).write(true).open(path);
    opened.context(|| format!("cannot open the lock file {}", path.display()))
}

/// Waits until everything written so far to the file system that holds `path` is on the disk.
pub fn flush_file_system(path: &Path) -> Result<()> {
    let failed = || format!("cannot flush the file system of {}", path.display());
    let folder = File::open(path).context(failed)?;
    rustix::fs::syncfs(&folder).context(failed)
}
