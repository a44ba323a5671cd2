//! Codex's app server: JSON-RPC over stdin and stdout, without the `jsonrpc` member. It asks whether it may, people can
//! say something in the middle of a turn, and it ends when its stdin does.

use super::codex::{self, Items};
use super::places::is_plain_file_of;
use crate::agent::event::{AgentEvent, Cause, Scope};
use crate::agent::permission::{Deed, Permission};
use crate::agent::protocol::{Heard, Opening, Protocol, field};
use crate::model::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

const A_PERSON_WILL_ANSWER: &str = "A person was told the question and will answer it later, as a new message. End your \
     turn now: do nothing more until the answer is there.";

/// The code of JSON-RPC for a method that is not there.
const NO_SUCH_METHOD: i64 = -32_601;

/// More file changes at once are not remembered; a request about one is then refused below `full`.
const MOST_REMEMBERED: usize = 1_000;

pub struct CodexServer {
    start: Value,
    resumes: bool,
    effort: Option<String>,
    worktree: String,
    permission: Permission,
    items: Items,
    /// Where each change of files that is under way would write, all of it inside the worktree or not.
    changes: BTreeMap<String, (Value, bool)>,
    /// What we asked and are waiting to hear about.
    asked: BTreeMap<u64, Asked>,
    last_id: u64,
    thread: Option<String>,
    /// The turn that runs now.
    turn: Option<String>,
    /// What is to be said in a turn of its own.
    next: VecDeque<String>,
    is_over: bool,
}

enum Asked {
    Initialize,
    Thread,
    Turn,
    /// A word for the running turn; one that came too late begins another.
    Steer(String),
}

impl CodexServer {
    pub fn new(opening: &Opening<'_>) -> CodexServer {
        let (policy, sandbox) = match opening.permission {
            // What is not known to be harmless is asked about, and refused here.
            Permission::ReadOnly => ("untrusted", "read-only"),
            Permission::Edit => ("untrusted", "workspace-write"),
            Permission::Full => ("never", "danger-full-access"),
        };
        let mut start = json!({"cwd": opening.worktree, "approvalPolicy": policy, "sandbox": sandbox});
        if let Some(model) = opening.model {
            start["model"] = model.into();
        }
        if let Some(thread) = opening.resume {
            start["threadId"] = thread.into();
            start["excludeTurns"] = true.into();
        }
        CodexServer {
            start,
            resumes: opening.resume.is_some(),
            effort: opening.effort.map(str::to_owned),
            worktree: opening.worktree.to_owned(),
            permission: opening.permission,
            items: Items::default(),
            changes: BTreeMap::new(),
            asked: BTreeMap::new(),
            last_id: 0,
            thread: None,
            turn: None,
            next: VecDeque::from([opening.prompt.to_owned()]),
            is_over: false,
        }
    }

    fn ask(&mut self, method: &str, params: &Value, what: Asked, heard: &mut Heard) {
        self.last_id += 1;
        self.asked.insert(self.last_id, what);
        heard.send(&json!({"id": self.last_id, "method": method, "params": params}));
    }

    fn read_answer(&mut self, message: &Value, heard: &mut Heard) {
        let asked = field::number(message, &["id"]).and_then(|id| self.asked.remove(&id));
        let error = field::at(message, &["error"]);
        match (asked, error) {
            (Some(Asked::Initialize), None) => {
                heard.send(&json!({"method": "initialized"}));
                let method = if self.resumes { "thread/resume" } else { "thread/start" };
                let params = std::mem::take(&mut self.start);
                self.ask(method, &params, Asked::Thread, heard);
            }
            (Some(Asked::Thread), None) => self.begin_thread(&message["result"], heard),
            (Some(Asked::Turn), None) => {
                self.turn = field::text(message, &["result", "turn", "id"]).map(str::to_owned);
            }
            (Some(Asked::Steer(_)), None) => self.go_on(heard),
            (Some(Asked::Steer(text)), Some(_)) => {
                self.next.push_back(text);
                self.go_on(heard);
            }
            (Some(_), Some(error)) => {
                let text = field::text(error, &["message"]).unwrap_or("a request was refused").to_owned();
                heard.event(AgentEvent::Finished { ok: false, cause: Some(codex::cause_of(&text)), text });
                self.hang_up(heard);
            }
            (None, _) => heard.unknown("an answer to nothing"),
        }
    }

