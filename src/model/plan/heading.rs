//! The heading that starts a step, and the headings people write when they mean one.
//!
//! Only `### S1: title` counts. What comes close is read as what was meant and carries the line it should be: to take
//! `### Step 2: …` for prose would quietly add its work to the step above. A heading like `## S3 storage`, which may
//! well be about something else, is left alone.

use std::sync::LazyLock;

use regex::Regex;

use super::fence::heading;
use super::quoted;

/// A heading that starts a step.
pub(super) struct StepHeading<'a> {
    pub(super) id: String,
    pub(super) title: &'a str,
    /// The line as it should be, if it is not.
    pub(super) fix: Option<String>,
}

impl<'a> StepHeading<'a> {
    pub(super) fn find(line: &'a str, highest: u32) -> Option<StepHeading<'a>> {
        StepHeading::exact(line).or_else(|| StepHeading::similar(line, highest))
    }

    fn exact(line: &'a str) -> Option<StepHeading<'a>> {
        let (_, text) = heading(line).filter(|(level, _)| *level == 3)?;
        let (id, title) = text.split_once(':')?;
        let number = id.strip_prefix('S')?;
        is_number(number).then(|| StepHeading { id: id.to_owned(), title: title.trim(), fix: None })
    }

    fn similar(line: &'a str, highest: u32) -> Option<StepHeading<'a>> {
        static SIMILAR: LazyLock<Regex> = LazyLock::new(|| {
            let word = r"^ {0,3}(#{1,6})[ \t]*((?i-u:step|s))[ \t]*([0-9][0-9A-Za-z.]*?)";
            let separator = r"([ \t]*[:)][ \t]*|\.?[ \t]+[-–—][ \t]+|\.?[ \t]+|\.?$)(.*)$";
            Regex::new(&format!("{word}{separator}")).expect("the pattern is valid")
        });
        let found = SIMILAR.captures(line)?;
        let [marks, word, number, separator, title] = found.extract::<5>().1;
        let is_likely = match marks.len() {
            3 => true,
            1 | 2 => word.len() > 1 || separator.contains(':'),
            _ => word.len() == 1 && separator.contains(':'),
        };
        let number = if is_number(number) { number.to_owned() } else { (highest + 1).to_string() };
        let title = title.trim_end().trim_end_matches('#').trim_end();
        let shown = if title.is_empty() { "what the step does" } else { title };
        let fix = Some(format!("### S{number}: {}", quoted(shown)));
        is_likely.then(|| StepHeading { id: format!("S{number}"), title, fix })
    }
}

fn is_number(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
