//! The scripted model server that the tests with real agents talk to, as its clients see it: bytes on a connection.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open connections")]

mod common;

use common::model::{Dialect, Fault, ModelServer, Script, Turn};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const DIALECTS: [Dialect; 4] = [Dialect::Anthropic, Dialect::Chat, Dialect::Responses, Dialect::Gemini];
const FOLDER: &str = "/scratch/repo";

/// What came back, with the chunks of a stream put together.
struct Got {
    code: u16,
    head: String,
    body: String,
    /// The answer came to an end as its head promised.
    is_whole: bool,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The data of a stream's events.
    fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

fn send(server: &ModelServer, target: &str, key: &str, body: &Value) -> TcpStream {
    let body = body.to_string();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
    stream
}

fn receive(mut stream: TcpStream) -> Got {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, rest) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    let (body, is_whole) = match head.contains("Transfer-Encoding: chunked") {
        true => unchunked(rest),
        false => (rest.to_owned(), head.contains(&format!("Content-Length: {}", rest.len()))),
    };
    Got { code, head: head.to_owned(), body, is_whole }
}

fn unchunked(mut rest: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return (body, true);
        }
        body.push_str(&after[..length]);
        rest = &after[length + 2..];
    }
    (body, false)
}

/// A call that offers tools for commands and, unless `only_commands`, for files; after so many turns of the model.
fn call(dialect: Dialect, turns: usize, only_commands: bool, is_streamed: bool) -> (&'static str, Value) {
    let string = json!({"type": "string"});
    let write = json!({"type": "object", "properties": {"file_path": string, "content": string},
        "required": ["file_path", "content"]});
    let shell = json!({"type": "object", "properties": {"command": string, "description": string},
        "required": ["command", "description"]});
    let mut tools = vec![("Bash", shell)];
    if !only_commands {
        tools.push(("Write", write));
    }
    let tools: Vec<Value> = tools
        .into_iter()
        .map(|(name, schema)| match dialect {
            Dialect::Anthropic => json!({"name": name, "input_schema": schema}),
            Dialect::Chat => json!({"type": "function", "function": {"name": name, "parameters": schema}}),
            Dialect::Responses => json!({"type": "function", "name": name, "parameters": schema}),
            Dialect::Gemini => json!({"name": name, "parametersJsonSchema": schema}),
        })
        .collect();
    let mut said = Vec::new();
    for turn in 0..=turns {
        let text = format!("Working directory: {FOLDER}\nword {turn}");
        match dialect {
            Dialect::Gemini => said.push(json!({"role": "user", "parts": [{"text": text}]})),
            _ => said.push(json!({"role": "user", "content": text})),
        }
        if turn < turns {
            match dialect {
                Dialect::Gemini => said.push(json!({"role": "model", "parts": [{"text": "yes"}]})),
                Dialect::Responses => {
                    said.push(json!({"role": "assistant", "content": "yes"}));
                    said.push(json!({"type": "function_call", "name": "Bash"}));
                }
                _ => said.push(json!({"role": "assistant", "content": "yes"})),
            }
        }
    }
    match (dialect, is_streamed) {
        (Dialect::Anthropic, _) => {
            ("/v1/messages?beta=true", json!({"model": "m", "stream": is_streamed, "tools": tools, "messages": said}))
        }
        (Dialect::Chat, _) => {
            ("/v1/chat/completions", json!({"model": "m", "stream": is_streamed, "tools": tools, "messages": said}))
        }
        (Dialect::Responses, _) => {
            ("/v1/responses", json!({"model": "m", "stream": is_streamed, "tools": tools, "input": said}))
        }
        (Dialect::Gemini, true) => (
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            json!({"tools": [{"functionDeclarations": tools}], "contents": said}),
        ),
        (Dialect::Gemini, false) => {
            ("/v1beta/models/m:generateContent", json!({"tools": [{"functionDeclarations": tools}], "contents": said}))
        }
    }
}

fn ask(server: &ModelServer, dialect: Dialect, turns: usize) -> Got {
    let (path, body) = call(dialect, turns, false, true);
    receive(send(server, &format!("/s/x{path}"), "k", &body))
}

fn playing(script: Script) -> ModelServer {
    let server = ModelServer::start();
    server.play("x", script);
    server
}

fn writing() -> Turn {
    Turn::say("I will write the file, and then look at it.")
        .think("Hm.")
        .write("hello.txt", "it's\n")
        .tokens(1200, 300, 40)
}

/// Text, tool, its input, and tokens as (input without the cached ones, cached, output).
type Said = (String, String, Value, (u64, u64, u64));

