//! Ideas: what an agent that looked around would change, each of which a person can make a task.

use super::spoken::objects_with;
use serde::Serialize;
use serde_json::{Map, Value};

/// The areas that an agent looks at, by the words that ideas name them with.
pub const CATEGORIES: [&str; 6] =
    ["code-improvement", "user-experience", "documentation", "security", "performance", "code-quality"];

const MOST: usize = 50;
/// Letters of one text.
const LONGEST: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Idea {
    pub title: String,
    /// One of [`CATEGORIES`]; code-improvement where the agent named another.
    pub category: &'static str,
    pub description: String,
    pub rationale: String,
    pub files: Vec<String>,
}

/// The ideas in what an agent said; none where there is no list of them.
pub fn parse_ideas(text: &str) -> Vec<Idea> {
    let objects = objects_with(text, "ideas");
    let listed = objects.last().and_then(|object| object.get("ideas")).and_then(Value::as_array);
    listed.into_iter().flatten().take(MOST).filter_map(|value| idea(value.as_object()?)).collect()
}

fn idea(object: &Map<String, Value>) -> Option<Idea> {
    let text = |name: &str| -> String {
        let text = object.get(name).and_then(Value::as_str).unwrap_or_default();
        text.trim().chars().take(LONGEST).collect()
    };
    let title: String = text("title").split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    let category = text("category").to_ascii_lowercase().replace(['_', ' '], "-");
    let category = CATEGORIES.into_iter().find(|known| category.trim_end_matches('s') == known.trim_end_matches('s'));
    let files = object.get("files").and_then(Value::as_array).into_iter().flatten();
    let files = files.filter_map(Value::as_str).map(|file| file.chars().take(200).collect()).take(20).collect();
    (!title.is_empty()).then(|| Idea {
        title,
        category: category.unwrap_or(CATEGORIES[0]),
        description: text("description"),
        rationale: text("rationale"),
        files,
    })
}

impl Idea {
    /// What a task is to be told of it.
    pub fn to_spec(&self) -> String {
        let mut spec = format!("{}\n", self.description);
        if !self.rationale.is_empty() {
            spec.push_str(&format!("\n## Why\n{}\n", self.rationale));
        }
        if !self.files.is_empty() {
            let files: String = self.files.iter().map(|file| format!("- {file}\n")).collect();
            spec.push_str(&format!("\n## Files to look at\n{files}"));
        }
        spec
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ideas_are_read_out_of_a_report() {
        let said = r#"I looked. {"ideas": [{"title": "Say  what\nfailed", "category": "user_experience", "description": "d",
            "rationale": "r", "files": ["a.rs", 7]}, {"title": ""}, "x", {"title": "Cache it", "category": "speed"}]} Bye."#;
        let ideas = parse_ideas(said);
        assert_eq!(ideas.len(), 2);
        assert_eq!((ideas[0].title.as_str(), ideas[0].category), ("Say what failed", "user-experience"));
        assert_eq!(ideas[0].to_spec(), "d\n\n## Why\nr\n\n## Files to look at\n- a.rs\n");
        assert_eq!(ideas[1].category, "code-improvement");
        assert!(parse_ideas("no ideas at all").is_empty());
    }
}
