//! JSON-RPC 2.0, one message per line.

use super::failure::Failure;
use crate::agent::protocol::Heard;
use agent_client_protocol::JsonRpcRequest;
use agent_client_protocol::v1::schema::{self, JsonRpcMessage, Request, RequestId, Response};
use serde::Serialize;
use serde_json::Value;

/// What the agent says.
pub enum Incoming {
    /// To the one request that waits.
    Answer(Result<Value, Failure>),
    Request {
        id: RequestId,
        method: String,
        params: Value,
    },
    Notification {
        method: String,
        params: Value,
    },
}

/// We ask one thing after the other: a mode may change which models there are.
#[derive(Default)]
pub struct Wire {
    asked: i64,
    is_waiting: bool,
}

impl Wire {
    pub fn ask<R: JsonRpcRequest + Serialize>(&mut self, request: &R, heard: &mut Heard) {
        let params = serde_json::to_value(request).expect("a request is text");
        self.ask_by_name(request.method(), params, heard);
    }

    pub fn ask_by_name(&mut self, method: &str, params: Value, heard: &mut Heard) {
        self.asked += 1;
        self.is_waiting = true;
        let request = Request { id: RequestId::Number(self.asked), method: method.into(), params: Some(params) };
        send(request, heard);
    }

    pub fn read(&mut self, line: &str, heard: &mut Heard) -> Option<Incoming> {
        let mut message = heard.parse(line)?;
        let id = message.get("id").cloned().filter(|id| !id.is_null());
        let params = message.get_mut("params").map(Value::take).unwrap_or_default();
        if let Some(method) = message.get("method").and_then(Value::as_str) {
            let method = method.to_owned();
            return match id.map(serde_json::from_value) {
                None => Some(Incoming::Notification { method, params }),
                Some(Ok(id)) => Some(Incoming::Request { id, method, params }),
                Some(Err(_)) => unknown("a request whose id is none", heard),
            };
        }
        let is_ours = self.is_waiting && id.and_then(|id| id.as_i64()) == Some(self.asked);
        if !is_ours {
            return unknown("an answer to nothing that was asked", heard);
        }
        self.is_waiting = false;
        let error = message.get("error").filter(|error| !error.is_null()).map(Failure::of);
        let result = message.get_mut("result").map(Value::take).ok_or_else(Failure::unreadable);
        Some(Incoming::Answer(error.map_or(result, Err)))
    }
}

pub fn answer(id: RequestId, result: impl Serialize, heard: &mut Heard) {
    send(Response::<_, schema::Error>::new(id, Ok(result)), heard);
}

/// We are no editor: the agent uses its own tools for whatever it asks of one.
pub fn refuse(id: RequestId, method: &str, heard: &mut Heard) {
    let mut error = schema::Error::method_not_found();
    error.message = format!("aifactory has no {method}");
    send(Response::<Value>::new(id, Err(error)), heard);
}

fn send(message: impl Serialize, heard: &mut Heard) {
    heard.send(&serde_json::to_value(JsonRpcMessage::wrap(message)).expect("a message is text"));
}

fn unknown(what: &str, heard: &mut Heard) -> Option<Incoming> {
    heard.unknown(what);
    None
}