/// Puts a stream together as a client does.
fn heard(dialect: Dialect, events: &[Value]) -> Said {
    let (mut text, mut tool, mut input, mut usage) = (String::new(), String::new(), String::new(), Value::Null);
    let add = |to: &mut String, part: &Value| to.push_str(part.as_str().unwrap_or_default());
    for event in events {
        match dialect {
            Dialect::Anthropic => {
                add(&mut text, &event["delta"]["text"]);
                add(&mut tool, &event["content_block"]["name"]);
                add(&mut input, &event["delta"]["partial_json"]);
                if event["type"] == "message_delta" {
                    usage = event["usage"].clone();
                }
            }
            Dialect::Chat => {
                let delta = &event["choices"][0]["delta"];
                add(&mut text, &delta["content"]);
                add(&mut tool, &delta["tool_calls"][0]["function"]["name"]);
                add(&mut input, &delta["tool_calls"][0]["function"]["arguments"]);
                usage = event["usage"].clone();
            }
            Dialect::Responses => {
                match event["type"].as_str().unwrap() {
                    "response.output_text.delta" => add(&mut text, &event["delta"]),
                    "response.function_call_arguments.delta" => add(&mut input, &event["delta"]),
                    "response.output_item.added" => add(&mut tool, &event["item"]["name"]),
                    _ => {}
                }
                usage = event["response"]["usage"].clone();
            }
            Dialect::Gemini => {
                let part = &event["candidates"][0]["content"]["parts"][0];
                add(&mut text, &part["text"]);
                add(&mut tool, &part["functionCall"]["name"]);
                if part["functionCall"].is_object() {
                    input = part["functionCall"]["args"].to_string();
                }
                usage = event["usageMetadata"].clone();
            }
        }
    }
    let input = if input.is_empty() { Value::Null } else { serde_json::from_str(&input).unwrap() };
    (text, tool, input, tokens(dialect, &usage))
}

fn tokens(dialect: Dialect, usage: &Value) -> (u64, u64, u64) {
    let (all, cached, output) = match dialect {
        Dialect::Anthropic => ("/input_tokens", "/cache_read_input_tokens", "/output_tokens"),
        Dialect::Chat => ("/prompt_tokens", "/prompt_tokens_details/cached_tokens", "/completion_tokens"),
        Dialect::Responses => ("/input_tokens", "/input_tokens_details/cached_tokens", "/output_tokens"),
        Dialect::Gemini => ("/promptTokenCount", "/cachedContentTokenCount", "/candidatesTokenCount"),
    };
    let number = |at: &str| usage.pointer(at).and_then(Value::as_u64).unwrap_or_else(|| panic!("{at} in {usage}"));
    let of_cache = if dialect == Dialect::Anthropic { 0 } else { number(cached) };
    (number(all) - of_cache, number(cached), number(output))
}

#[test]
fn every_protocol_streams_text_a_tool_call_and_tokens() {
    for dialect in DIALECTS {
        let server = playing(Script::new([writing()]));
        let got = ask(&server, dialect, 0);
        assert_eq!((got.code, got.is_whole), (200, true), "{dialect:?}");
        assert!(got.head.contains("text/event-stream"), "{dialect:?}: {}", got.head);
        let input = json!({"file_path": "/scratch/repo/hello.txt", "content": "it's\n"});
        let text = "I will write the file, and then look at it.";
        let expected = (text.to_owned(), "Write".to_owned(), input, (1200, 300, 40));
        assert_eq!(heard(dialect, &got.events()), expected, "{dialect:?}");
    }
}

#[test]
fn every_protocol_answers_in_one_piece_as_well() {
    for dialect in DIALECTS {
        let server = playing(Script::new([writing()]));
        let (path, body) = call(dialect, 0, false, false);
        let got = receive(send(&server, &format!("/s/x{path}"), "k", &body));
        assert_eq!((got.code, got.is_whole), (200, true), "{dialect:?}");
        let answer = got.json();
        let (text, tool, usage) = match dialect {
            Dialect::Anthropic => ("/content/1/text", "/content/2/name", "usage"),
            Dialect::Chat => ("/choices/0/message/content", "/choices/0/message/tool_calls/0/function/name", "usage"),
            Dialect::Responses => ("/output/0/content/0/text", "/output/1/name", "usage"),
            Dialect::Gemini => (
                "/candidates/0/content/parts/0/text",
                "/candidates/0/content/parts/1/functionCall/name",
                "usageMetadata",
            ),
        };
        let said = answer.pointer(text).and_then(Value::as_str).unwrap_or_default();
        assert!(said.starts_with("I will write"), "{dialect:?}: {answer}");
        assert_eq!(answer.pointer(tool), Some(&json!("Write")), "{dialect:?}: {answer}");
        assert_eq!(tokens(dialect, &answer[usage]), (1200, 300, 40), "{dialect:?}");
    }
}

