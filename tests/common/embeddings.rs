//! A service for embeddings that knows a few things, with the faults that real ones have.
//!
//! A text's vector says which of its subjects it speaks of, so that texts without a word in common can be near.

use super::http_request::Request;
use super::listener::Listener;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

const SUBJECTS: [&[&str]; 3] = [
    &["database", "postgres", "sql", "migration", "schema"],
    &["colour", "theme", "palette", "dark mode"],
    &["parser", "grammar", "syntax"],
];

/// What the server does instead of answering.
#[derive(Debug, Clone)]
pub enum Wrong {
    /// This code, with this body.
    Code(u16, String),
    /// This, as if it were an answer.
    Body(String),
    /// Never stops talking.
    Endless,
    /// Each vector is longer than the one before.
    Lengths,
    /// All vectors are longer than they were before.
    Longer,
    /// Sends us to another address.
    Redirect(String),
    /// Answers texts with this in them with this code.
    Picky(u16, &'static str),
    HangUp,
    /// 429 to the first so many, with this `Retry-After`.
    Busy(usize, &'static str),
}

pub struct EmbeddingServer {
    shared: Arc<Shared>,
    listener: Listener,
}

#[derive(Default)]
struct Shared {
    key: Mutex<Option<String>>,
    wrong: Mutex<Option<Wrong>>,
    requests: Mutex<Vec<Request>>,
}

impl EmbeddingServer {
    pub fn start() -> EmbeddingServer {
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        EmbeddingServer { shared, listener: Listener::start(move |stream| serving.serve(stream)) }
    }

    /// From now on only who has this key is served.
    pub fn require_key(&self, key: &str) {
        *self.shared.key.lock().unwrap() = Some(key.to_owned());
    }

    pub fn set_wrong(&self, wrong: impl Into<Option<Wrong>>) {
        *self.shared.wrong.lock().unwrap() = wrong.into();
    }

    /// What goes into `memory.embeddings.url`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.listener.address)
    }

    pub fn host(&self) -> String {
        self.listener.address.to_string()
    }

    /// What was asked since the last look.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.shared.requests.lock().unwrap())
    }

    /// The texts that were sent since the last look.
    pub fn texts(&self) -> Vec<String> {
        let inputs = self.requests().into_iter().flat_map(|request| inputs(&request));
        inputs.collect()
    }
}

impl Shared {
    fn serve(&self, mut stream: &TcpStream) {
        let Some(request) = Request::read(stream) else { return };
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(request.clone());
            requests.len()
        };
        let wrong = self.wrong.lock().unwrap().clone();
        let key = self.key.lock().unwrap().clone();
        let is_welcome = key.is_none_or(|key| request.header("Authorization") == Some(&format!("Bearer {key}")));
        let answer = match wrong {
            _ if !is_welcome => answer(401, "", "{\"error\": {\"message\": \"wrong key\"}}"),
            Some(Wrong::Code(code, body)) => answer(code, "", &body),
            Some(Wrong::Body(body)) => answer(200, "", &body),
            Some(Wrong::Redirect(to)) => answer(307, &format!("Location: {to}\r\n"), ""),
            Some(Wrong::HangUp) => return,
            Some(Wrong::Endless) => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[");
                while stream.write_all(&[b' '; 64 << 10]).is_ok() {}
                return;
            }
            Some(Wrong::Picky(code, word)) if inputs(&request).iter().any(|text| text.contains(word)) => {
                answer(code, "", "{\"error\": {\"message\": \"that is too much\"}}")
            }
            Some(Wrong::Busy(times, retry_after)) if number <= times => {
                answer(429, &format!("Retry-After: {retry_after}\r\n"), "")
            }
            wrong => answer(200, "", &vectors(&request, wrong.as_ref()).to_string()),
        };
        let _ = stream.write_all(&answer);
        // What was not read would make the kernel take our answer back.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.take(1 << 20).read_to_end(&mut Vec::new());
    }
}

fn inputs(request: &Request) -> Vec<String> {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let texts = body["input"].as_array().into_iter().flatten();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// In the wrong order: the places count.
fn vectors(request: &Request, wrong: Option<&Wrong>) -> Value {
    let texts = inputs(request);
    let item = |(place, text): (usize, &String)| {
        let more = match wrong {
            Some(Wrong::Lengths) => place,
            Some(Wrong::Longer) => 1,
            _ => 0,
        };
        json!({ "object": "embedding", "index": place, "embedding": vector(text, more) })
    };
    let items: Vec<Value> = texts.iter().enumerate().map(item).rev().collect();
    json!({ "object": "list", "model": "test", "data": items })
}

fn vector(text: &str, more: usize) -> Vec<f64> {
    let text = text.to_lowercase();
    let says = |words: &&[&str]| f64::from(u8::from(words.iter().any(|word| text.contains(word))));
    let subjects = SUBJECTS.iter().map(says);
    // All texts have something in common.
    subjects.chain([0.25]).chain(std::iter::repeat_n(0.0, more)).collect()
}

fn answer(code: u16, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {code} As told\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