    fn begin_thread(&mut self, result: &Value, heard: &mut Heard) {
        let text = |path: &[&str]| field::text(result, path).map(str::to_owned);
        self.thread = text(&["thread", "id"]);
        if let Some(session) = self.thread.clone() {
            let version = text(&["thread", "cliVersion"]);
            heard.event(AgentEvent::SessionStarted { session, model: text(&["model"]), version });
        }
        self.go_on(heard);
    }

    /// Begins the next turn, or ends the conversation where there is nothing more to say.
    fn go_on(&mut self, heard: &mut Heard) {
        let is_busy = self.turn.is_some() || self.asked.values().any(|a| matches!(a, Asked::Steer(_) | Asked::Turn));
        if is_busy || self.is_over {
            return;
        }
        let Some(text) = self.next.pop_front() else { return self.hang_up(heard) };
        let mut params = json!({"threadId": self.thread, "input": input(&text)});
        if let Some(effort) = &self.effort {
            params["effort"] = effort.as_str().into();
        }
        self.ask("turn/start", &params, Asked::Turn, heard);
    }

    fn hang_up(&mut self, heard: &mut Heard) {
        self.is_over = true;
        heard.hang_up = true;
    }

    fn read_note(&mut self, method: &str, params: &Value, heard: &mut Heard) {
        // An agent of the agent's has a thread of its own, whose turns are not ours.
        let thread = field::text(params, &["threadId"]);
        if self.thread.as_deref().zip(thread).is_some_and(|(ours, theirs)| ours != theirs) {
            return;
        }
        let item = field::at(params, &["item"]).unwrap_or(&Value::Null);
        match method {
            "item/started" => {
                self.remember_change(item);
                self.items.begin(item, heard);
            }
            "item/completed" => {
                self.changes.remove(field::text(item, &["id"]).unwrap_or_default());
                self.items.end(item, heard);
            }
            "turn/started" => self.turn = field::text(params, &["turn", "id"]).map(str::to_owned),
            "turn/completed" => self.end_turn(params, heard),
            "thread/tokenUsage/updated" => {
                if let Some(total) = field::at(params, &["tokenUsage", "total"]) {
                    let names = ["inputTokens", "cachedInputTokens", "outputTokens"];
                    heard.event(AgentEvent::Used { usage: codex::usage_of(total, names), scope: Scope::Session });
                }
            }
            "account/rateLimits/updated" => read_rate_limits(params, heard),
            "error" => heard.event(trouble(params)),
            "warning" | "guardianWarning" | "configWarning" | "deprecationNotice" => {
                let text = ["message", "summary"].iter().find_map(|name| field::text(params, &[name]));
                heard.event(AgentEvent::Complaint { text: text.unwrap_or_default().to_owned() });
            }
            _ if is_silent(method) => {}
            other => heard.unknown(other),
        }
    }

    fn remember_change(&mut self, item: &Value) {
        let is_change = field::text(item, &["type"]) == Some("fileChange");
        if let Some(id) = field::text(item, &["id"]).filter(|_| is_change && self.changes.len() < MOST_REMEMBERED) {
            let mut paths = field::list(item, &["changes"]).map(|change| {
                let moved = field::text(change, &["kind", "move_path"]);
                field::text(change, &["path"]).into_iter().chain(moved).all(|p| is_plain_file_of(&self.worktree, p))
            });
            let is_plain = paths.all(|is_plain| is_plain);
            self.changes.insert(id.to_owned(), (item.clone(), is_plain));
        }
    }

    fn end_turn(&mut self, params: &Value, heard: &mut Heard) {
        self.turn = None;
        self.asked.retain(|_, asked| !matches!(asked, Asked::Turn));
        let text = field::text(params, &["turn", "error", "message"]).unwrap_or_default().to_owned();
        let (ok, cause) = match field::text(params, &["turn", "status"]) {
            Some("completed") => (true, None),
            Some("interrupted") => (false, Some(Cause::Aborted)),
            _ => (false, Some(cause_of(&params["turn"]["error"]))),
        };
        heard.event(AgentEvent::Finished { ok, cause, text });
        self.go_on(heard);
    }

