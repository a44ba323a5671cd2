//! The protocols, one file each. A new one is a file here and a line in [`ReaderKind::TABLE`].

mod acp;
mod aider;
mod calls;
mod claude;
mod claude_two_way;
mod codex;
mod codex_server;
mod copilot;
mod events;
mod gemini;
mod greeting;
mod kimi;
mod opencode;
mod pi;
mod places;
mod qwen;
mod runbook;
mod text;
mod vibe;

use super::protocol::{Opening, Protocol};

type Make = fn(&Opening<'_>) -> Box<dyn Protocol>;
type Greet = fn(&str) -> Box<dyn Protocol>;

/// A protocol by its name in an agent's record.
#[derive(Clone, Copy)]
pub struct ReaderKind {
    pub name: &'static str,
    /// Whether the protocol has a last event of its own; without one, an end with exit code 0 is no success.
    pub says_when_finished: bool,
    make: Make,
    /// Asks the agent who it is, in that folder, and no more.
    greet: Option<Greet>,
    /// What the agent says is spread over many lines, a few letters each.
    pub comes_in_pieces: bool,
    /// The protocol has words for the model and the effort; otherwise the command line needs a place for them.
    pub has_choices: bool,
}

const fn kind(name: &'static str, says_when_finished: bool, make: Make) -> ReaderKind {
    ReaderKind { name, says_when_finished, make, greet: None, comes_in_pieces: false, has_choices: false }
}

impl ReaderKind {
    #[rustfmt::skip]
    pub const TABLE: &'static [ReaderKind] = &[
        kind("acp", true, |opening| Box::new(acp::Acp::new(opening)))
            .in_pieces()
            .choosing()
            .greeted(|folder| Box::new(acp::Handshake::new(folder))),
        kind("aider", false, |_| Box::<aider::Aider>::default()),
        kind("claude", true, |_| Box::new(claude::Claude::default())),
        kind("claude-two-way", true, |opening| Box::new(claude_two_way::ClaudeTwoWay::new(opening)))
            .greeted(|_| Box::new(greeting::Greeting::of_claude())),
        kind("codex", true, |_| Box::new(codex::Codex::default())),
        kind("codex-server", true, |opening| Box::new(codex_server::CodexServer::new(opening)))
            .in_pieces()
            .choosing()
            .greeted(|_| Box::new(greeting::Greeting::of_codex())),
        kind("copilot", true, |_| Box::<copilot::Copilot>::default()).in_pieces(),
        kind("events", true, |opening| Box::new(events::Events::new(opening))).choosing(),
        kind("gemini", true, |_| Box::new(gemini::Gemini::default())).in_pieces(),
        kind("kimi", false, |_| Box::<kimi::Kimi>::default()),
        kind("opencode", true, |_| Box::<opencode::OpenCode>::default()),
        kind("pi", true, |_| Box::<pi::Pi>::default()).in_pieces(),
        kind("qwen", true, |_| Box::new(qwen::Qwen::default())),
        kind("runbook", false, |_| Box::new(runbook::Runbook)),
        kind("text", false, |_| Box::new(text::Text)),
        kind("vibe", false, |_| Box::<vibe::Vibe>::default()),
    ];

    const fn in_pieces(self) -> ReaderKind {
        ReaderKind { comes_in_pieces: true, ..self }
    }

    const fn choosing(self) -> ReaderKind {
        ReaderKind { has_choices: true, ..self }
    }

    const fn greeted(self, greet: Greet) -> ReaderKind {
        ReaderKind { greet: Some(greet), ..self }
    }

    pub fn find(name: &str) -> Option<ReaderKind> {
        ReaderKind::TABLE.iter().find(|kind| kind.name == name).copied()
    }

    pub fn text() -> ReaderKind {
        ReaderKind::find("text").expect("the table has it")
    }

    pub fn is_runbook(self) -> bool {
        self.name == "runbook"
    }

    pub fn protocol(self, opening: &Opening<'_>) -> Box<dyn Protocol> {
        (self.make)(opening)
    }

    pub fn handshake(self, folder: &str) -> Option<Box<dyn Protocol>> {
        self.greet.map(|greet| greet(folder))
    }
}

impl PartialEq for ReaderKind {
    fn eq(&self, other: &ReaderKind) -> bool {
        self.name == other.name
    }
}

impl Eq for ReaderKind {}

impl std::fmt::Debug for ReaderKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
