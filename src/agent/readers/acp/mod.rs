//! The Agent Client Protocol: JSON-RPC over stdin and stdout, spoken by many agents, some through an adapter.
//!
//! We greet, begin or take up a conversation, set what was wished, hand over the prompt, and hang up after the answer to
//! it. What the agent may do is decided by our answers when it asks; we offer it neither files nor terminals, so that it
//! uses its own. The messages are the types of the `agent-client-protocol` crate; lines and order are ours.

mod asked;
mod failure;
mod handshake;
mod offer;
#[cfg(test)]
mod tests;
mod tool;
mod turn;
mod usage;
mod wire;
mod wishes;

pub use handshake::Handshake;

use crate::agent::catalog::{Catalog, listing};
use crate::agent::event::{AgentEvent, Cause};
use crate::agent::permission::Permission;
use crate::agent::protocol::{Heard, Opening, Protocol};
use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::schema::{
    CLIENT_METHOD_NAMES, ContentBlock, Implementation, InitializeRequest, InitializeResponse, LoadSessionRequest,
    NewSessionRequest, NewSessionResponse, PromptRequest, PromptResponse, RequestId, ResumeSessionRequest,
    SessionNotification, StopReason,
};
use failure::Failure;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::VecDeque;
use turn::Turn;
use wire::{Incoming, Wire};
use wishes::Wish;

pub struct Acp {
    wire: Wire,
    stage: Stage,
    worktree: String,
    resume: Option<String>,
    /// What is to be said in the next turn.
    to_say: Vec<String>,
    wishes: VecDeque<Wish>,
    permission: Permission,
    catalog: Catalog,
    session: String,
    turn: Turn,
}

/// What the agent was asked last.
enum Stage {
    Greeting,
    Conversation,
    Setting(Wish),
    Prompt,
    /// Nothing more.
    Over,
}

impl Acp {
    pub fn new(opening: &Opening<'_>) -> Acp {
        Acp {
            wire: Wire::default(),
            stage: Stage::Greeting,
            worktree: opening.worktree.to_owned(),
            resume: opening.resume.map(str::to_owned),
            to_say: vec![opening.prompt.to_owned()],
            wishes: wishes::of(opening),
            permission: opening.permission,
            catalog: Catalog::default(),
            session: String::new(),
            turn: Turn::new(opening.usage),
        }
    }

    fn answered(&mut self, answer: Result<Value, Failure>, heard: &mut Heard) {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let went_on = match stage {
            Stage::Greeting => self.greeted(answer, heard),
            Stage::Conversation => self.begun(answer, heard),
            Stage::Setting(wish) => self.set(&wish, answer, heard),
            Stage::Prompt => self.turned(answer, heard),
            Stage::Over => Ok(()),
        };
        if let Err(failure) = went_on {
            let Failure { cause, text } = failure.with_logins(&self.catalog.logins);
            self.finish(Some(cause), text, heard);
        }
    }

    fn greeted(&mut self, answer: Result<Value, Failure>, heard: &mut Heard) -> Result<(), Failure> {
        self.catalog = catalog_of(answer)?;
        let (cwd, wire) = (self.worktree.clone(), &mut self.wire);
        match self.resume.clone() {
            None => wire.ask(&NewSessionRequest::new(cwd), heard),
            Some(id) if self.catalog.can_load => wire.ask(&LoadSessionRequest::new(id, cwd), heard),
            Some(id) if self.catalog.can_resume => wire.ask(&ResumeSessionRequest::new(id, cwd), heard),
            Some(id) => {
                let text = format!("the conversation {id} cannot be taken up: the agent cannot take up any");
                return Err(Failure::new(Cause::Request, text));
            }
        }
        self.stage = Stage::Conversation;
        Ok(())
    }

    fn begun(&mut self, answer: Result<Value, Failure>, heard: &mut Heard) -> Result<(), Failure> {
        let tried = match &self.resume {
            Some(id) => format!("the conversation {id} cannot be taken up"),
            None => "no conversation can be begun".to_owned(),
        };
        let answer = answer.map_err(|failure| failure.while_it(&tried))?;
        self.session = match self.resume.take() {
            Some(session) => session,
            None => {
                read::<NewSessionResponse>(answer.clone()).map_err(|f| f.while_it(&tried))?.session_id.0.to_string()
            }
        };
        offer::note(&mut self.catalog, &answer);
        self.go_on(heard)
    }

    fn set(&mut self, wish: &Wish, answer: Result<Value, Failure>, heard: &mut Heard) -> Result<(), Failure> {
        let answer = answer.map_err(|failure| {
            let Failure { cause, text } = failure.while_it(&format!("{} was refused", wish.describe()));
            match wish {
                Wish::Model(_) => Failure::new(cause, format!("{text}; it offers: {}", listing(&self.catalog.models))),
                Wish::Mode(_) | Wish::Effort(_) => Failure::new(cause, text),
            }
        })?;
        match wish {
            Wish::Mode(mode) => self.catalog.mode = Some(mode.clone()),
            Wish::Model(model) => self.catalog.model = Some(model.clone()),
            Wish::Effort(_) => {}
        }
        offer::note(&mut self.catalog, &answer);
        self.go_on(heard)
    }

