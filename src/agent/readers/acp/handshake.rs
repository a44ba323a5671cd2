//! The beginning of a conversation and no more: who the agent is, what can be chosen, and whether it is logged in.

use super::failure::Failure;
use super::wire::{Incoming, Wire};
use super::{catalog_of, greeting, offer, read, wire};
use crate::agent::catalog::Catalog;
use crate::agent::event::AgentEvent;
use crate::agent::protocol::{Heard, Protocol};
use agent_client_protocol::v1::schema::{NewSessionRequest, NewSessionResponse};
use serde_json::Value;

/// `Finished` says whether a conversation could be begun. No model is asked anything.
pub struct Handshake {
    wire: Wire,
    folder: String,
    stage: Stage,
    catalog: Catalog,
}

#[derive(PartialEq)]
enum Stage {
    Greeting,
    Conversation,
    Over,
}

impl Handshake {
    /// `folder` is the one the agent is started in, absolute.
    pub fn new(folder: &str) -> Handshake {
        Handshake {
            wire: Wire::default(),
            folder: folder.to_owned(),
            stage: Stage::Greeting,
            catalog: Catalog::default(),
        }
    }

    fn answered(&mut self, answer: Result<Value, Failure>, heard: &mut Heard) -> Result<(), Failure> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Greeting => {
                self.catalog = catalog_of(answer)?;
                self.wire.ask(&NewSessionRequest::new(self.folder.clone()), heard);
                self.stage = Stage::Conversation;
            }
            Stage::Conversation => {
                let answer = answer?;
                offer::note(&mut self.catalog, &answer);
                let session = read::<NewSessionResponse>(answer)?.session_id.0.to_string();
                let (model, version) = (self.catalog.model.clone(), self.catalog.version.clone());
                heard.event(AgentEvent::SessionStarted { session, model, version });
                heard.event(AgentEvent::Finished { ok: true, cause: None, text: String::new() });
                heard.hang_up = true;
            }
            Stage::Over => {}
        }
        Ok(())
    }
}

impl Protocol for Handshake {
    fn begin(&mut self, heard: &mut Heard) {
        self.wire.ask(&greeting(), heard);
    }

    fn read(&mut self, line: &str, heard: &mut Heard) {
        match self.wire.read(line, heard) {
            Some(Incoming::Answer(answer)) => {
                if let Err(failure) = self.answered(answer, heard) {
                    let Failure { cause, text } = failure.with_logins(&self.catalog.logins);
                    heard.event(AgentEvent::Finished { ok: false, cause: Some(cause), text });
                    heard.hang_up = true;
                }
            }
            Some(Incoming::Request { id, method, .. }) => wire::refuse(id, &method, heard),
            Some(Incoming::Notification { .. }) | None => {}
        }
    }

    /// After a failure that may be less than everything.
    fn catalog(&self) -> Option<&Catalog> {
        Some(&self.catalog)
    }
}
