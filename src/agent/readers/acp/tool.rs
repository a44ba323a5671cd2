//! A tool call, put together out of what the agent says about it piece by piece.

use crate::agent::event::AgentEvent;
use crate::agent::permission::Deed;
use crate::agent::protocol::field;
use crate::agent::readers::places::is_plain_file_of;
use crate::model::replay::unified_diff;
use agent_client_protocol::v1::schema::{
    ContentBlock, Diff, ToolCall, ToolCallContent, ToolCallStatus, ToolCallUpdateFields, ToolKind,
};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A change that is longer than this is named and not shown.
const LONGEST_DIFF: usize = 64 * 1024;

#[derive(Default)]
pub struct Tool {
    title: String,
    name: Option<String>,
    kind: ToolKind,
    /// The command or the path in its input.
    target: Option<String>,
    locations: Vec<PathBuf>,
    diffs: Vec<Diff>,
    output: Option<String>,
    pub is_started: bool,
}

/// What a piece of news says about how far the call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Its input is still being written.
    Prepared,
    Running,
    Ended {
        ok: bool,
    },
}

/// A whole tool call in the form of news about one.
pub fn fields_of(call: ToolCall) -> ToolCallUpdateFields {
    let mut fields = ToolCallUpdateFields::default();
    fields.kind = Some(call.kind);
    fields.status = Some(call.status);
    fields.title = Some(call.title);
    fields.name = call.name;
    fields.content = Some(call.content);
    fields.locations = Some(call.locations);
    fields.raw_input = call.raw_input;
    fields.raw_output = call.raw_output;
    fields
}

impl Tool {
    pub fn learn(&mut self, news: ToolCallUpdateFields) -> Progress {
        self.kind = news.kind.unwrap_or(self.kind);
        self.title = news.title.unwrap_or_else(|| std::mem::take(&mut self.title));
        self.name = news.name.or(self.name.take());
        self.target = news.raw_input.as_ref().and_then(target).or(self.target.take());
        if let Some(locations) = news.locations.filter(|locations| !locations.is_empty()) {
            self.locations = locations.into_iter().map(|location| location.path).collect();
        }
        if let Some(content) = news.content {
            self.learn_content(content);
        }
        if let Some(output) = news.raw_output.as_ref().and_then(said) {
            self.output = Some(output);
        }
        let has_input = news.raw_input.is_some_and(|input| says_something(&input));
        match news.status {
            Some(ToolCallStatus::Completed) => Progress::Ended { ok: true },
            Some(ToolCallStatus::Failed) => Progress::Ended { ok: false },
            Some(ToolCallStatus::InProgress) => Progress::Running,
            _ if has_input => Progress::Running,
            _ => Progress::Prepared,
        }
    }

    fn learn_content(&mut self, content: Vec<ToolCallContent>) {
        let mut diffs = Vec::new();
        for piece in content {
            match piece {
                ToolCallContent::Diff(diff) => diffs.push(diff),
                ToolCallContent::Content(content) => {
                    if let ContentBlock::Text(text) = content.content {
                        self.output = Some(field::shorten(text.text.trim_matches(['`', '\n', ' '])));
                    }
                }
                _ => {}
            }
        }
        if !diffs.is_empty() {
            self.diffs = diffs;
        }
    }

    /// What kind of tool it is, in one word.
    pub fn word(&self) -> String {
        self.name.clone().unwrap_or_else(|| kind_word(self.kind).to_owned())
    }

    pub fn summary(&self) -> String {
        let of_title = || {
            let title = self.title.trim();
            let title = self.name.as_deref().and_then(|name| title.strip_prefix(name)).unwrap_or(title);
            field::shorten(title.trim_start_matches([' ', ':']))
        };
        let of_location = || self.locations.first().map(|path| field::shorten(&path.to_string_lossy()));
        let title = Some(of_title()).filter(|title| !title.is_empty());
        self.target.clone().or(title).or_else(of_location).unwrap_or_default()
    }

    /// The beginning of the call, once.
    pub fn start(&mut self, id: &str) -> Option<AgentEvent> {
        if std::mem::replace(&mut self.is_started, true) {
            return None;
        }
        Some(AgentEvent::ToolStarted { id: Some(id.to_owned()), tool: Some(self.word()), summary: self.summary() })
    }

