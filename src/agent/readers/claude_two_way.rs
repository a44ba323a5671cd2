//! Claude Code as a conversation: it asks whether it may, people can say something meanwhile, and it ends when it is told
//! that nothing more will come.
//!
//! What a person says during a turn is read in the middle of it and has no turn of its own; said between two turns it
//! begins one. So turns cannot be counted. Each word carries an id, and the program says when it has taken it up.

use super::calls::written_path;
use super::claude::Stream;
use super::places::is_plain_file_of;
use crate::agent::event::AgentEvent;
use crate::agent::permission::{Deed, Permission};
use crate::agent::protocol::{Heard, Opening, Protocol, field};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Tools that only look, or that only ask others which ask in turn.
const LOOKS: [&str; 20] = [
    "Read",
    "Glob",
    "Grep",
    "LS",
    "NotebookRead",
    "TodoRead",
    "TodoWrite",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskUpdate",
    "TaskOutput",
    "Task",
    "Agent",
    "ToolSearch",
    "ListAgents",
    "ListMcpResourcesTool",
    "EnterPlanMode",
    "ExitPlanMode",
    "ReportFindings",
];

const A_PERSON_WILL_ANSWER: &str = "A person was told your question and will answer it later, as a new message in this \
     conversation. End your turn now: do nothing more until the answer is there.";

pub struct ClaudeTwoWay {
    stream: Stream,
    prompt: String,
    worktree: String,
    permission: Permission,
    words: Words,
    is_over: bool,
}

/// What people said that has not been taken up.
#[derive(Default)]
struct Words {
    /// An id of the program's own; ours are made of it, so that they are never those of an earlier run.
    seed: Option<String>,
    said: u64,
    waiting: BTreeSet<String>,
}

impl ClaudeTwoWay {
    pub fn new(opening: &Opening<'_>) -> ClaudeTwoWay {
        ClaudeTwoWay {
            stream: Stream::default(),
            prompt: opening.prompt.to_owned(),
            worktree: opening.worktree.to_owned(),
            permission: opening.permission,
            words: Words::default(),
            is_over: false,
        }
    }

    fn answer_request(&mut self, message: &Value, heard: &mut Heard) {
        let id = field::text(message, &["request_id"]).unwrap_or_default();
        let answer = match field::text(message, &["request", "subtype"]).unwrap_or_default() {
            "can_use_tool" => {
                let answer = self.decide(&message["request"], heard);
                json!({"subtype": "success", "request_id": id, "response": answer})
            }
            // Whatever it is: an answer is better than waiting for one.
            other => {
                heard.unknown(&format!("control_request {other}"));
                json!({"subtype": "error", "request_id": id, "error": "nobody is here to do that"})
            }
        };
        heard.send(&json!({"type": "control_response", "response": answer}));
    }

    fn decide(&mut self, request: &Value, heard: &mut Heard) -> Value {
        let tool = field::text(request, &["tool_name"]).unwrap_or_default();
        let input = field::at(request, &["input"]).cloned().unwrap_or_else(|| json!({}));
        if let Some(id) = field::text(request, &["tool_use_id"]) {
            self.stream.calls.settle(id);
        }
        if tool == "AskUserQuestion" {
            heard.event(question_of(&input));
            return json!({"behavior": "deny", "message": A_PERSON_WILL_ANSWER});
        }
        let allowed = self.permission.allows(deed_of(tool, &input, &self.worktree));
        let summary = field::tool_input(&input);
        heard.event(AgentEvent::PermissionAsked { tool: tool.to_owned(), summary, allowed });
        match allowed {
            true => json!({"behavior": "allow", "updatedInput": input}),
            false => json!({"behavior": "deny", "message": self.permission.refusal()}),
        }
    }

    fn tell(&mut self, text: &str, id: Option<String>, heard: &mut Heard) {
        let content = json!([{"type": "text", "text": text}]);
        let mut message = json!({"type": "user", "message": {"role": "user", "content": content}});
        if let Some(id) = id {
            message["uuid"] = id.into();
        }
        heard.send(&message);
    }
}

