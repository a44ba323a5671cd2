//! What the agent offers, out of its answers to the greeting and to the beginning of a conversation.

use crate::agent::catalog::{Catalog, Listed, Setting};
use crate::agent::protocol::field;
use agent_client_protocol::v1::schema::{
    InitializeResponse, SessionConfigKind, SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOption,
    SessionConfigSelectOptions, SessionModeState,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub fn greeted(answer: InitializeResponse) -> Catalog {
    let sessions = &answer.agent_capabilities.session_capabilities;
    Catalog {
        logins: answer.auth_methods.iter().map(|method| Listed::new(&*method.id().0, method.name())).collect(),
        can_load: answer.agent_capabilities.load_session,
        can_resume: sessions.resume.is_some(),
        name: answer.agent_info.as_ref().map(|agent| agent.title.clone().unwrap_or_else(|| agent.name.clone())),
        version: answer.agent_info.map(|agent| agent.version),
        ..Catalog::default()
    }
}

/// Notes what the answer to a request says about models, modes and settings. What it leaves out stays as it was.
pub fn note(catalog: &mut Catalog, answer: &Value) {
    if let Some(modes) = read::<SessionModeState>(answer, "modes") {
        catalog.modes = modes.available_modes.iter().map(|mode| Listed::new(&*mode.id.0, &mode.name)).collect();
        catalog.mode = Some(modes.current_mode_id.0.to_string());
        catalog.has_own_modes = true;
    }
    // The protocol's own list of models is older than its settings; not every agent has gone on to them.
    let models: Vec<Listed> = field::list(answer, &["models", "availableModels"]).filter_map(listed_model).collect();
    if !models.is_empty() {
        catalog.models = models;
        catalog.model = field::text(answer, &["models", "currentModelId"]).map(str::to_owned);
    }
    let options: Vec<SessionConfigOption> = field::list(answer, &["configOptions"])
        .filter_map(|option| serde_json::from_value(option.clone()).ok())
        .collect();
    if !options.is_empty() {
        catalog.settings = options.iter().filter_map(setting).collect();
    }
    let of_category = |category: &str| catalog.settings.iter().find(|one| one.category.as_deref() == Some(category));
    if let Some(setting) = of_category("model").cloned() {
        catalog.models = setting.values;
        catalog.model = Some(setting.current);
    }
    if let Some(setting) = of_category("mode").filter(|_| !catalog.has_own_modes).cloned() {
        catalog.modes = setting.values;
        catalog.mode = Some(setting.current);
    }
}

fn read<T: DeserializeOwned>(answer: &Value, key: &str) -> Option<T> {
    serde_json::from_value(answer.get(key)?.clone()).ok()
}

fn listed_model(model: &Value) -> Option<Listed> {
    let id = field::text(model, &["modelId"])?;
    Some(Listed::new(id, field::text(model, &["name"]).unwrap_or(id)))
}

fn setting(option: &SessionConfigOption) -> Option<Setting> {
    let (current, values) = match &option.kind {
        SessionConfigKind::Select(select) => (select.current_value.0.to_string(), values(&select.options)),
        SessionConfigKind::Boolean(boolean) => {
            (boolean.current_value.to_string(), vec![Listed::new("true", "on"), Listed::new("false", "off")])
        }
        _ => return None,
    };
    let category = option.category.as_ref().map(|category| match category {
        SessionConfigOptionCategory::Mode => "mode".to_owned(),
        SessionConfigOptionCategory::Model => "model".to_owned(),
        SessionConfigOptionCategory::ModelConfig => "model_config".to_owned(),
        SessionConfigOptionCategory::ThoughtLevel => "thought_level".to_owned(),
        SessionConfigOptionCategory::Other(word) => word.clone(),
        _ => String::new(),
    });
    Some(Setting { id: option.id.0.to_string(), name: option.name.clone(), category, current, values })
}

fn values(options: &SessionConfigSelectOptions) -> Vec<Listed> {
    let listed = |option: &SessionConfigSelectOption| Listed::new(&*option.value.0, &option.name);
    match options {
        SessionConfigSelectOptions::Ungrouped(options) => options.iter().map(listed).collect(),
        SessionConfigSelectOptions::Grouped(groups) => {
            groups.iter().flat_map(|group| &group.options).map(listed).collect()
        }
        _ => Vec::new(),
    }
}
