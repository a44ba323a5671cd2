use crate::agent::event::{AgentEvent, Cause};
use crate::agent::permission::Permission;
use crate::agent::protocol::{Heard, Opening};
use crate::agent::reader::{Reader, tests::opening};
use crate::agent::readers::ReaderKind;
use crate::process::Line;
use serde_json::{Value, json};

fn reader(opening: &Opening<'_>) -> Reader {
    let mut reader = Reader::new(ReaderKind::find("acp").unwrap(), opening);
    reader.begin();
    reader
}

fn hear(reader: &mut Reader, message: &Value) -> Heard {
    reader.read(&Line::Stdout(&message.to_string()))
}

fn answer(reader: &mut Reader, id: u64, result: &Value) -> Heard {
    hear(reader, &json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

fn greeted(reader: &mut Reader) -> Heard {
    let login = json!({ "id": "key", "name": "Use a key" });
    answer(reader, 1, &json!({ "protocolVersion": 1, "agentCapabilities": {}, "authMethods": [login] }))
}

/// The methods of what was sent, or what was answered.
fn sent(heard: &Heard) -> Vec<String> {
    let describe = |line: &String| {
        let message: Value = serde_json::from_str(line).unwrap();
        match message["method"].as_str() {
            Some(method) => method.to_owned(),
            None => message.get("result").or(message.get("error")).unwrap().to_string(),
        }
    };
    heard.send.iter().map(describe).collect()
}

fn prompted(permission: Permission) -> Reader {
    let mut reader = reader(&Opening { permission, ..opening() });
    greeted(&mut reader);
    assert_eq!(sent(&answer(&mut reader, 2, &json!({ "sessionId": "s" }))), ["session/prompt"]);
    reader
}

fn asked(reader: &mut Reader, kind: &str, path: &str, options: &Value) -> Heard {
    let call = json!({ "toolCallId": "t", "kind": kind, "title": "It", "locations": [{ "path": path }] });
    let params = json!({ "sessionId": "s", "toolCall": call, "options": options });
    hear(reader, &json!({ "jsonrpc": "2.0", "id": "q", "method": "session/request_permission", "params": params }))
}

fn options(kinds: &[&str]) -> Value {
    kinds.iter().map(|kind| json!({ "optionId": kind, "name": kind, "kind": kind })).collect()
}

#[test]
fn mode_model_and_effort_are_set_one_after_the_other_before_the_prompt() {
    let wished = Opening { mode: Some("careful"), model: Some("Big"), effort: Some("high"), ..opening() };
    let mut reader = reader(&wished);
    assert_eq!(sent(&greeted(&mut reader)), ["session/new"]);
    let select = |id: &str, category: &str, values: &[&str]| {
        let options: Vec<Value> = values.iter().map(|value| json!({ "value": value, "name": value })).collect();
        json!({ "id": id, "name": id, "category": category, "type": "select", "currentValue": values[0], "options": options })
    };
    let modes = json!({ "currentModeId": "free", "availableModes": [{ "id": "careful", "name": "Careful" }] });
    let models = select("model", "model", &["small", "big"]);
    let begun = answer(&mut reader, 2, &json!({ "sessionId": "s", "modes": modes, "configOptions": [models] }));
    assert_eq!(sent(&begun), ["session/set_mode"]);
    assert_eq!(sent(&answer(&mut reader, 3, &json!({}))), ["session/set_config_option"]);
    // Which efforts there are depends on the model.
    let of_big = [select("model", "model", &["big", "small"]), select("thinking", "x", &["low", "high"])];
    let set = answer(&mut reader, 4, &json!({ "configOptions": of_big }));
    assert!(set.send[0].contains(r#""configId":"thinking","value":"high""#), "{}", set.send[0]);
    let ready = answer(&mut reader, 5, &json!({}));
    assert_eq!(sent(&ready), ["session/prompt"]);
    assert_eq!(reader.account.model.as_deref(), Some("big"));
}

#[test]
fn a_mode_that_is_not_there_ends_the_run_before_the_prompt() {
    let mut reader = reader(&Opening { mode: Some("careful"), ..opening() });
    greeted(&mut reader);
    let heard = answer(&mut reader, 2, &json!({ "sessionId": "s" }));
    assert!(heard.hang_up && heard.send.is_empty());
    let word = reader.account.finished.unwrap();
    assert_eq!(word.text, "the mode `careful` is not known to the agent; it offers: nothing");
}

#[test]
fn a_person_s_words_are_the_next_prompt() {
    let mut reader = prompted(Permission::Full);
    assert!(reader.say("use ink").is_some() && reader.say("and paper").is_some());
    let heard = answer(&mut reader, 3, &json!({ "stopReason": "end_turn" }));
    assert!(heard.send[0].contains(r#"[{"type":"text","text":"use ink"},{"type":"text","text":"and paper"}]"#));
    assert!(!heard.hang_up && reader.account.finished.is_none());
    assert!(answer(&mut reader, 4, &json!({ "stopReason": "end_turn" })).hang_up);
    assert!(reader.account.finished.as_ref().unwrap().ok && reader.say("too late").is_none());
}

#[test]
fn every_end_but_a_good_one_is_a_failure_with_its_cause() {
    for (reason, cause) in [
        ("refusal", Cause::Request),
        ("max_tokens", Cause::Request),
        ("max_turn_requests", Cause::Budget),
        ("cancelled", Cause::Aborted),
        ("no such reason", Cause::Other),
    ] {
        let mut reader = prompted(Permission::Full);
        assert!(answer(&mut reader, 3, &json!({ "stopReason": reason })).hang_up);
        let word = reader.account.finished.unwrap();
        assert_eq!((word.ok, word.cause), (false, Some(cause)), "{reason}");
    }
}

#[test]
fn who_is_not_logged_in_is_told_the_ways() {
    let mut reader = reader(&opening());
    greeted(&mut reader);
    let error = json!({ "code": -32000, "message": "Authentication required" });
    let heard = hear(&mut reader, &json!({ "jsonrpc": "2.0", "id": 2, "error": error }));
    let text = "no conversation can be begun: Authentication required (it offers: Use a key)".to_owned();
    assert_eq!(heard.events, [AgentEvent::Finished { ok: false, cause: Some(Cause::Authentication), text }]);
}

#[test]
fn a_conversation_is_taken_up_in_the_way_the_agent_has() {
    for (capabilities, method) in [
        (json!({ "loadSession": true, "sessionCapabilities": { "resume": {} } }), Some("session/load")),
        (json!({ "sessionCapabilities": { "resume": {} } }), Some("session/resume")),
        (json!({}), None),
    ] {
        let mut reader = reader(&Opening { resume: Some("s"), ..opening() });
        let heard = answer(&mut reader, 1, &json!({ "protocolVersion": 1, "agentCapabilities": capabilities }));
        assert_eq!(sent(&heard).first().map(String::as_str), method);
        assert_eq!(heard.hang_up, method.is_none());
    }
}

#[test]
fn a_permission_is_given_for_once_and_only_for_what_it_covers() {
    let all = options(&["allow_always", "allow_once", "reject_once"]);
    let chosen = |permission: Permission, kind: &str, path: &str| {
        let mut reader = prompted(permission);
        let sent = sent(&asked(&mut reader, kind, path, &all)).concat();
        ["allow_always", "allow_once", "reject_once"].into_iter().find(|option| sent.contains(option)).unwrap()
    };
    assert_eq!(chosen(Permission::ReadOnly, "read", "/etc/x"), "allow_once");
    assert_eq!(chosen(Permission::ReadOnly, "edit", "/w/a"), "reject_once");
    assert_eq!(chosen(Permission::Edit, "edit", "/w/a"), "allow_once");
    assert_eq!(chosen(Permission::Edit, "edit", "/w/../a"), "reject_once");
    assert_eq!(chosen(Permission::Edit, "execute", "/w/a"), "reject_once");
    assert_eq!(chosen(Permission::Full, "execute", "/w/a"), "allow_once");
}

#[test]
fn a_request_without_a_fitting_answer_is_cancelled_and_counts_as_denied() {
    let cancelled = r#"{"outcome":{"outcome":"cancelled"}}"#;
    for options in [json!([]), options(&["allow_always"]), options(&["reject_once", "future"])] {
        let mut reader = prompted(Permission::Edit);
        let heard = asked(&mut reader, "edit", "/w/a", &options);
        let is_readable = !options.to_string().contains("future");
        assert_eq!(sent(&heard)[0] == cancelled, is_readable, "{:?}", heard.send);
        assert_eq!(reader.account.denied.len(), usize::from(is_readable));
    }
}

#[test]
fn a_question_is_passed_on_and_not_answered() {
    let mut reader = prompted(Permission::Full);
    let port = json!({ "type": "string", "enum": ["80", "81"] });
    let params = json!({ "sessionId": "s", "mode": "form", "message": "Which port?",
        "requestedSchema": { "type": "object", "properties": { "port": port } } });
    let heard =
        hear(&mut reader, &json!({ "jsonrpc": "2.0", "id": 7, "method": "elicitation/create", "params": params }));
    let choices = vec!["80".to_owned(), "81".to_owned()];
    assert_eq!(heard.events, [AgentEvent::Question { text: "Which port?".to_owned(), choices }]);
    assert_eq!(sent(&heard), [r#"{"action":"cancel"}"#]);
}

#[test]
fn what_an_editor_would_do_is_refused() {
    let mut reader = prompted(Permission::Full);
    for method in ["fs/read_text_file", "fs/write_text_file", "terminal/create", "craft/drainMidTurnQueue"] {
        let heard = hear(&mut reader, &json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": {} }));
        assert!(sent(&heard)[0].contains("-32601"), "{:?}", heard.send);
    }
}

#[test]
fn news_of_other_conversations_and_of_calls_that_are_over_are_not_ours() {
    let mut reader = prompted(Permission::Full);
    let mut news = |session: &str, update: Value| {
        let params = json!({ "sessionId": session, "update": update });
        hear(&mut reader, &json!({ "jsonrpc": "2.0", "method": "session/update", "params": params })).events.len()
    };
    let call =
        |status: &str| json!({ "sessionUpdate": "tool_call", "toolCallId": "t", "title": "x", "status": status });
    let more = || json!({ "sessionUpdate": "tool_call_update", "toolCallId": "t", "rawInput": { "path": "x" } });
    assert_eq!(news("other", call("completed")), 0);
    assert_eq!(news("s", call("in_progress")), 1);
    assert_eq!(news("s", call("completed")), 1);
    assert_eq!(news("s", more()), 0);
    assert_eq!(news("s", json!({ "sessionUpdate": "from the future" })), 1);
}

#[test]
fn a_handshake_begins_a_conversation_and_knows_what_can_be_chosen() {
    let mut shake = Reader::of(ReaderKind::find("acp").unwrap().handshake("/w").unwrap(), "/w");
    shake.begin();
    let lines = include_str!("../../../../tests/fixtures/agents/acp-claude/ok.jsonl").lines();
    let heard: Vec<Heard> = lines.take(3).map(|line| shake.read(&Line::Stdout(line))).collect();
    assert!(heard.last().unwrap().hang_up && heard.iter().all(|heard| !sent(heard).contains(&"session/prompt".into())));
    assert!(shake.account.finished.as_ref().unwrap().ok);
    let catalog = shake.catalog().unwrap();
    assert_eq!((catalog.name.as_deref(), catalog.version.as_deref()), (Some("Claude Agent"), Some("0.100.0")));
    let ids = |listed: &[crate::agent::Listed]| listed.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&catalog.models), ["default", "opus", "fable", "sonnet", "haiku"]);
    assert_eq!(ids(&catalog.modes), ["default", "acceptEdits", "plan", "auto", "bypassPermissions"]);
    let efforts = &catalog.setting(|setting| setting.id == "effort").unwrap().values;
    assert_eq!(ids(efforts), ["default", "low", "medium", "high", "xhigh", "max"]);
    assert!(catalog.can_load && catalog.can_resume && catalog.logins.is_empty());
}
