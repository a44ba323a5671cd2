//! An answer of the model in each protocol: as one object, and as the events of a stream.

use super::fitting::Fitted;
use super::request::Dialect;
use serde_json::{Value, json};

/// What is to be said, whatever the protocol.
pub struct Reply {
    /// Different for every answer of a server.
    pub id: String,
    pub model: String,
    pub text: String,
    pub thought: String,
    pub calls: Vec<Fitted>,
    pub input: u64,
    pub cached: u64,
    pub output: u64,
}

pub struct Answer {
    pub whole: Value,
    pub events: Vec<Event>,
}

pub struct Event {
    pub name: Option<&'static str>,
    pub data: String,
}

impl Reply {
    pub fn answer(&self, dialect: Dialect) -> Answer {
        match dialect {
            Dialect::Anthropic => anthropic(self),
            Dialect::Chat => chat(self),
            Dialect::Responses => responses(self),
            Dialect::Gemini => gemini(self),
        }
    }

    /// Each call with an id of its own.
    fn calls(&self) -> impl Iterator<Item = (String, &Fitted)> {
        self.calls.iter().enumerate().map(|(number, call)| (format!("{}_{number}", self.id), call))
    }

    fn prompt(&self) -> u64 {
        self.input + self.cached
    }
}

/// Text as it trickles in.
fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(24).map(|piece| piece.iter().collect()).collect()
}

/// The object with further fields.
fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

