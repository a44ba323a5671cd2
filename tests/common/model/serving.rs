//! The server: one thread and one answer per connection.

use super::answers::{Answer, Reply, error};
use super::fitting::{fit, offers_commands, smallest};
use super::request::{Asked, Dialect};
use super::script::{Fault, Faults, Script, Turn};
use crate::common::http_request::Request;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<Vec<Connection>>>,
}

/// A call as it came, without its headers.
#[derive(Debug, Clone)]
pub struct Logged {
    pub script: String,
    pub dialect: Dialect,
    /// The call offered tools; the others are asides.
    pub is_main: bool,
    /// The part of the script that was played.
    pub part: Option<String>,
    pub turn: usize,
    pub is_streamed: bool,
    /// Its tools can run commands.
    pub offers_commands: bool,
    pub fault: Option<Fault>,
    pub body: Value,
}

struct Connection {
    stream: TcpStream,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    scripts: Mutex<HashMap<String, Playing>>,
    log: Mutex<Vec<Logged>>,
    closing: AtomicBool,
}

struct Playing {
    script: Script,
    answered: usize,
    /// How often the script's own fault was met, and the one of each turn.
    met: HashMap<Option<Place>, usize>,
}

/// A part of the script where it is one of several, and the turn in it.
type Place = (Option<usize>, usize);

/// What a call gets.
struct Plan {
    number: usize,
    is_main: bool,
    turn: Turn,
    fault: Option<Fault>,
    is_welcome: bool,
}

impl ModelServer {
    pub fn start() -> ModelServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let for_listener = Arc::clone(&shared);
        let listener = Some(thread::spawn(move || for_listener.listen(&listener)));
        ModelServer { address, shared, listener }
    }

    /// Plays a script from its beginning. The base address for the agent that is to hear it, without `/v1`.
    pub fn play(&self, name: &str, script: Script) -> String {
        let playing = Playing { script, answered: 0, met: HashMap::new() };
        self.shared.scripts.lock().unwrap().insert(name.to_owned(), playing);
        format!("http://{}/s/{name}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn log(&self) -> Vec<Logged> {
        self.shared.log.lock().unwrap().clone()
    }

    /// Calls that were about the work, not asides.
    pub fn calls(&self) -> usize {
        self.shared.log.lock().unwrap().iter().filter(|logged| logged.is_main).count()
    }

    /// The parts that were played, one after the other; `?` for what is in none of them.
    pub fn parts(&self) -> String {
        let log = self.shared.log.lock().unwrap();
        let mut names: Vec<&str> =
            log.iter().filter(|call| call.is_main).map(|call| call.part.as_deref().unwrap_or("?")).collect();
        names.dedup();
        names.join(" ")
    }

    /// Whether a call said this anywhere.
    pub fn has_read(&self, text: &str) -> bool {
        self.shared.log.lock().unwrap().iter().any(|logged| logged.body.to_string().contains(text))
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
        let connections = self.listener.take().and_then(|listener| listener.join().ok()).unwrap_or_default();
        for connection in connections {
            let _ = connection.stream.shutdown(Shutdown::Both);
            let _ = connection.thread.join();
        }
    }
}

