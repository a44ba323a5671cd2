//! A file that takes the raw output of a program up to a limit, and says so where it ends.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

pub struct BoundedLog {
    file: File,
    left: u64,
    is_closed: bool,
}

impl BoundedLog {
    /// Appends to what is there already.
    pub fn open(path: &Path, limit: u64) -> io::Result<BoundedLog> {
        Ok(BoundedLog { file: File::options().create(true).append(true).open(path)?, left: limit, is_closed: false })
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fitting = bytes.len().min(self.left.try_into().unwrap_or(usize::MAX));
        self.file.write_all(&bytes[..fitting])?;
        self.left -= fitting as u64;
        if fitting < bytes.len() && !self.is_closed {
            self.is_closed = true;
            self.file.write_all(b"\n[the log has reached its limit and ends here]\n")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_over_its_limit_says_once_that_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = BoundedLog::open(&path, 5).unwrap();
        for bytes in [b"abc", b"def", b"ghi"] {
            log.write(bytes).unwrap();
        }
        let content = std::fs::read_to_string(path).unwrap();
        assert_eq!(content, "abcde\n[the log has reached its limit and ends here]\n");
    }

    #[test]
    fn a_log_that_just_fits_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        BoundedLog::open(&path, 3).unwrap().write(b"abc").unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "abc");
    }
}
