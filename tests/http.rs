//! The HTTP client against servers that mean no good: redirects, silence, endless answers, proxies.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open connections")]

mod common;

use aifactory::host::{Environment, Host};
use aifactory::http::{Address, Client, Failure, Limits, Secret};
use common::{EmbeddingServer, Wrong};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::Duration;

const LIMITS: Limits = Limits { connect: Duration::from_secs(5), answer: 1 << 20 };
const LONG: Duration = Duration::from_secs(20);

fn client(variables: &[(&str, &str)]) -> Client {
    Client::new(&Host::new(Environment::from_pairs(variables.iter().copied())), LIMITS)
}

fn at(url: &str) -> Address {
    Address::parse(url).unwrap()
}

fn post(server: &EmbeddingServer, key: Option<&Secret>) -> Result<Value, Failure> {
    client(&[]).post_json(&at(&server.url()).join("embeddings"), key, &json!({ "input": ["x"] }), LONG)
}

#[test]
fn json_goes_there_and_comes_back_with_the_credential_and_our_name() {
    let server = EmbeddingServer::start();
    let answer = post(&server, Some(&Secret::new("hunter2"))).unwrap();
    assert_eq!(answer["data"].as_array().unwrap().len(), 1);
    let [request] = &server.requests()[..] else { panic!("more than one request") };
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/v1/embeddings"));
    assert_eq!(header("Authorization"), "Bearer hunter2");
    assert_eq!(header("Content-Type"), "application/json");
    assert_eq!(header("User-Agent"), format!("aifactory/{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(header("Accept-Encoding"), "", "what is packed cannot be bounded");

    client(&[]).get_json(&at(&server.url()), None, LONG).unwrap();
    let [request] = &server.requests()[..] else { panic!("more than one request") };
    assert_eq!((request.method.as_str(), request.header("Authorization")), ("GET", None));
}

#[test]
fn redirects_are_followed_within_one_origin_and_for_questions_alone() {
    let (server, other) = (EmbeddingServer::start(), EmbeddingServer::start());
    let key = Secret::new("hunter2");
    let get = || client(&[]).get_json(&at(&server.url()), Some(&key), LONG);
    server.set_wrong(Wrong::Redirect(other.url()));
    let elsewhere = Failure::Elsewhere { host: server.host(), to: other.host() };
    assert_eq!(get().unwrap_err(), elsewhere);
    assert_eq!(post(&server, None).unwrap_err(), elsewhere);
    assert!(other.requests().is_empty());
    // In circles.
    server.requests();
    server.set_wrong(Wrong::Redirect("/v2?page=1".to_owned()));
    assert!(matches!(get(), Err(Failure::Elsewhere { .. })));
    assert_eq!(server.requests().len(), 6);
    assert!(matches!(post(&server, Some(&key)), Err(Failure::Elsewhere { .. })));
    assert_eq!(server.requests().len(), 1);
    server.set_wrong(Wrong::Redirect("javascript:alert(1)".to_owned()));
    assert_eq!(get().unwrap_err().to_string(), format!("{} answered 307", server.host()));
}

#[test]
fn an_answer_is_bounded_in_size_and_in_time() {
    let server = EmbeddingServer::start();
    server.set_wrong(Wrong::Endless);
    assert_eq!(post(&server, None).unwrap_err(), Failure::TooLong { host: server.host(), most: LIMITS.answer });
    // Connections are taken by the kernel, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    let soon = Duration::from_millis(200);
    let failure = client(&[]).get_json(&at(&format!("http://{host}/secret?key=x")), None, soon).unwrap_err();
    assert_eq!(failure.to_string(), format!("no answer from {host} within 0.2 s"));
}

#[test]
fn a_server_that_does_not_speak_tls_is_not_spoken_to_otherwise() {
    let server = EmbeddingServer::start();
    let address = at(&server.url().replace("http:", "https:"));
    let failure = client(&[]).get_json(&address, Some(&Secret::new("hunter2")), LONG).unwrap_err();
    assert!(matches!(failure, Failure::NoAnswer { .. }), "{failure}");
    assert!(server.requests().iter().all(|request| request.header("Authorization").is_none()));
}

#[test]
fn hosts_elsewhere_are_reached_through_the_proxy_of_the_environment() {
    let proxy = EmbeddingServer::start();
    let through = format!("http://{}", proxy.host());
    let ask = |variables: &[(&str, &str)], url: &str| client(variables).get_json(&at(url), None, LONG);
    let _ = ask(&[("https_proxy", &through)], "https://api.example.com/v1?key=x");
    let [request] = &proxy.requests()[..] else { panic!("more than one request") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("CONNECT", "api.example.com:443"));
    let refused = || proxy.set_wrong(Wrong::Code(407, String::new()));
    refused();
    let failure = ask(&[("https_proxy", &through)], "https://api.example.com/v1?key=x").unwrap_err();
    assert_eq!(failure.to_string(), "no answer from api.example.com: the proxy does not let us through");
    proxy.requests();
    let _ = ask(&[("http_proxy", &through)], "http://api.example.com/v1");
    assert_eq!(proxy.requests().len(), 1);
    let failure = ask(&[("https_proxy", "socks5://127.0.0.1:1")], "https://api.example.com").unwrap_err();
    assert!(failure.to_string().starts_with("https_proxy is the address of a SOCKS proxy"), "{failure}");
    // This machine is reached directly.
    let server = EmbeddingServer::start();
    ask(&[("http_proxy", &through), ("all_proxy", &through)], &server.url()).unwrap();
    assert!(proxy.requests().is_empty());
}
