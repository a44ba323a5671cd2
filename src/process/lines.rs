//! Cuts a stream of bytes into lines, in bounded memory whatever the bytes are.

/// What stands at the end of a line that was too long; the rest of it is thrown away.
pub const CUT_MARK: &str = " [line cut here]";

/// A huge line takes memory while it is put together, and not a moment longer.
const KEPT_CAPACITY: usize = 64 << 10;

pub struct LineSplitter {
    unfinished: Vec<u8>,
    longest: usize,
    /// The bytes that end a line.
    ends: &'static [u8],
    /// The line was cut; everything up to its end is thrown away.
    cutting: bool,
}

impl LineSplitter {
    pub fn new(longest: usize) -> LineSplitter {
        LineSplitter { unfinished: Vec::new(), longest, ends: b"\n", cutting: false }
    }

    /// A carriage return ends a line, too: programs that show their progress overwrite one line again and again.
    pub fn at_returns(longest: usize) -> LineSplitter {
        LineSplitter { ends: b"\r\n", ..LineSplitter::new(longest) }
    }

    /// Takes the next bytes and calls `listener` for each line they complete.
    pub fn push(&mut self, bytes: &[u8], mut listener: impl FnMut(&str)) {
        let ends = self.ends;
        // The quick way through the rest of a huge line.
        if self.cutting && !bytes.iter().any(|byte| ends.contains(byte)) {
            return;
        }
        for piece in bytes.split_inclusive(|byte| ends.contains(byte)) {
            match piece.split_last() {
                Some((last, rest)) if ends.contains(last) => {
                    self.extend(rest, &mut listener);
                    self.end_line(&mut listener);
                }
                _ => self.extend(piece, &mut listener),
            }
        }
    }

    /// The stream has ended: what has no newline is a line, too.
    pub fn finish(&mut self, mut listener: impl FnMut(&str)) {
        if !self.unfinished.is_empty() {
            self.end_line(&mut listener);
        }
    }

    fn extend(&mut self, piece: &[u8], listener: &mut impl FnMut(&str)) {
        if self.cutting {
            return;
        }
        let room = self.longest - self.unfinished.len();
        self.unfinished.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            let text = String::from_utf8_lossy(&self.unfinished);
            listener(&format!("{text}{CUT_MARK}"));
            self.forget_line();
            self.cutting = true;
        }
    }

    fn end_line(&mut self, listener: &mut impl FnMut(&str)) {
        if !self.cutting {
            let line = self.unfinished.strip_suffix(b"\r").unwrap_or(&self.unfinished);
            listener(&String::from_utf8_lossy(line));
        }
        self.forget_line();
        self.cutting = false;
    }

    fn forget_line(&mut self) {
        self.unfinished.clear();
        self.unfinished.shrink_to(KEPT_CAPACITY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(longest: usize, chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut splitter = LineSplitter::new(longest);
        for chunk in chunks {
            splitter.push(chunk, |line| lines.push(line.to_owned()));
        }
        splitter.finish(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_come_out_whole_however_the_bytes_arrive() {
        assert_eq!(split(99, &[b"one\ntw", b"o\r\n\nthree"]), ["one", "two", "", "three"]);
        assert_eq!(split(99, &[b"a", b"\n", b"b\n"]), ["a", "b"]);
    }

    #[test]
    fn a_line_that_is_overwritten_is_several_lines_where_that_is_wanted() {
        let mut lines = Vec::new();
        let mut splitter = LineSplitter::at_returns(99);
        splitter.push(b"50%\r100%\r\nend", |line| lines.push(line.to_owned()));
        splitter.finish(|line| lines.push(line.to_owned()));
        assert_eq!(lines, ["50%", "100%", "", "end"]);
    }

    #[test]
    fn a_long_line_is_cut_once_and_the_next_one_is_whole() {
        let cut = format!("abcd{CUT_MARK}");
        assert_eq!(split(4, &[b"abc", b"def", b"ghi", b"jk\nnext\n"]), [cut.as_str(), "next"]);
        assert_eq!(split(4, &[b"abcdef\nabcd\n"]), [cut.as_str(), "abcd"]);
        assert_eq!(split(4, &[b"abcdef"]), [cut.as_str()]);
    }

    #[test]
    fn a_huge_line_leaves_no_memory_behind_whether_it_was_cut_or_not() {
        let huge = vec![b'x'; 4 << 20];
        for longest in [1 << 20, 8 << 20] {
            let mut splitter = LineSplitter::new(longest);
            splitter.push(&huge, |_| {});
            splitter.push(b"\nnext", |_| {});
            assert!(splitter.unfinished.capacity() <= KEPT_CAPACITY, "{}", splitter.unfinished.capacity());
        }
    }

    #[test]
    fn bytes_that_are_no_text_become_replacement_characters() {
        assert_eq!(split(99, &[b"a\xff\0b\n"]), ["a\u{fffd}\0b"]);
    }
}