#[test]
fn the_turn_follows_from_the_conversation_so_that_retries_and_resumed_sessions_get_the_right_one() {
    for dialect in DIALECTS {
        let server = playing(Script::new([Turn::say("one"), Turn::say("two"), Turn::say("three")]));
        for (turns, text) in [(1, "two"), (0, "one"), (2, "three"), (1, "two"), (7, "three")] {
            assert_eq!(heard(dialect, &ask(&server, dialect, turns).events()).0, text, "{dialect:?}");
        }
        let server = playing(Script::new([Turn::say("one"), Turn::say("two")]).by_count());
        for text in ["one", "two", "two"] {
            assert_eq!(heard(dialect, &ask(&server, dialect, 5).events()).0, text, "{dialect:?}");
        }
    }
}

#[test]
fn the_newest_prompt_that_gives_a_cue_decides_which_part_is_played_and_turns_count_from_there() {
    for dialect in DIALECTS {
        let turns = |name: &str| [1, 2].map(|turn| Turn::say(&format!("{name} {turn}")));
        let script =
            Script::new([Turn::say("nobody's")]).part("a", "word 0", turns("a")).part("b", "word 2", turns("b"));
        let server = playing(script.part("never", "yes", turns("never")));
        for (turns, text) in [(0, "a 1"), (1, "a 2"), (2, "b 1"), (3, "b 2"), (4, "b 2"), (0, "a 1")] {
            assert_eq!(heard(dialect, &ask(&server, dialect, turns).events()).0, text, "{dialect:?}");
        }
        assert_eq!(server.parts(), "a b a", "{dialect:?}");
        let server = playing(Script::new([Turn::say("nobody's")]).part("x", "word 9", turns("x")));
        assert_eq!(heard(dialect, &ask(&server, dialect, 3).events()).0, "nobody's", "{dialect:?}");
        assert_eq!(server.parts(), "?", "{dialect:?}");
    }
}

#[test]
fn a_file_is_written_by_a_command_where_there_is_no_other_tool() {
    for dialect in DIALECTS {
        let server = playing(Script::new([writing()]));
        let (path, body) = call(dialect, 0, true, true);
        let got = receive(send(&server, &format!("/s/x{path}"), "k", &body));
        let input = json!({"command": "printf %s 'it'\\''s\n' > 'hello.txt'", "description": "scripted"});
        let (_, tool, given, _) = heard(dialect, &got.events());
        assert_eq!((tool.as_str(), given), ("Bash", input), "{dialect:?}");
    }
}

#[test]
fn a_call_without_tools_is_an_aside() {
    let server = playing(Script::new([writing().failing(Fault::status(500))]));
    let body = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "a title"}]});
    let got = receive(send(&server, "/s/x/v1/chat/completions", "k", &body));
    assert_eq!(heard(Dialect::Chat, &got.events()).0, "A title");
    let schema = json!({"type": "object", "properties": {"model": {"enum": ["flash", "pro"]}}, "required": ["model"]});
    let body = json!({"contents": [], "generationConfig": {"responseJsonSchema": schema}});
    let got = receive(send(&server, "/s/x/v1beta/models/m:generateContent", "k", &body));
    assert_eq!(got.json()["candidates"][0]["content"]["parts"][0]["text"], r#"{"model":"flash"}"#);
    assert_eq!((server.calls(), server.log().len()), (0, 2));
}

#[test]
fn an_error_answer_says_so_in_the_words_of_the_protocol_and_so_often_as_it_was_told() {
    for dialect in DIALECTS {
        let server = playing(Script::new([writing()]).failing_times(2, Fault::rate_limit()));
        for _ in 0..2 {
            let got = ask(&server, dialect, 0);
            assert_eq!(got.code, 429, "{dialect:?}");
            assert!(got.head.contains("Retry-After: 1"), "{dialect:?}: {}", got.head);
            let word = match dialect {
                Dialect::Anthropic => "rate_limit_error",
                Dialect::Gemini => "RESOURCE_EXHAUSTED",
                Dialect::Chat | Dialect::Responses => "rate_limit_exceeded",
            };
            assert!(got.json()["error"].to_string().contains(word), "{dialect:?}: {}", got.body);
        }
        assert_eq!(ask(&server, dialect, 0).code, 200, "{dialect:?}");
        assert_eq!(server.log().iter().filter(|logged| logged.fault.is_some()).count(), 2);
    }
}