    fn answer(&mut self, id: &Value, method: &str, params: &Value, heard: &mut Heard) {
        let item = field::text(params, &["itemId"]).unwrap_or_default();
        let result = match method {
            "item/commandExecution/requestApproval" => {
                let command = json!({"type": "commandExecution", "command": params.get("command")});
                decision(self.decide(item, &command, Deed::Execute, heard))
            }
            "item/fileChange/requestApproval" => {
                let (change, is_plain) = self.changes.get(item).cloned().unwrap_or_default();
                let deed = match is_plain && field::at(params, &["grantRoot"]).is_none() {
                    true => Deed::Edit,
                    false => Deed::Execute,
                };
                decision(self.decide(item, &change, deed, heard))
            }
            "item/permissions/requestApproval" => {
                let wanted = field::at(params, &["permissions"]).cloned().unwrap_or_else(|| json!({}));
                let what = json!({"type": "dynamicToolCall", "tool": "permissions", "arguments": wanted});
                let allowed = self.decide(item, &what, Deed::Execute, heard);
                json!({"permissions": if allowed { wanted } else { json!({}) }, "scope": "turn"})
            }
            "item/tool/requestUserInput" => {
                let mut answers = json!({});
                for question in field::list(params, &["questions"]) {
                    heard.event(codex::question_of(question));
                    let name = field::text(question, &["id"]).unwrap_or_default();
                    answers[name] = json!({"answers": [A_PERSON_WILL_ANSWER]});
                }
                json!({ "answers": answers })
            }
            "mcpServer/elicitation/request" => json!({"action": "decline"}),
            other => {
                heard.unknown(&format!("request {other}"));
                let error = json!({"code": NO_SUCH_METHOD, "message": "nobody is here to do that"});
                return heard.send(&json!({"id": id, "error": error}));
            }
        };
        heard.send(&json!({"id": id, "result": result}));
    }

    fn decide(&mut self, item: &str, what: &Value, deed: Deed, heard: &mut Heard) -> bool {
        let allowed = self.permission.allows(deed);
        self.items.asked(item);
        heard.event(codex::asked(what, allowed));
        allowed
    }
}

impl Protocol for CodexServer {
    fn begin(&mut self, heard: &mut Heard) {
        let client = json!({"name": "aifactory", "title": "aifactory", "version": "1"});
        self.ask("initialize", &json!({ "clientInfo": client }), Asked::Initialize, heard);
    }

    fn read(&mut self, line: &str, heard: &mut Heard) {
        let Some(message) = heard.parse(line) else { return };
        let params = field::at(&message, &["params"]).unwrap_or(&Value::Null);
        match (field::at(&message, &["id"]), field::text(&message, &["method"])) {
            (Some(id), Some(method)) => self.answer(id, method, params, heard),
            (None, Some(method)) => self.read_note(method, params, heard),
            (Some(_), None) => self.read_answer(&message, heard),
            (None, None) => heard.unknown("no method"),
        }
    }

    fn say(&mut self, text: &str, heard: &mut Heard) -> bool {
        let Some(turn) = self.turn.as_ref().filter(|_| !self.is_over) else { return false };
        let params = json!({"threadId": self.thread, "expectedTurnId": turn, "input": input(text)});
        self.ask("turn/steer", &params, Asked::Steer(text.to_owned()), heard);
        true
    }

    fn listens(&self) -> bool {
        true
    }
}

fn input(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}

fn decision(allowed: bool) -> Value {
    json!({"decision": if allowed { "accept" } else { "decline" }})
}

/// Pieces of what comes as a whole later, and news about the program itself.
fn is_silent(method: &str) -> bool {
    let kinds = ["item/", "thread/", "turn/", "hook/", "account/", "model/", "mcpServer/", "modelProvider/"];
    let others = ["serverRequest/resolved", "remoteControl/status/changed", "skills/changed", "app/list/updated"];
    kinds.iter().any(|kind| method.starts_with(kind)) || others.contains(&method)
}

/// A limit that is reached is over when the last of the windows that are used up begins anew.
fn read_rate_limits(params: &Value, heard: &mut Heard) {
    let Some(limits) = field::at(params, &["rateLimits"]) else { return };
    let Some(reached) = field::text(limits, &["rateLimitReachedType"]) else { return };
    let windows = ["primary", "secondary"].iter().filter_map(|name| field::at(limits, &[name]));
    let used_up = windows.filter(|window| field::number(window, &["usedPercent"]).is_some_and(|used| used >= 100));
    let over = used_up.filter_map(|window| field::number(window, &["resetsAt"])).max();
    let until = over.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)));
    heard.event(AgentEvent::RateLimit { until, text: reached.replace('_', " ") });
}

