//! A small web server for `git http-backend`, with the faults that real ones have.
//!
//! One thread and one answer per connection. It understands what git sends, packed or not, and a login.

use super::Sandbox;
use super::http_request::Request;
use super::listener::Listener;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server does with requests whose address contains the given text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this code and nothing else.
    Code(u16),
    /// Takes the request and never answers.
    Silence,
    /// Does what it was asked and hangs up instead of saying so.
    HangUp,
}

pub struct HttpServer {
    shared: Arc<Shared>,
    listener: Listener,
}

struct Shared {
    root: PathBuf,
    environment: Vec<(String, String)>,
    login: Mutex<Option<String>>,
    fault: Mutex<Option<(String, Fault)>>,
    requests: Mutex<Vec<Request>>,
}

impl HttpServer {
    /// Serves the bare repositories below `root`, to everybody, for writing where `http.receivepack` is set in them.
    pub fn start(sandbox: &Sandbox, root: &Path) -> HttpServer {
        let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let program = sandbox.program("git");
        let environment = program.get_envs().map(|(name, value)| (text(Some(name)), text(value))).collect();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            environment,
            login: Mutex::new(None),
            fault: Mutex::new(None),
            requests: Mutex::new(Vec::new()),
        });
        let serving = Arc::clone(&shared);
        HttpServer { shared, listener: Listener::start(move |stream| serving.serve(stream)) }
    }

    /// From now on only this user is served, who may then also write.
    pub fn require_login(&self, user: &str, password: &str) {
        *self.shared.login.lock().unwrap() = Some(base64(format!("{user}:{password}").as_bytes()));
    }

    pub fn set_fault(&self, where_target_has: &str, fault: Fault) {
        *self.shared.fault.lock().unwrap() = Some((where_target_has.to_owned(), fault));
    }

    pub fn clear_fault(&self) {
        *self.shared.fault.lock().unwrap() = None;
    }

    /// `http://127.0.0.1:1234/x.git`, with `user:password@` where it is given.
    pub fn url(&self, login: &str, repository: &str) -> String {
        format!("http://{login}{}/{repository}", self.listener.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Shared {
    fn serve(&self, mut stream: &TcpStream) {
        let Some(request) = Request::read(stream) else { return };
        self.requests.lock().unwrap().push(request.clone());
        let fault = self.fault.lock().unwrap().clone();
        let fault = fault.filter(|(part, _)| request.target.contains(part.as_str())).map(|(_, fault)| fault);
        let answer = match fault {
            Some(Fault::Code(code)) => empty_answer(code, ""),
            Some(Fault::Silence) => {
                // Until the other side gives up.
                let _ = stream.read(&mut [0]);
                return;
            }
            Some(Fault::HangUp) => {
                self.backend(&request);
                return;
            }
            None if !self.is_welcome(&request) => empty_answer(401, "WWW-Authenticate: Basic realm=\"git\"\r\n"),
            None => self.backend(&request),
        };
        let _ = stream.write_all(&answer);
    }

    fn is_welcome(&self, request: &Request) -> bool {
        let login = self.login.lock().unwrap();
        login.as_ref().is_none_or(|login| request.header("Authorization") == Some(&format!("Basic {login}")))
    }

    /// Runs git's own CGI program and makes an HTTP answer of what it says.
    fn backend(&self, request: &Request) -> Vec<u8> {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let protocol = request.header("Git-Protocol").unwrap_or_default();
        let mut git = Command::new("git");
        git.arg("http-backend")
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", &request.method)
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("CONTENT_TYPE", request.header("Content-Type").unwrap_or_default())
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", request.header("Content-Encoding").unwrap_or_default())
            .env("HTTP_GIT_PROTOCOL", protocol)
            .env("GIT_PROTOCOL", protocol)
            .env("REMOTE_ADDR", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if self.login.lock().unwrap().is_some() {
            git.env("REMOTE_USER", "somebody");
        }
        let mut child = git.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let body = request.body.clone();
        // It may answer before it has read everything.
        let writer = thread::spawn(move || drop(stdin.write_all(&body)));
        let output = child.wait_with_output().unwrap().stdout;
        writer.join().unwrap();
        http_answer(&output)
    }
}

fn http_answer(cgi: &[u8]) -> Vec<u8> {
    let end = cgi.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(cgi.len(), |at| at + 2);
    let head = String::from_utf8_lossy(&cgi[..end]);
    let body = cgi.get(end + 2..).unwrap_or_default();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let mut answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for line in head.lines().filter(|line| !line.starts_with("Status: ")) {
        answer.push_str(&format!("{line}\r\n"));
    }
    answer.push_str("\r\n");
    [answer.as_bytes(), body].concat()
}

fn empty_answer(code: u16, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {code} As told\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, at| number << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= group.len() { letter as char } else { '=' });
        }
    }
    text
}