    pub fn end(mut self, id: String, ok: bool) -> Vec<AgentEvent> {
        let mut events: Vec<AgentEvent> = self.start(&id).into_iter().collect();
        if ok {
            events.extend(self.touched());
        }
        let output = self.output.take().filter(|_| !ok);
        let summary = output.unwrap_or_else(|| format!("{} {}", self.word(), self.summary()).trim().to_owned());
        events.push(AgentEvent::ToolEnded { id: Some(id), ok, summary });
        events
    }

    fn touched(&self) -> Vec<AgentEvent> {
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        let mut touched: Vec<AgentEvent> = (self.diffs.iter())
            .map(|diff| AgentEvent::FileTouched { path: shown(&diff.path), diff: diff_lines(diff) })
            .collect();
        if matches!(self.kind, ToolKind::Edit | ToolKind::Delete | ToolKind::Move) {
            let others = self.locations.iter().filter(|path| !self.diffs.iter().any(|diff| diff.path == **path));
            touched.extend(others.map(|path| AgentEvent::FileTouched { path: shown(path), diff: None }));
        }
        touched
    }

    /// What it would do if it were let. A file that nobody named may be any.
    pub fn deed(&self, worktree: &str) -> Deed {
        match self.kind {
            ToolKind::Read | ToolKind::Search | ToolKind::Fetch | ToolKind::Think => Deed::Read,
            ToolKind::Edit | ToolKind::Delete | ToolKind::Move => {
                let mut paths = self.locations.iter().chain(self.diffs.iter().map(|diff| &diff.path)).peekable();
                match paths.peek().is_some() && paths.all(|path| is_plain_file_of(worktree, &path.to_string_lossy())) {
                    true => Deed::Edit,
                    false => Deed::Execute,
                }
            }
            _ => Deed::Execute,
        }
    }
}

fn diff_lines(diff: &Diff) -> Option<String> {
    let old = diff.old_text.as_deref().unwrap_or_default();
    if old.len() + diff.new_text.len() > LONGEST_DIFF {
        return None;
    }
    Some(unified_diff(old, &diff.new_text)).filter(|lines| !lines.is_empty())
}

fn target(input: &Value) -> Option<String> {
    let known = [
        "command",
        "cmd",
        "file_path",
        "filePath",
        "absolute_path",
        "fileName",
        "filepath",
        "path",
        "pattern",
        "query",
        "url",
    ];
    known.iter().find_map(|key| field::text(input, &[key])).map(field::shorten)
}

/// Some agents know the folder before the command.
fn says_something(input: &Value) -> bool {
    input.as_object().is_some_and(|input| input.keys().any(|key| key != "cwd"))
}

/// The text in a tool's own answer.
fn said(output: &Value) -> Option<String> {
    let keys = ["message", "error", "stderr", "output"];
    let text = output.as_str().or_else(|| keys.iter().find_map(|key| field::text(output, &[key])));
    text.map(field::shorten).filter(|text| !text.is_empty())
}

fn kind_word(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Read => "read",
        ToolKind::Edit => "edit",
        ToolKind::Delete => "delete",
        ToolKind::Move => "move",
        ToolKind::Search => "search",
        ToolKind::Execute => "execute",
        ToolKind::Think => "think",
        ToolKind::Fetch => "fetch",
        ToolKind::SwitchMode => "switch mode",
        _ => "tool",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_without_a_path_is_as_good_as_a_command() {
        let deed = |kind: ToolKind, paths: &[&str]| {
            let locations = paths.iter().map(PathBuf::from).collect();
            Tool { kind, locations, ..Tool::default() }.deed("/w")
        };
        assert_eq!(deed(ToolKind::Edit, &["/w/a", "b"]), Deed::Edit);
        assert_eq!(deed(ToolKind::Edit, &["/w/a", "/etc/b"]), Deed::Execute);
        assert_eq!(deed(ToolKind::Edit, &[]), Deed::Execute);
        assert_eq!(deed(ToolKind::Other, &["/w/a"]), Deed::Execute);
        assert_eq!(deed(ToolKind::Search, &["/etc"]), Deed::Read);
    }
}
