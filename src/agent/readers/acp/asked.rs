//! What the agent asks of us: whether it may, and what only a person knows.

use super::turn::Turn;
use super::wire::answer;
use crate::agent::event::AgentEvent;
use crate::agent::permission::Permission;
use crate::agent::protocol::Heard;
use agent_client_protocol::v1::schema::{
    CreateElicitationRequest, CreateElicitationResponse, ElicitationAction, ElicitationFormMode, ElicitationMode,
    ElicitationPropertySchema, PermissionOption, PermissionOptionId, PermissionOptionKind, RequestId,
    RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse, SelectedPermissionOutcome,
};

/// Answers by the policy, and always.
pub fn permission(
    id: RequestId,
    request: RequestPermissionRequest,
    policy: Permission,
    worktree: &str,
    turn: &mut Turn,
    heard: &mut Heard,
) {
    turn.flush(heard);
    let call = request.tool_call.tool_call_id;
    let tool = turn.tool_of(&call, request.tool_call.fields);
    let is_allowed = policy.allows(tool.deed(worktree));
    let chosen = choose(&request.options, is_allowed, policy);
    let allowed = is_allowed && chosen.is_some();
    heard.event(AgentEvent::PermissionAsked { tool: tool.word(), summary: tool.summary(), allowed });
    if allowed {
        heard.events.extend(tool.start(&call.0));
    }
    let outcome = match chosen {
        Some(option) => RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option)),
        None => RequestPermissionOutcome::Cancelled,
    };
    answer(id, RequestPermissionResponse::new(outcome), heard);
}

/// Once and not for good: the next time it may be about something else. Only who may do anything may do it always.
fn choose(options: &[PermissionOption], is_allowed: bool, policy: Permission) -> Option<PermissionOptionId> {
    let kinds: &[PermissionOptionKind] = match (is_allowed, policy) {
        (true, Permission::Full) => &[PermissionOptionKind::AllowOnce, PermissionOptionKind::AllowAlways],
        (true, _) => &[PermissionOptionKind::AllowOnce],
        (false, _) => &[PermissionOptionKind::RejectOnce, PermissionOptionKind::RejectAlways],
    };
    let of_kind = |kind: &PermissionOptionKind| options.iter().find(|option| option.kind == *kind);
    kinds.iter().find_map(of_kind).map(|option| option.option_id.clone())
}

/// Nobody is here to answer at once: the question is passed on, and the agent told to go on without.
pub fn question(id: RequestId, request: CreateElicitationRequest, turn: &mut Turn, heard: &mut Heard) {
    turn.flush(heard);
    let choices = match &request.mode {
        ElicitationMode::Form(form) => choices(form),
        _ => Vec::new(),
    };
    heard.event(AgentEvent::Question { text: request.message, choices });
    answer(id, CreateElicitationResponse::new(ElicitationAction::Cancel), heard);
}

fn choices(form: &ElicitationFormMode) -> Vec<String> {
    let of_property = |property: &ElicitationPropertySchema| match property {
        ElicitationPropertySchema::String(text) => {
            let titled = text.one_of.iter().flatten().map(|option| option.title.clone());
            let plain = text.enum_values.iter().flatten().cloned();
            Some(titled.chain(plain).collect::<Vec<_>>()).filter(|choices| !choices.is_empty())
        }
        _ => None,
    };
    form.requested_schema.properties.values().find_map(of_property).unwrap_or_default()
}