#[test]
fn a_wrong_key_is_refused_and_kept_nowhere() {
    for dialect in DIALECTS {
        let server = playing(Script::new([Turn::say("come in")]).for_key("right"));
        let (path, body) = call(dialect, 0, false, true);
        let code = |key: &str| receive(send(&server, &format!("/s/x{path}"), key, &body)).code;
        let refused = if dialect == Dialect::Gemini { 400 } else { 401 };
        assert_eq!((code("wr0ng"), code("right")), (refused, 200), "{dialect:?}");
        assert!(!format!("{:?}", server.log()).contains("wr0ng"), "{dialect:?}");
    }
}

#[test]
fn garbage_is_a_good_answer_that_is_no_json() {
    for dialect in DIALECTS {
        let server = playing(Script::new([writing()]).failing(Fault::Garbage));
        let got = ask(&server, dialect, 0);
        assert_eq!((got.code, got.is_whole), (200, true), "{dialect:?}");
        assert!(serde_json::from_str::<Value>(&got.body).is_err(), "{dialect:?}");
    }
}

#[test]
fn a_stream_breaks_or_ends_too_early() {
    for dialect in DIALECTS {
        let server = playing(Script::new([writing()]));
        let count = |got: &Got| got.body.lines().filter(|line| line.starts_with("data: ")).count();
        let all = count(&ask(&server, dialect, 0));
        for (fault, is_whole) in [(Fault::Cut, false), (Fault::EndEarly, true)] {
            let server = playing(Script::new([writing()]).failing_times(1, fault));
            let got = ask(&server, dialect, 0);
            assert_eq!((got.code, count(&got), got.is_whole), (200, all / 2, is_whole), "{dialect:?}");
            assert_eq!(count(&ask(&server, dialect, 0)), all, "{dialect:?}");
        }
    }
}

/// A read that would wait for long.
fn is_silent(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let read = stream.read(&mut [0; 4096]);
    matches!(read, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// Reads until the text came.
fn read_until(stream: &mut TcpStream, text: &str) {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains(text) {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&read));
        read.push(byte[0]);
    }
}

#[test]
fn a_hanging_server_says_nothing_or_nothing_after_the_first_event_until_it_ends() {
    for dialect in DIALECTS {
        let server = playing(Script::new([writing().failing(Fault::HangBeforeHeaders)]));
        server.play("y", Script::new([writing().failing(Fault::HangInBody)]));
        let (path, body) = call(dialect, 0, false, true);
        let mut nothing = send(&server, &format!("/s/x{path}"), "k", &body);
        assert!(is_silent(&mut nothing), "{dialect:?}");
        let mut begun = send(&server, &format!("/s/y{path}"), "k", &body);
        read_until(&mut begun, "\n\n");
        read_until(&mut begun, "\n");
        assert!(is_silent(&mut begun), "{dialect:?}");
        drop(server);
        for mut stream in [nothing, begun] {
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0, "{dialect:?}");
        }
    }
}

#[test]
fn a_dripping_stream_is_slow_and_whole() {
    let server = playing(Script::new([Turn::say("slowly")]).failing(Fault::Drip(Duration::from_millis(20))));
    let started = Instant::now();
    let got = ask(&server, Dialect::Chat, 0);
    assert_eq!((heard(Dialect::Chat, &got.events()).0.as_str(), got.is_whole), ("slowly", true));
    assert!(started.elapsed() >= Duration::from_millis(20) * u32::try_from(got.events().len()).unwrap());
}

#[test]
fn several_agents_play_their_own_scripts_at_once() {
    let server = ModelServer::start();
    let names = ["a", "b", "c", "d"];
    for name in names {
        server.play(name, Script::new([Turn::say(name)]));
    }
    std::thread::scope(|scope| {
        for name in names {
            let server = &server;
            scope.spawn(move || {
                let (path, body) = call(Dialect::Chat, 0, false, true);
                let got = receive(send(server, &format!("/s/{name}{path}"), "k", &body));
                assert_eq!(heard(Dialect::Chat, &got.events()).0, name);
            });
        }
    });
    assert_eq!(server.calls(), names.len());
    assert!(server.has_read("word 0") && !server.has_read("word 1"));
}

#[test]
fn what_no_model_serves_is_not_found_and_tokens_are_counted() {
    let server = playing(Script::new([Turn::say("x")]));
    let (path, body) = call(Dialect::Chat, 0, false, true);
    assert_eq!(receive(send(&server, &format!("/s/nobody{path}"), "k", &body)).code, 404);
    assert_eq!(receive(send(&server, "/s/x/v1/images", "k", &body)).code, 404);
    assert_eq!(receive(send(&server, "/s/x/v1/chat/completions", "k", &json!("no object"))).code, 404);
    let counted = receive(send(&server, "/s/x/v1/messages/count_tokens?beta=true", "k", &body)).json();
    assert!(counted["input_tokens"].as_u64().unwrap() > 10, "{counted}");
}
