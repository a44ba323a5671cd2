//! What is to be set before the agent is told its task: mode, model, effort.

use super::wire::Wire;
use crate::agent::catalog::{Catalog, Setting, find_listed, listing};
use crate::agent::protocol::{Heard, Opening};
use agent_client_protocol::v1::schema::{SetSessionConfigOptionRequest, SetSessionModeRequest};
use serde_json::json;
use std::collections::VecDeque;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// What the agent may do without asking. It comes first: nothing is done in the wrong one.
    Mode(String),
    Model(String),
    Effort(String),
}

pub fn of(opening: &Opening<'_>) -> VecDeque<Wish> {
    let own = |text: Option<&str>| text.map(str::to_owned);
    let wishes =
        [own(opening.mode).map(Wish::Mode), own(opening.model).map(Wish::Model), own(opening.effort).map(Wish::Effort)];
    wishes.into_iter().flatten().collect()
}

impl Wish {
    pub fn describe(&self) -> String {
        match self {
            Wish::Mode(mode) => format!("the mode `{mode}`"),
            Wish::Model(model) => format!("the model `{model}`"),
            Wish::Effort(effort) => format!("the effort `{effort}`"),
        }
    }

    /// Asks for it, where it is not so already. `Ok(false)`: there is nothing to ask for.
    pub fn ask(&self, catalog: &Catalog, session: &str, wire: &mut Wire, heard: &mut Heard) -> Result<bool, String> {
        match self {
            Wish::Mode(mode) => set_mode(mode, catalog, session, wire, heard),
            Wish::Model(model) => set_model(model, catalog, session, wire, heard),
            Wish::Effort(effort) => match catalog.setting(is_effort) {
                Some(setting) => set_listed(setting, effort, session, wire, heard),
                None => Err("it has no effort to choose".to_owned()),
            },
        }
    }
}

fn set_mode(mode: &str, catalog: &Catalog, session: &str, wire: &mut Wire, heard: &mut Heard) -> Result<bool, String> {
    if catalog.mode.as_deref() == Some(mode) {
        return Ok(false);
    }
    if !catalog.modes.iter().any(|known| known.id == mode) {
        return Err(format!("it offers: {}", listing(&catalog.modes)));
    }
    match catalog.setting(|setting| !catalog.has_own_modes && setting.category.as_deref() == Some("mode")) {
        Some(setting) => {
            wire.ask(&SetSessionConfigOptionRequest::new(session.to_owned(), setting.id.clone(), mode), heard);
            Ok(true)
        }
        None => {
            wire.ask(&SetSessionModeRequest::new(session.to_owned(), mode.to_owned()), heard);
            Ok(true)
        }
    }
}

/// A model that is not listed is asked for all the same: some agents take more than they list.
fn set_model(
    model: &str,
    catalog: &Catalog,
    session: &str,
    wire: &mut Wire,
    heard: &mut Heard,
) -> Result<bool, String> {
    let id = find_listed(&catalog.models, model).map_or(model, |listed| &listed.id);
    if catalog.model.as_deref() == Some(id) {
        return Ok(false);
    }
    match catalog.setting(|setting| setting.category.as_deref() == Some("model")) {
        Some(setting) => {
            wire.ask(&SetSessionConfigOptionRequest::new(session.to_owned(), setting.id.clone(), id), heard);
        }
        None if catalog.models.is_empty() => return Err("it has no models to choose from".to_owned()),
        None => wire.ask_by_name("session/set_model", json!({ "sessionId": session, "modelId": id }), heard),
    }
    Ok(true)
}

fn set_listed(
    setting: &Setting,
    wanted: &str,
    session: &str,
    wire: &mut Wire,
    heard: &mut Heard,
) -> Result<bool, String> {
    let value = find_listed(&setting.values, wanted).ok_or(format!("it offers: {}", listing(&setting.values)))?;
    if setting.current == value.id {
        return Ok(false);
    }
    wire.ask(&SetSessionConfigOptionRequest::new(session.to_owned(), setting.id.clone(), value.id.as_str()), heard);
    Ok(true)
}

fn is_effort(setting: &Setting) -> bool {
    let words = ["thought_level", "effort", "thinking", "reasoning_effort"];
    let is_one = |word: &str| words.contains(&word);
    is_one(&setting.id) || setting.category.as_deref().is_some_and(is_one)
}
