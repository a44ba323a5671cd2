//! A scripted model server on the loopback, so that real agents can be driven without a model and without a network.
//!
//! It speaks the four protocols that agents use: Anthropic Messages, OpenAI Chat Completions, OpenAI Responses and Gemini.
//! Each agent plays its own script below `/s/<name>`, and every request is kept for the test to look at. Only its paths'
//! ends count, so any prefix such as `/v1` works. Dropping the server ends every open answer.

mod answers;
mod fitting;
mod request;
mod script;
mod serving;

pub use request::Dialect;
pub use script::{Fault, Script, Turn};
pub use serving::{Logged, ModelServer};
