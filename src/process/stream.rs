//! One output pipe of a session: its bytes go to a log, its lines to a listener.

use std::future::pending;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::lines::LineSplitter;
use super::log::BoundedLog;

/// What is read of the main output at once; complaints are few.
pub const OUTPUT_BUFFER: usize = 16 << 10;
pub const COMPLAINT_BUFFER: usize = 4 << 10;

pub struct Stream<R> {
    /// `None` after its end.
    pipe: Option<R>,
    buffer: Box<[u8]>,
    /// How much of the buffer waits to be passed on.
    filled: usize,
    log: BoundedLog,
    lines: LineSplitter,
}

impl<R: AsyncRead + Unpin> Stream<R> {
    pub fn new(pipe: Option<R>, buffer: usize, log: BoundedLog, longest_line: usize) -> Stream<R> {
        Stream { pipe, buffer: vec![0; buffer].into(), filled: 0, log, lines: LineSplitter::new(longest_line) }
    }

    pub fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Waits for bytes or for the end, and for ever after the end. Loses nothing when it is dropped.
    pub async fn fill(&mut self) {
        let Some(pipe) = &mut self.pipe else {
            return pending().await;
        };
        // A pipe that cannot be read has nothing more to say.
        self.filled = pipe.read(&mut self.buffer).await.unwrap_or(0);
        if self.filled == 0 {
            self.pipe = None;
        }
    }

    /// Passes on what has come in; the listener gets its lines even if the log cannot be written.
    pub fn pass_on(&mut self, mut listener: impl FnMut(&str)) -> io::Result<()> {
        let bytes = &self.buffer[..std::mem::take(&mut self.filled)];
        self.lines.push(bytes, &mut listener);
        if self.pipe.is_none() {
            self.lines.finish(listener);
        }
        self.log.write(bytes)
    }
}
