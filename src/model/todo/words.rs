//! What people write inside an item's text besides its title: labels, tags, priority, dependencies and comments.

/// An item's text, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) title: String,
    pub(super) labels: Vec<String>,
    pub(super) priority: Option<u8>,
    /// What stood in `(after: …)`, as written.
    pub(super) after: Option<String>,
    pub(super) id: Option<String>,
}

impl Words {
    pub(super) fn read(text: &str) -> Words {
        let (text, id) = without_comments(text);
        let (text, after) = without_after(text);
        let mut words = Words { id, after, ..Words::default() };
        let mut kept = Vec::new();
        let mut in_code = false;
        for word in text.split_whitespace() {
            let is_code = in_code || word.contains('`');
            in_code ^= word.matches('`').count() % 2 == 1;
            if is_code || !words.take(word) {
                kept.push(word);
            }
        }
        // An item that is nothing but a tag is called by it.
        let nothing_left = kept.is_empty();
        words.title = if nothing_left { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { kept.join(" ") };
        words
    }

    /// Takes a word that is not part of the title.
    fn take(&mut self, word: &str) -> bool {
        if let Some(priority) = priority(word) {
            self.priority.get_or_insert(priority);
            return true;
        }
        let Some(label) = label(word) else { return false };
        self.labels.push(label);
        true
    }
}

/// `(P1)` or `!p1`.
fn priority(word: &str) -> Option<u8> {
    let level = match word.strip_prefix('!') {
        Some(level) => level,
        None => word.strip_prefix('(')?.strip_suffix(')')?,
    };
    let digit = level.strip_prefix(['p', 'P'])?.parse().ok()?;
    (1..=4).contains(&digit).then_some(digit)
}

/// `[needs-plan]` or `#tag`. Links have more after the bracket, issue numbers are no words, colours are hex.
fn label(word: &str) -> Option<String> {
    if let Some(inner) = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
        let is_label = inner.starts_with(|c: char| c.is_ascii_lowercase())
            && inner.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        return is_label.then(|| inner.to_owned());
    }
    let tag = word.strip_prefix('#')?.trim_end_matches([',', ';', '.', ':']);
    let is_colour = matches!(tag.len(), 3 | 6) && tag.chars().all(|c| c.is_ascii_hexdigit());
    let is_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic())
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    (is_tag && !is_colour).then(|| tag.to_ascii_lowercase())
}

/// The text without the comments at its end, and the task id among them.
fn without_comments(text: &str) -> (&str, Option<String>) {
    let mut text = text.trim_end();
    let mut id = None;
    while text.ends_with("-->")
        && let Some(start) = text.rfind("<!--")
    {
        let comment = text[start..].trim_start_matches("<!--").trim_end_matches("-->").trim();
        id = id.or(comment.strip_prefix("aifactory:").map(str::trim).filter(|id| is_id(id)).map(str::to_owned));
        text = text[..start].trim_end();
    }
    (text, id)
}

fn is_id(text: &str) -> bool {
    (4..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// The text without its `(after: …)`, and what is in there. Titles may have parentheses themselves.
fn without_after(text: &str) -> (String, Option<String>) {
    const OPENING: &str = "(after:";
    let split = || {
        let (before, opened) = text.split_at(text.to_ascii_lowercase().find(OPENING)?);
        let inside = &opened[OPENING.len()..];
        let end = closing(inside)?;
        let rest = format!("{before} {}", &inside[end + 1..]);
        (!rest.trim().is_empty()).then(|| (rest, Some(inside[..end].trim().to_owned())))
    };
    split().unwrap_or_else(|| (text.to_owned(), None))
}

/// Where the parenthesis that is already open closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A heading as a label: lower case, dashes; `None` where it says nothing about what is below.
pub(super) fn label_from_heading(heading: &str) -> Option<String> {
    const LONGEST: usize = 40;
    const SAY_NOTHING: [&str; 22] = [
        "todo",
        "todos",
        "to-do",
        "to-dos",
        "task",
        "tasks",
        "task-list",
        "backlog",
        "list",
        "items",
        "open",
        "next",
        "now",
        "later",
        "doing",
        "in-progress",
        "in-review",
        "done",
        "completed",
        "finished",
        "cancelled",
        "closed",
    ];
    let words = heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.map(str::to_lowercase).collect::<Vec<_>>().join("-");
    let short: String = slug.chars().take(LONGEST).collect();
    let label = short.trim_end_matches('-');
    (!label.is_empty() && !SAY_NOTHING.contains(&label)).then(|| label.to_owned())
}