    /// The next wish, or the prompt.
    fn go_on(&mut self, heard: &mut Heard) -> Result<(), Failure> {
        while let Some(wish) = self.wishes.pop_front() {
            let asked = wish.ask(&self.catalog, &self.session, &mut self.wire, heard).map_err(|why| {
                Failure::new(Cause::Request, format!("{} is not known to the agent; {why}", wish.describe()))
            })?;
            if asked {
                self.stage = Stage::Setting(wish);
                return Ok(());
            }
        }
        heard.event(AgentEvent::SessionStarted {
            session: self.session.clone(),
            model: self.catalog.model.clone(),
            version: self.catalog.version.clone(),
        });
        self.prompt(heard);
        Ok(())
    }

    fn prompt(&mut self, heard: &mut Heard) {
        let said = self.to_say.drain(..).map(ContentBlock::from).collect();
        self.wire.ask(&PromptRequest::new(self.session.clone(), said), heard);
        self.stage = Stage::Prompt;
    }

    fn turned(&mut self, answer: Result<Value, Failure>, heard: &mut Heard) -> Result<(), Failure> {
        self.turn.flush(heard);
        let answer = read::<PromptResponse>(answer?)?;
        heard.events.extend(self.turn.count.turn(&answer));
        let (cause, text) = match answer.stop_reason {
            StopReason::EndTurn if self.to_say.is_empty() => (None, ""),
            StopReason::EndTurn => {
                self.prompt(heard);
                return Ok(());
            }
            StopReason::MaxTokens => (Some(Cause::Request), "the model's answer was longer than it may be"),
            StopReason::MaxTurnRequests => (Some(Cause::Budget), "the agent made as many model calls as it may"),
            StopReason::Refusal => (Some(Cause::Request), "the agent refused to go on"),
            StopReason::Cancelled => (Some(Cause::Aborted), "the turn was cancelled"),
            _ => (Some(Cause::Other), "the agent ended for a reason that is not known here"),
        };
        self.finish(cause, text.to_owned(), heard);
        Ok(())
    }

    fn finish(&mut self, cause: Option<Cause>, text: String, heard: &mut Heard) {
        self.turn.flush(heard);
        heard.event(AgentEvent::Finished { ok: cause.is_none(), cause, text });
        heard.hang_up = true;
        self.stage = Stage::Over;
    }

    fn requested(&mut self, id: RequestId, method: &str, params: Value, heard: &mut Heard) {
        if method == CLIENT_METHOD_NAMES.session_request_permission {
            if let Ok(request) = serde_json::from_value(params) {
                return asked::permission(id, request, self.permission, &self.worktree, &mut self.turn, heard);
            }
        } else if method == CLIENT_METHOD_NAMES.elicitation_create
            && let Ok(request) = serde_json::from_value(params)
        {
            return asked::question(id, request, &mut self.turn, heard);
        }
        wire::refuse(id, method, heard);
    }

    fn notified(&mut self, method: &str, params: Value, heard: &mut Heard) {
        if method != CLIENT_METHOD_NAMES.session_update {
            // The protocol keeps names like `_this` for extensions that need not be known.
            if !method.starts_with('_') {
                heard.unknown(method);
            }
            return;
        }
        // Before the prompt, it is the earlier conversation that is told again.
        if !matches!(self.stage, Stage::Prompt | Stage::Over) || self.session.is_empty() {
            return;
        }
        let kind = params.pointer("/update/sessionUpdate").and_then(Value::as_str).unwrap_or(method).to_owned();
        match serde_json::from_value::<SessionNotification>(params) {
            Ok(news) if *news.session_id.0 == *self.session => self.turn.take(news.update, heard),
            Ok(_) => {}
            Err(_) => heard.unknown(&kind),
        }
    }
}

impl Protocol for Acp {
    fn begin(&mut self, heard: &mut Heard) {
        self.wire.ask(&greeting(), heard);
    }

    fn read(&mut self, line: &str, heard: &mut Heard) {
        match self.wire.read(line, heard) {
            Some(Incoming::Answer(answer)) => self.answered(answer, heard),
            Some(Incoming::Request { id, method, params }) => self.requested(id, &method, params, heard),
            Some(Incoming::Notification { method, params }) => self.notified(&method, params, heard),
            None => {}
        }
    }

    /// Agents take one prompt at a time, so it is kept for the next turn.
    fn say(&mut self, text: &str, _heard: &mut Heard) -> bool {
        let is_running = self.listens();
        if is_running {
            self.to_say.push(text.to_owned());
        }
        is_running
    }

    fn listens(&self) -> bool {
        !matches!(self.stage, Stage::Over)
    }

    fn catalog(&self) -> Option<&Catalog> {
        Some(&self.catalog)
    }

    fn end(&mut self, _exit: Option<i32>, heard: &mut Heard) {
        self.turn.flush(heard);
        self.stage = Stage::Over;
    }
}

fn greeting() -> InitializeRequest {
    let us = Implementation::new("aifactory", env!("CARGO_PKG_VERSION"));
    InitializeRequest::new(ProtocolVersion::V1).client_info(us)
}

/// What the answer to the greeting says.
fn catalog_of(answer: Result<Value, Failure>) -> Result<Catalog, Failure> {
    let tried = "the agent did not answer the greeting";
    let answer = answer.and_then(read::<InitializeResponse>).map_err(|failure| failure.while_it(tried))?;
    if answer.protocol_version != ProtocolVersion::V1 {
        let text = format!("the agent speaks version {} of its protocol, and we speak 1", answer.protocol_version);
        return Err(Failure::new(Cause::Other, text));
    }
    Ok(offer::greeted(answer))
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, Failure> {
    serde_json::from_value(answer).map_err(|_| Failure::unreadable())
}