/// The events of a stream whose events have names, which their data repeat.
#[derive(Default)]
struct Named(Vec<(&'static str, Value)>);

impl Named {
    fn add(&mut self, name: &'static str, data: Value) {
        self.0.push((name, data));
    }

    fn finish(self) -> Vec<Event> {
        let event = |(name, data)| Event { name: Some(name), data: with(json!({"type": name}), data).to_string() };
        self.0.into_iter().map(event).collect()
    }

    fn numbered(mut self) -> Named {
        for (number, (_, data)) in self.0.iter_mut().enumerate() {
            data["sequence_number"] = json!(number);
        }
        self
    }
}

fn anthropic(reply: &Reply) -> Answer {
    let usage = json!({"input_tokens": reply.input, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": reply.cached, "output_tokens": reply.output});
    let message = json!({"id": format!("msg_{}", reply.id), "type": "message", "role": "assistant",
        "model": reply.model, "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage});
    let mut events = Named::default();
    let mut blocks = Vec::new();
    let begun = with(message.clone(), json!({"usage": with(usage.clone(), json!({"output_tokens": 1}))}));
    events.add("message_start", json!({"message": begun}));
    let mut block = |start: Value, full: Value, deltas: Vec<Value>| {
        let index = blocks.len();
        blocks.push(full);
        events.add("content_block_start", json!({"index": index, "content_block": start}));
        for delta in deltas {
            events.add("content_block_delta", json!({"index": index, "delta": delta}));
        }
        events.add("content_block_stop", json!({"index": index}));
    };
    if !reply.thought.is_empty() {
        let deltas = pieces(&reply.thought).into_iter().map(|p| json!({"type": "thinking_delta", "thinking": p}));
        let signature = json!({"type": "signature_delta", "signature": "c2ln"});
        block(
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            json!({"type": "thinking", "thinking": reply.thought, "signature": "c2ln"}),
            deltas.chain([signature]).collect(),
        );
    }
    if !reply.text.is_empty() {
        let deltas = pieces(&reply.text).into_iter().map(|p| json!({"type": "text_delta", "text": p}));
        let full = json!({"type": "text", "text": reply.text});
        block(json!({"type": "text", "text": ""}), full, deltas.collect());
    }
    for (id, call) in reply.calls() {
        let start = json!({"type": "tool_use", "id": format!("toolu_{id}"), "name": call.tool, "input": {}});
        let deltas = pieces(&call.input.to_string()).into_iter();
        let deltas = deltas.map(|p| json!({"type": "input_json_delta", "partial_json": p}));
        block(start.clone(), with(start, json!({"input": call.input})), deltas.collect());
    }
    let stop = if reply.calls.is_empty() { "end_turn" } else { "tool_use" };
    events.add("message_delta", json!({"delta": {"stop_reason": stop, "stop_sequence": null}, "usage": usage}));
    events.add("message_stop", json!({}));
    Answer { whole: with(message, json!({"content": blocks, "stop_reason": stop})), events: events.finish() }
}

fn responses(reply: &Reply) -> Answer {
    let begun = json!({"id": format!("resp_{}", reply.id), "object": "response", "created_at": 1, "status": "in_progress",
        "model": reply.model, "output": [], "usage": null, "error": null, "incomplete_details": null,
        "instructions": null, "metadata": {}, "parallel_tool_calls": true, "tool_choice": "auto", "tools": []});
    let mut events = Named::default();
    let mut output = Vec::new();
    events.add("response.created", json!({"response": begun}));
    events.add("response.in_progress", json!({"response": begun}));
    let mut item = |start: Value, full: Value, between: Vec<(&'static str, Value)>| {
        let index = output.len();
        events.add("response.output_item.added", json!({"output_index": index, "item": start}));
        for (name, data) in between {
            events.add(name, with(json!({"item_id": full["id"], "output_index": index}), data));
        }
        events.add("response.output_item.done", json!({"output_index": index, "item": full}));
        output.push(full);
    };
    if !reply.text.is_empty() {
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
        let base = json!({"id": format!("msg_{}", reply.id), "type": "message", "role": "assistant"});
        let mut between = vec![("response.content_part.added", json!({"content_index": 0, "part": part("")}))];
        for piece in pieces(&reply.text) {
            between.push(("response.output_text.delta", json!({"content_index": 0, "delta": piece})));
        }
        between.push(("response.output_text.done", json!({"content_index": 0, "text": reply.text})));
        between.push(("response.content_part.done", json!({"content_index": 0, "part": part(&reply.text)})));
        item(
            with(base.clone(), json!({"status": "in_progress", "content": []})),
            with(base, json!({"status": "completed", "content": [part(&reply.text)]})),
            between,
        );
    }
    for (id, call) in reply.calls() {
        let (kind, prefix, key, delta, done) = match call.is_custom {
            true => (
                "custom_tool_call",
                "ctc",
                "input",
                "response.custom_tool_call_input.delta",
                "response.custom_tool_call_input.done",
            ),
            false => (
                "function_call",
                "fc",
                "arguments",
                "response.function_call_arguments.delta",
                "response.function_call_arguments.done",
            ),
        };
        let text = call.input.as_str().map_or_else(|| call.input.to_string(), str::to_owned);
        let base =
            json!({"id": format!("{prefix}_{id}"), "type": kind, "call_id": format!("call_{id}"), "name": call.tool});
        let mut between: Vec<_> = pieces(&text).into_iter().map(|piece| (delta, json!({"delta": piece}))).collect();
        between.push((done, json!({key: text})));
        item(
            with(base.clone(), json!({"status": "in_progress", key: ""})),
            with(base, json!({"status": "completed", key: text})),
            between,
        );
    }
    let usage = json!({"input_tokens": reply.prompt(), "input_tokens_details": {"cached_tokens": reply.cached},
        "output_tokens": reply.output, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.prompt() + reply.output});
    let whole = with(begun, json!({"status": "completed", "output": output, "usage": usage}));
    events.add("response.completed", json!({"response": whole}));
    Answer { whole, events: events.numbered().finish() }
}

fn chat(reply: &Reply) -> Answer {
    let base = json!({"id": format!("chatcmpl-{}", reply.id), "created": 1, "model": reply.model});
    let chunk = |delta: Value, end: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": end, "logprobs": null});
        with(base.clone(), json!({"object": "chat.completion.chunk", "choices": [choice]}))
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(pieces(&reply.text).into_iter().map(|piece| chunk(json!({"content": piece}), Value::Null)));
    let mut calls = Vec::new();
    for (index, (id, call)) in reply.calls().enumerate() {
        let text = call.input.to_string();
        let begun = |arguments: &str| {
            json!({"id": format!("call_{id}"), "type": "function",
                "function": {"name": call.tool, "arguments": arguments}})
        };
        let first = with(begun(""), json!({"index": index}));
        events.push(chunk(json!({"tool_calls": [first]}), Value::Null));
        for piece in pieces(&text) {
            let more = json!({"index": index, "function": {"arguments": piece}});
            events.push(chunk(json!({"tool_calls": [more]}), Value::Null));
        }
        calls.push(begun(&text));
    }
    let stop = if calls.is_empty() { "stop" } else { "tool_calls" };
    let usage = json!({"prompt_tokens": reply.prompt(), "completion_tokens": reply.output,
        "total_tokens": reply.prompt() + reply.output, "prompt_tokens_details": {"cached_tokens": reply.cached}});
    events.push(chunk(json!({}), json!(stop)));
    events.push(with(base.clone(), json!({"object": "chat.completion.chunk", "choices": [], "usage": usage})));
    let mut message = json!({"role": "assistant", "content": reply.text});
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    let choice = json!({"index": 0, "message": message, "finish_reason": stop, "logprobs": null});
    let whole = with(base, json!({"object": "chat.completion", "usage": usage, "choices": [choice]}));
    let events = events.into_iter().map(|event| event.to_string()).chain(["[DONE]".to_owned()]);
    Answer { whole, events: events.map(|data| Event { name: None, data }).collect() }
}

fn gemini(reply: &Reply) -> Answer {
    let usage = json!({"promptTokenCount": reply.prompt(), "candidatesTokenCount": reply.output,
        "totalTokenCount": reply.prompt() + reply.output, "cachedContentTokenCount": reply.cached});
    let wrapped = |parts: Vec<Value>, end: Option<&str>| {
        let mut candidate = json!({"index": 0, "content": {"role": "model", "parts": parts}});
        if let Some(end) = end {
            candidate["finishReason"] = json!(end);
        }
        json!({"candidates": [candidate], "modelVersion": reply.model, "responseId": reply.id, "usageMetadata": usage})
    };
    let calls = reply.calls().map(|(id, call)| {
        json!({"functionCall": {"id": id, "name": call.tool, "args": call.input}, "thoughtSignature": "c2ln"})
    });
    let calls: Vec<Value> = calls.collect();
    let mut events: Vec<Value> =
        pieces(&reply.text).into_iter().map(|piece| wrapped(vec![json!({"text": piece})], None)).collect();
    let last = if calls.is_empty() { vec![json!({"text": ""})] } else { calls.clone() };
    events.push(wrapped(last, Some("STOP")));
    let text = (!reply.text.is_empty()).then(|| json!({"text": reply.text}));
    let whole = wrapped(text.into_iter().chain(calls).collect(), Some("STOP"));
    Answer { whole, events: events.into_iter().map(|event| Event { name: None, data: event.to_string() }).collect() }
}

/// A refusal in the words of the protocol.
pub fn error(dialect: Dialect, code: u16, text: &str) -> Value {
    let kind = match code {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        _ => "api_error",
    };
    match dialect {
        Dialect::Anthropic => {
            json!({"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_scripted"})
        }
        Dialect::Gemini => {
            let status = match code {
                401 => "UNAUTHENTICATED",
                403 => "PERMISSION_DENIED",
                429 => "RESOURCE_EXHAUSTED",
                500 => "INTERNAL",
                503 => "UNAVAILABLE",
                _ => "INVALID_ARGUMENT",
            };
            json!({"error": {"code": code, "message": text, "status": status}})
        }
        Dialect::Chat | Dialect::Responses => {
            let code = match code {
                401 => json!("invalid_api_key"),
                429 => json!("rate_limit_exceeded"),
                500 => json!("server_error"),
                _ => Value::Null,
            };
            json!({"error": {"message": text, "type": kind, "param": null, "code": code}})
        }
    }
}
