//! A session's stdin that is written while the session runs: a named pipe in the run folder.
//!
//! The guardian opens its other end for the program. When we are gone, the program reads the end of the file.

use std::fs;
use std::future::pending;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, Mode, mkfifoat};
use tokio::net::unix::pipe;

use super::listener::Talk;

pub struct Input {
    pipe: pipe::Sender,
}

impl Input {
    pub fn open(path: &Path) -> io::Result<Input> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR)?;
        // For reading as well: a pipe that nobody reads yet cannot be opened for writing alone.
        Ok(Input { pipe: pipe::OpenOptions::new().read_write(true).open_sender(path)? })
    }

    /// Writes some of what is waiting; waits for ever where there is nothing to write. Nothing is lost if it is dropped.
    pub async fn write(input: &mut Option<Input>, talk: &mut Talk) {
        let Some(open) = input.as_mut().filter(|_| !talk.waiting.is_empty()) else {
            return pending().await;
        };
        let written = match open.pipe.writable().await {
            Ok(()) => open.pipe.try_write(&talk.waiting),
            Err(error) => Err(error),
        };
        match written {
            Ok(written) => drop(talk.waiting.drain(..written)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // Nobody reads any more; how the program ended says why.
            Err(_) => {
                talk.waiting.clear();
                *input = None;
            }
        }
    }
}