impl Protocol for ClaudeTwoWay {
    fn begin(&mut self, heard: &mut Heard) {
        let hello = json!({"subtype": "initialize"});
        heard.send(&json!({"type": "control_request", "request_id": "aifactory", "request": hello}));
        let prompt = std::mem::take(&mut self.prompt);
        self.tell(&prompt, None, heard);
    }

    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(message) = heard.parse(line) else { return };
        match field::text(&message, &["type"]).unwrap_or_default() {
            "control_request" => self.answer_request(&message, heard),
            "control_response" => {
                if let Some(error) = field::text(&message, &["response", "error"]) {
                    heard.event(AgentEvent::error(error));
                }
            }
            // Every request is answered at once: there is nothing to take back.
            "control_cancel_request" => {}
            kind => {
                self.words.follow(kind, &message);
                self.stream.read(&message, heard);
                if kind == "result" && self.words.waiting.is_empty() {
                    self.is_over = true;
                    heard.hang_up = true;
                }
            }
        }
    }

    fn say(&mut self, text: &str, heard: &mut Heard) -> bool {
        // Before its first line the program has not taken up the prompt.
        if self.is_over || self.words.seed.is_none() {
            return false;
        }
        let id = self.words.next();
        self.tell(text, Some(id), heard);
        true
    }

    fn listens(&self) -> bool {
        true
    }
}

impl Words {
    fn next(&mut self) -> String {
        self.said += 1;
        let seed = self.seed.as_deref().unwrap_or_default();
        let id = format!("{}{:012x}", seed.get(..24).unwrap_or_default(), self.said);
        self.waiting.insert(id.clone());
        id
    }

    fn follow(&mut self, kind: &str, message: &Value) {
        match kind {
            "system" if field::text(message, &["subtype"]) == Some("init") => {
                let tells = field::list(message, &["capabilities"]).any(|word| word == "msg_lifecycle_v1");
                let seed = field::text(message, &["uuid"]).filter(|id| tells && id.len() == 36 && id.is_ascii());
                if self.seed.is_none() {
                    self.seed = seed.map(str::to_owned);
                }
            }
            "command_lifecycle" if field::text(message, &["state"]) != Some("queued") => {
                self.waiting.remove(field::text(message, &["command_uuid"]).unwrap_or_default());
            }
            _ => {}
        }
    }
}

fn deed_of(tool: &str, input: &Value, worktree: &str) -> Deed {
    match written_path(tool, input) {
        Some(path) if is_plain_file_of(worktree, path) => Deed::Edit,
        None if LOOKS.contains(&tool) => Deed::Read,
        _ => Deed::Execute,
    }
}