impl Shared {
    /// The connections that are still open at the end.
    fn listen(self: Arc<Shared>, listener: &TcpListener) -> Vec<Connection> {
        let mut connections: Vec<Connection> = Vec::new();
        for stream in listener.incoming().flatten() {
            if self.closing.load(Ordering::SeqCst) {
                break;
            }
            connections.retain(|connection| !connection.thread.is_finished());
            let Ok(for_thread) = stream.try_clone() else { continue };
            let shared = Arc::clone(&self);
            let thread = thread::spawn(move || {
                // A client that hung up does not care for the rest.
                let _ = shared.serve(&for_thread);
                let _ = for_thread.shutdown(Shutdown::Both);
            });
            connections.push(Connection { stream, thread });
        }
        connections
    }

    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let Some(request) = Request::read(stream) else { return Ok(()) };
        let path = request.target.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
        let named = path.strip_prefix("/s/").and_then(|rest| rest.split_once('/'));
        let (name, path) = named.map_or(("default", path.as_str()), |(name, rest)| (name, rest));
        if path.ends_with("models") && request.method == "GET" {
            return respond(stream, 200, "", &models());
        }
        if path.ends_with("/count_tokens") || path.ends_with(":countTokens") {
            let tokens = request.body.len() / 4;
            return respond(stream, 200, "", &json!({"input_tokens": tokens, "totalTokens": tokens}));
        }
        // With a slash before it, whatever the prefix left.
        let dialect = Dialect::of_path(&format!("/{path}")).filter(|_| request.method == "POST");
        let asked = dialect.and_then(|dialect| Asked::read(dialect, &request));
        let plan = asked.as_ref().and_then(|asked| self.plan(name, asked));
        match (asked, plan) {
            (Some(asked), Some(plan)) => self.answer(stream, name, &asked, &plan),
            _ => respond(stream, 404, "", &error(Dialect::Chat, 404, "no such path or script")),
        }
    }

    /// Picks the turn and the fault, and writes the call down.
    fn plan(&self, name: &str, asked: &Asked) -> Option<Plan> {
        let mut scripts = self.scripts.lock().unwrap();
        let playing = scripts.get_mut(name)?;
        let is_main = !asked.tools.is_empty();
        let cues: Vec<&str> = playing.script.parts.iter().map(|part| part.cue.as_str()).collect();
        let (part, made) = asked.last_said(&cues).map_or((None, asked.turns), |(part, made)| (Some(part), made));
        let turns = part.map_or(&playing.script.turns, |part| &playing.script.parts[part].turns);
        let last = turns.len().saturating_sub(1);
        let at = if playing.script.by_count { playing.answered } else { made }.min(last);
        let name_of_part = part.map(|part| playing.script.parts[part].name.clone());
        let turn = match turns.get(at).filter(|_| is_main) {
            Some(turn) => turn.clone(),
            None => Turn::say(&playing.script.side),
        };
        let of_script = playing.script.faults.clone().filter(|_| is_main);
        let fault =
            playing.meet(Some((part, at)), turn.faults.as_ref()).or_else(|| playing.meet(None, of_script.as_ref()));
        let is_welcome = playing.script.key.as_ref().is_none_or(|key| *key == asked.key);
        let mut log = self.log.lock().unwrap();
        log.push(Logged {
            script: name.to_owned(),
            dialect: asked.dialect,
            is_main,
            part: name_of_part,
            turn: at,
            is_streamed: asked.is_streamed,
            offers_commands: offers_commands(asked),
            fault,
            body: asked.body.clone(),
        });
        Some(Plan { number: log.len(), is_main, turn, fault, is_welcome })
    }

    fn answer(&self, stream: &TcpStream, name: &str, asked: &Asked, plan: &Plan) -> std::io::Result<()> {
        let refuse = |code, head: &str, text| respond(stream, code, head, &error(asked.dialect, code, text));
        if !plan.is_welcome {
            return match asked.dialect {
                Dialect::Gemini => refuse(400, "", "API key not valid. Please pass a valid API key."),
                Dialect::Anthropic => refuse(401, "", "invalid x-api-key"),
                Dialect::Chat | Dialect::Responses => refuse(401, "", "Incorrect API key provided."),
            };
        }
        match plan.fault {
            Some(Fault::Status { code, retry_after }) => {
                let head = retry_after.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
                return refuse(code, &head, "scripted fault");
            }
            Some(Fault::HangBeforeHeaders) => return wait_until_gone(stream),
            Some(Fault::Garbage) => {
                return write_all(stream, 200, "text/html", "", b"<html>not what you asked for</html>");
            }
            _ => {}
        }
        let answer = match reply(asked, plan) {
            Ok(reply) => reply.answer(asked.dialect),
            Err(why) => return refuse(400, "", &why),
        };
        if asked.is_streamed {
            stream_events(stream, &answer, plan.fault)?;
        } else if plan.fault == Some(Fault::HangInBody) {
            return wait_until_gone(stream);
        } else {
            respond(stream, 200, "", &answer.whole)?;
        }
        if let Some(playing) = self.scripts.lock().unwrap().get_mut(name).filter(|_| plan.is_main) {
            playing.answered += 1;
        }
        Ok(())
    }
}

impl Playing {
    /// The fault, unless it was met often enough.
    fn meet(&mut self, place: Option<Place>, faults: Option<&Faults>) -> Option<Fault> {
        let faults = faults?;
        let met = self.met.entry(place).or_default();
        *met += 1;
        (*met <= faults.times).then_some(faults.fault)
    }
}

fn reply(asked: &Asked, plan: &Plan) -> Result<Reply, String> {
    let Turn { text, thought, calls, input, cached, output, .. } = plan.turn.clone();
    let text = match asked.answer_schema().filter(|_| !plan.is_main) {
        Some(schema) => smallest(schema).to_string(),
        None => text,
    };
    let calls = calls.iter().map(|call| fit(call, asked)).collect::<Result<_, _>>()?;
    let id = format!("{:04}", plan.number);
    Ok(Reply { id, model: asked.model.clone(), text, thought, calls, input, cached, output })
}

fn models() -> Value {
    let model = json!({"id": "scripted", "object": "model", "type": "model", "display_name": "scripted", "created": 0});
    json!({"object": "list", "data": [model], "models": [{"name": "models/scripted"}], "has_more": false})
}

fn respond(stream: &TcpStream, code: u16, head: &str, body: &Value) -> std::io::Result<()> {
    write_all(stream, code, "application/json", head, body.to_string().as_bytes())
}

fn write_all(mut stream: &TcpStream, code: u16, form: &str, head: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {code} Scripted\r\nContent-Type: {form}\r\nContent-Length: {length}\r\nConnection: close\r\n{head}\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat())
}

fn stream_events(mut stream: &TcpStream, answer: &Answer, fault: Option<Fault>) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    let most = match fault {
        Some(Fault::Cut | Fault::EndEarly) => answer.events.len() / 2,
        _ => usize::MAX,
    };
    for (number, event) in answer.events.iter().take(most).enumerate() {
        match fault {
            Some(Fault::HangInBody) if number == 1 => return wait_until_gone(stream),
            Some(Fault::Drip(pause)) => wait(stream, pause)?,
            _ => {}
        }
        let name = event.name.map(|name| format!("event: {name}\n")).unwrap_or_default();
        let text = format!("{name}data: {}\n\n", event.data);
        stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())?;
    }
    match fault {
        Some(Fault::Cut) => Ok(()),
        _ => stream.write_all(b"0\r\n\r\n"),
    }
}

/// Until the client gives up, or the server ends.
fn wait_until_gone(mut stream: &TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0])? > 0 {}
    Ok(())
}

/// A pause that ends early where the client is gone.
fn wait(mut stream: &TcpStream, pause: Duration) -> std::io::Result<()> {
    stream.set_read_timeout(Some(pause))?;
    match stream.read(&mut [0]) {
        Ok(0) => Err(ErrorKind::ConnectionAborted.into()),
        Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err(error),
        _ => Ok(()),
    }
}
