//! One conversation's news, as events: pieces of messages become messages, pieces of tool calls become calls.

use super::tool::{Progress, Tool, fields_of};
use super::usage::Count;
use crate::agent::event::{AgentEvent, Scope};
use crate::agent::protocol::Heard;
use agent_client_protocol::v1::schema::{
    ContentBlock, ContentChunk, MessageId, NoticeSeverity, SessionUpdate, ToolCallId, ToolCallUpdateFields,
};
use std::collections::{BTreeMap, BTreeSet};

/// A message is passed on at this length, whether or not it is at its end.
const LONGEST_PIECE: usize = 64 * 1024;

pub struct Turn {
    said: Option<Said>,
    tools: BTreeMap<String, Tool>,
    /// Calls that are over: some agents have more to say about them, which is too late to matter.
    ended: BTreeSet<String>,
    pub count: Count,
}

/// A message whose end has not come.
struct Said {
    is_thought: bool,
    message: Option<MessageId>,
    text: String,
}

impl Turn {
    pub fn new(scope: Option<Scope>) -> Turn {
        Turn { said: None, tools: BTreeMap::new(), ended: BTreeSet::new(), count: Count::new(scope) }
    }

    pub fn take(&mut self, update: SessionUpdate, heard: &mut Heard) {
        match update {
            SessionUpdate::AgentMessageChunk(chunk) => return self.say(chunk, false, heard),
            SessionUpdate::AgentThoughtChunk(chunk) => return self.say(chunk, true, heard),
            SessionUpdate::ToolCall(call) => {
                self.flush(heard);
                self.ended.remove(&*call.tool_call_id.0);
                self.follow(&call.tool_call_id.clone(), fields_of(call), heard);
            }
            SessionUpdate::ToolCallUpdate(update) => {
                self.flush(heard);
                self.follow(&update.tool_call_id, update.fields, heard);
            }
            SessionUpdate::UsageUpdate(update) => {
                let price = update.cost.as_ref().and_then(|cost| self.count.price(cost));
                heard.events.extend(price);
            }
            SessionUpdate::Notice(notice) if notice.severity == NoticeSeverity::Error => {
                let text = [Some(notice.title), notice.description].into_iter().flatten().collect::<Vec<_>>();
                heard.event(AgentEvent::error(text.join(": ")));
            }
            // Plans, commands, titles, settings, and what we said ourselves.
            _ => {}
        }
        // Nothing else tells where a message without a name ends.
        if self.said.as_ref().is_some_and(|said| said.message.is_none()) {
            self.flush(heard);
        }
    }

    fn say(&mut self, chunk: ContentChunk, is_thought: bool, heard: &mut Heard) {
        let text = match chunk.content {
            ContentBlock::Text(text) => text.text,
            ContentBlock::ResourceLink(link) => link.uri,
            _ => String::new(),
        };
        match &mut self.said {
            Some(said) if said.is_thought == is_thought && said.message == chunk.message_id => {
                said.text.push_str(&text)
            }
            _ => {
                self.flush(heard);
                self.said = Some(Said { is_thought, message: chunk.message_id, text });
            }
        }
        if self.said.as_ref().is_some_and(|said| said.text.len() > LONGEST_PIECE) {
            self.flush(heard);
        }
        if let Some(used) = chunk.meta.as_ref().and_then(|meta| self.count.call(meta)) {
            self.flush(heard);
            heard.event(used);
        }
    }

    /// Passes on what was said so far.
    pub fn flush(&mut self, heard: &mut Heard) {
        let Some(Said { is_thought, text, .. }) = self.said.take() else { return };
        match is_thought {
            _ if text.trim().is_empty() => {}
            true => heard.event(AgentEvent::Thought { text }),
            false => heard.event(AgentEvent::Text { text }),
        }
    }

    fn follow(&mut self, id: &ToolCallId, news: ToolCallUpdateFields, heard: &mut Heard) {
        let id = id.0.to_string();
        if self.ended.contains(&id) {
            return;
        }
        let tool = self.tools.entry(id.clone()).or_default();
        match tool.learn(news) {
            Progress::Prepared => {}
            Progress::Running => heard.events.extend(tool.start(&id)),
            Progress::Ended { ok } => {
                let tool = self.tools.remove(&id).unwrap_or_default();
                heard.events.extend(tool.end(id.clone(), ok));
                self.ended.insert(id);
            }
        }
    }

    /// The call that the agent asks a permission for, with what it says about it now.
    pub fn tool_of(&mut self, id: &ToolCallId, news: ToolCallUpdateFields) -> &mut Tool {
        let tool = self.tools.entry(id.0.to_string()).or_default();
        tool.learn(news);
        tool
    }
}