/// One question with its choices; several in one text, because an answer is one text, too.
fn question_of(input: &Value) -> AgentEvent {
    let labels = |question: &Value| -> Vec<String> {
        field::list(question, &["options"]).filter_map(|o| field::text(o, &["label"])).map(str::to_owned).collect()
    };
    let questions: Vec<&Value> = field::list(input, &["questions"]).collect();
    let text_of = |question: &Value| field::text(question, &["question"]).unwrap_or_default().to_owned();
    if let [question] = questions[..] {
        return AgentEvent::Question { text: text_of(question), choices: labels(question) };
    }
    let with_labels = |question: &&Value| format!("{} ({})", text_of(question), labels(question).join(", "));
    let text = questions.iter().map(with_labels).collect::<Vec<_>>().join("\n");
    AgentEvent::Question { text, choices: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::reader::tests::opening;

    fn claude(permission: Permission) -> ClaudeTwoWay {
        ClaudeTwoWay::new(&Opening { permission, ..opening() })
    }

    fn read(claude: &mut ClaudeTwoWay, message: &Value) -> Heard {
        let mut heard = Heard::default();
        claude.read(&message.to_string(), &mut heard);
        heard
    }

    fn ask(permission: Permission, tool: &str, input: &Value) -> String {
        let request = json!({"subtype": "can_use_tool", "tool_name": tool, "input": input, "tool_use_id": "t"});
        let message = json!({"type": "control_request", "request_id": "1", "request": request});
        let sent = read(&mut claude(permission), &message).send.remove(0);
        let sent: Value = serde_json::from_str(&sent).unwrap();
        field::text(&sent, &["response", "response", "behavior"]).unwrap().to_owned()
    }

    #[test]
    fn a_permission_decides_what_a_tool_may_do() {
        let file = |path: &str| json!({ "file_path": path });
        for (tool, input, answers) in [
            ("Read", file("/etc/passwd"), ["allow", "allow", "allow"]),
            ("Write", file("/w/a.rs"), ["deny", "allow", "allow"]),
            ("Edit", file("/w/../x"), ["deny", "deny", "allow"]),
            ("Write", file("/w/.git"), ["deny", "deny", "allow"]),
            ("Write", json!({}), ["deny", "deny", "allow"]),
            ("NotebookEdit", json!({"notebook_path": "/w/a.ipynb"}), ["deny", "allow", "allow"]),
            ("Bash", json!({"command": "ls"}), ["deny", "deny", "allow"]),
            ("mcp__db__drop", json!({}), ["deny", "deny", "allow"]),
        ] {
            assert_eq!(Permission::ALL.map(|permission| ask(permission, tool, &input)), answers, "{tool} {input}");
        }
    }

    #[test]
    fn an_unknown_request_gets_an_answer() {
        let message = json!({"type": "control_request", "request_id": "7", "request": {"subtype": "hook_callback"}});
        let heard = read(&mut claude(Permission::Full), &message);
        assert!(heard.send[0].contains(r#""request_id":"7""#) && heard.send[0].contains(r#""subtype":"error""#));
    }

    const SEED: &str = "f76fd02e-550a-47e6-94ac-345e2a8aa8e2";

    fn started(capabilities: &[&str]) -> ClaudeTwoWay {
        let mut claude = claude(Permission::Full);
        let init =
            json!({"type": "system", "subtype": "init", "session_id": "s", "uuid": SEED, "capabilities": capabilities});
        read(&mut claude, &init);
        claude
    }

    fn lifecycle(state: &str) -> Value {
        let id = "f76fd02e-550a-47e6-94ac-000000000001";
        json!({"type": "command_lifecycle", "command_uuid": id, "state": state})
    }

    #[test]
    fn it_is_told_the_end_after_a_turn_unless_a_word_waits() {
        let result = json!({"type": "result", "is_error": false, "result": "done"});
        let mut claude = started(&["msg_lifecycle_v1"]);
        let mut heard = Heard::default();
        assert!(claude.say("use port 80", &mut heard));
        read(&mut claude, &lifecycle("queued"));
        assert!(!read(&mut claude, &result).hang_up, "the word is still to be heard");
        read(&mut claude, &lifecycle("started"));
        assert!(read(&mut claude, &result).hang_up);
        assert!(!claude.say("too late", &mut heard));
    }

    #[test]
    fn a_word_that_was_taken_up_in_the_middle_of_a_turn_has_no_turn_of_its_own() {
        let mut claude = started(&["msg_lifecycle_v1"]);
        assert!(claude.say("use port 80", &mut Heard::default()));
        read(&mut claude, &lifecycle("started"));
        assert!(read(&mut claude, &json!({"type": "result", "is_error": false})).hang_up);
    }

    #[test]
    fn a_version_that_does_not_say_what_it_took_up_is_not_told_anything() {
        assert!(!started(&[]).say("use port 80", &mut Heard::default()));
    }

    #[test]
    fn several_questions_become_one() {
        let question = |text: &str| json!({"question": text, "options": [{"label": "a"}, {"label": "b"}]});
        let input = json!({"questions": [question("One?"), question("Two?")]});
        assert_eq!(
            question_of(&input),
            AgentEvent::Question { text: "One? (a, b)\nTwo? (a, b)".into(), choices: Vec::new() }
        );
    }
}