fn trouble(params: &Value) -> AgentEvent {
    let error = &params["error"];
    let text = field::text(error, &["message"]).unwrap_or_default();
    let cause = cause_of(error);
    let why = field::text(error, &["additionalDetails"]);
    match codex::trouble(text, cause) {
        AgentEvent::Error { .. } if field::flag(params, &["willRetry"]) == Some(true) => {
            AgentEvent::Retry { attempt: 0, most: None, wait_ms: None, cause, text: text.to_owned() }
        }
        AgentEvent::Retry { attempt, most, wait_ms, text, .. } => {
            let text = why.map_or(text, str::to_owned);
            AgentEvent::Retry { attempt, most, wait_ms, cause, text }
        }
        event => event,
    }
}

/// What its own word for the error says, then the status of the answer, then the message.
fn cause_of(error: &Value) -> Cause {
    let kind = field::at(error, &["codexErrorInfo"]);
    let status = kind.and_then(Value::as_object).and_then(|kind| kind.values().next());
    let status = status.and_then(|detail| field::number(detail, &["httpStatusCode"])).map(Cause::of_status);
    let of_kind = match kind.and_then(Value::as_str).unwrap_or_default() {
        "usageLimitExceeded" | "rateLimitExceeded" => Some(Cause::RateLimit),
        "sessionBudgetExceeded" => Some(Cause::Budget),
        "unauthorized" => Some(Cause::Authentication),
        "serverOverloaded" | "internalServerError" | "flexUnavailable" | "policyCapacityUnavailable" => {
            Some(Cause::Server)
        }
        "contextWindowExceeded" | "modelNotFound" | "badRequest" => Some(Cause::Request),
        _ => None,
    };
    let text = ["message", "additionalDetails"].map(|name| field::text(error, &[name]).unwrap_or_default()).join("\n");
    of_kind.or(status.filter(|cause| *cause != Cause::Other)).unwrap_or_else(|| codex::cause_of(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::reader::tests::opening;

    fn read(server: &mut CodexServer, message: &Value) -> Heard {
        let mut heard = Heard::default();
        server.read(&message.to_string(), &mut heard);
        heard
    }

    /// A server in the middle of its first turn.
    fn running(permission: Permission) -> CodexServer {
        let mut server = CodexServer::new(&Opening { permission, ..opening() });
        server.begin(&mut Heard::default());
        for result in [json!({}), json!({"thread": {"id": "t"}}), json!({"turn": {"id": "u"}})] {
            let id = server.last_id;
            read(&mut server, &json!({"id": id, "result": result}));
        }
        server
    }

    fn completed() -> Value {
        json!({"method": "turn/completed", "params": {"threadId": "t", "turn": {"id": "u", "status": "completed"}}})
    }

    fn change(path: &str) -> Value {
        let item = json!({"type": "fileChange", "id": "i", "changes": [{"path": path, "kind": {"type": "add"}}]});
        json!({"method": "item/started", "params": {"threadId": "t", "item": item}})
    }

    #[test]
    fn a_permission_decides_what_it_may_do() {
        let ask = |method: &str| json!({"id": "r", "method": method, "params": {"itemId": "i", "command": "make"}});
        let (command, file) = ("item/commandExecution/requestApproval", "item/fileChange/requestApproval");
        for (method, path, answers) in [
            (command, "/w/a.rs", ["decline", "decline", "accept"]),
            (file, "/w/a.rs", ["decline", "accept", "accept"]),
            (file, "/etc/passwd", ["decline", "decline", "accept"]),
        ] {
            let given = Permission::ALL.map(|permission| {
                let mut server = running(permission);
                read(&mut server, &change(path));
                let sent: Value = serde_json::from_str(&read(&mut server, &ask(method)).send[0]).unwrap();
                assert_eq!(sent["id"], "r");
                sent["result"]["decision"].as_str().unwrap().to_owned()
            });
            assert_eq!(given, answers, "{method} {path}");
        }
    }

    #[test]
    fn an_unknown_request_is_refused_and_a_question_is_for_a_person() {
        let mut server = running(Permission::Full);
        let heard = read(&mut server, &json!({"id": 9, "method": "attestation/generate", "params": {}}));
        assert!(heard.send[0].contains("-32601"), "{heard:?}");
        let question = json!({"id": "q", "question": "Which port?", "options": [{"label": "80"}]});
        let ask = json!({"id": 10, "method": "item/tool/requestUserInput", "params": {"questions": [question]}});
        let heard = read(&mut server, &ask);
        let expected = AgentEvent::Question { text: "Which port?".into(), choices: vec!["80".into()] };
        assert_eq!(heard.events, [expected]);
        assert!(heard.send[0].contains(r#""q":{"answers":["A person"#), "{heard:?}");
    }

    #[test]
    fn a_word_for_the_running_turn_holds_the_end_until_it_was_taken() {
        let mut server = running(Permission::Full);
        let mut heard = Heard::default();
        assert!(server.say("use port 80", &mut heard));
        assert!(heard.send[0].contains(r#""expectedTurnId":"u""#), "{heard:?}");
        assert!(!read(&mut server, &completed()).hang_up);
        let taken = json!({"id": server.last_id, "result": {"turnId": "u"}});
        assert!(read(&mut server, &taken).hang_up);
        assert!(!server.say("too late", &mut heard));
    }

    #[test]
    fn a_word_that_came_too_late_for_its_turn_begins_another() {
        let mut server = running(Permission::Full);
        assert!(server.say("use port 80", &mut Heard::default()));
        read(&mut server, &completed());
        let refused = json!({"id": server.last_id, "error": {"message": "no active turn"}});
        let heard = read(&mut server, &refused);
        assert!(!heard.hang_up && heard.send[0].contains("turn/start") && heard.send[0].contains("use port 80"));
        assert!(read(&mut server, &completed()).hang_up);
    }

    #[test]
    fn a_thread_that_cannot_be_had_is_the_end() {
        let mut server = CodexServer::new(&Opening { resume: Some("gone"), ..opening() });
        server.begin(&mut Heard::default());
        read(&mut server, &json!({"id": 1, "result": {}}));
        let heard = read(&mut server, &json!({"id": 2, "error": {"code": -32600, "message": "no rollout found"}}));
        assert!(heard.hang_up && matches!(heard.events[..], [AgentEvent::Finished { ok: false, .. }]), "{heard:?}");
    }

    #[test]
    fn what_an_agent_of_the_agent_does_ends_no_turn() {
        let mut server = running(Permission::Full);
        let mut other = completed();
        other["params"]["threadId"] = "another".into();
        let heard = read(&mut server, &other);
        assert!(!heard.hang_up && heard.events.is_empty(), "{heard:?}");
    }

    #[test]
    fn a_limit_that_is_reached_says_when_it_is_over() {
        let mut server = running(Permission::Full);
        let window = |used: u64, resets: u64| json!({"usedPercent": used, "resetsAt": resets});
        let limits = |reached: Value| {
            let limits = json!({"rateLimitReachedType": reached, "primary": window(100, 1_795_218_000), "secondary": window(40, 9)});
            json!({"method": "account/rateLimits/updated", "params": {"rateLimits": limits}})
        };
        let heard = read(&mut server, &limits("rate_limit_reached".into()));
        let until = Some(Timestamp::from_millis(1_795_218_000_000));
        assert_eq!(heard.events, [AgentEvent::RateLimit { until, text: "rate limit reached".into() }]);
        assert!(read(&mut server, &limits(Value::Null)).events.is_empty());
    }

    #[test]
    fn the_word_for_an_error_counts_before_its_message() {
        for (error, cause) in [
            (json!({"message": "x", "codexErrorInfo": "usageLimitExceeded"}), Cause::RateLimit),
            (
                json!({"message": "x", "codexErrorInfo": {"responseTooManyFailedAttempts": {"httpStatusCode": 401}}}),
                Cause::Authentication,
            ),
            (json!({"message": "last status: 429", "codexErrorInfo": "other"}), Cause::RateLimit),
            (Value::Null, Cause::Other),
        ] {
            assert_eq!(cause_of(&error), cause, "{error}");
        }
    }
}
