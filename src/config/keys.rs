//! The table of settings.

use crate::model::{parse_count, parse_duration, parse_money, parse_size};
use toml::Value;

pub struct Key {
    pub name: &'static str,
    pub kind: Kind,
    /// As text; see [`Kind::from_text`].
    pub default: &'static str,
    pub about: &'static str,
    /// A project's policy cannot set it.
    pub machine_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    /// `90s`, `15m`, `2h`, `1d`.
    Duration,
    /// The same, or empty: none.
    OptionalDuration,
    /// US dollars: `5`, `$5.00`, `0.50`; empty: none.
    Money,
    /// `200000`, `200k`, `2M`; empty: none.
    Count,
    /// `512M`, `8G`; empty: none.
    Size,
    List,
    Choice(&'static [&'static str]),
}

const fn project(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { name, kind, default, about, machine_only: false }
}

const fn machine(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { name, kind, default, about, machine_only: true }
}

pub const KEYS: &[Key] = &[
    project("agent.code", Kind::Text, "", "the agent that writes code; empty: agent.default"),
    project(
        "agent.default",
        Kind::Text,
        "runbook",
        "the agent that carries out plans, with a model and an effort where wanted: claude:opus#high",
    ),
    project(
        "agent.fallback",
        Kind::List,
        "",
        "agents that step in, one after another, where the service of the chosen one fails",
    ),
    machine(
        "agent.override",
        Kind::Text,
        "",
        "the agent that carries out plans, whatever tasks and other settings say; `run --agent` sets it for once",
    ),
    project(
        "agent.permission",
        Kind::Choice(&["read-only", "edit", "full"]),
        "full",
        "what agents may do without asking: look, change files, or run any command",
    ),
    project("agent.plan", Kind::Text, "", "the agent for specs, plans and research; empty: agent.default"),
    project("agent.review", Kind::Text, "", "the agent for reviews, best another model; empty: agent.default"),
    project(
        "budget.day-cost",
        Kind::Money,
        "",
        "what the runs that begin on one day (UTC) may cost together, in US dollars; empty: no limit",
    ),
    project("budget.day-time", Kind::OptionalDuration, "", "how long the runs of one day may take together"),
    project(
        "budget.day-tokens",
        Kind::Count,
        "",
        "how many tokens the runs of one day may use together, read, cached and written",
    ),
    project("budget.project-cost", Kind::Money, "", "what all runs of all tasks may ever cost together"),
    project("budget.project-time", Kind::OptionalDuration, "", "how long all runs of all tasks may take together"),
    project("budget.project-tokens", Kind::Count, "", "how many tokens all runs of all tasks may use together"),
    project(
        "budget.task-cost",
        Kind::Money,
        "",
        "what the runs of one task may cost together, unless it has a budget of its own",
    ),
    project("budget.task-time", Kind::OptionalDuration, "", "how long the runs of one task may take together"),
    project("budget.task-tokens", Kind::Count, "", "how many tokens the runs of one task may use together"),
    project(
        "claim.lease",
        Kind::Duration,
        "10m",
        "how long a machine that shows no sign of life keeps its tasks before others may take them over",
    ),
    project("gate.timeout", Kind::Duration, "10m", "how long one gate may run"),
    project("gates", Kind::List, "", "commands that must pass before any merge, besides the plan's own"),
    project(
        "limit.cpu",
        Kind::Duration,
        "0s",
        "CPU time that an agent or a gate may use with all it starts; 0s: as much as it wants",
    ),
    project(
        "limit.files",
        Kind::Number,
        "0",
        "files that each of its processes may have open; 0: as the system has it",
    ),
    project(
        "limit.memory",
        Kind::Size,
        "",
        "memory that it may use with all it starts, such as 8G; empty: all there is",
    ),
    project("limit.processes", Kind::Number, "0", "processes and threads that it may have at one time; 0: any number"),
    machine(
        "memory.embeddings.key",
        Kind::Text,
        "",
        "the name of the credential for memory.embeddings.url, a variable or one of secrets.*; never the key itself",
    ),
    machine(
        "memory.embeddings.least",
        Kind::Number,
        "35",
        "how near a note's meaning must be, in percent; models differ: memory search --json shows it as `likeness`",
    ),
    machine("memory.embeddings.model", Kind::Text, "", "the model there, such as text-embedding-3-small"),
    machine(
        "memory.embeddings.url",
        Kind::Text,
        "",
        "where notes and tasks are sent to be compared by meaning, such as http://127.0.0.1:11434/v1; empty: nowhere",
    ),
    project(
        "memory.proposed",
        Kind::Choice(&["off", "on"]),
        "off",
        "whether tasks are shown notes that agents proposed and nobody has promoted or confirmed yet",
    ),
    project(
        "merge.feature-branches",
        Kind::Choice(&["on", "off"]),
        "off",
        "whether `run --merge` and `work --merge` leave work on its branch; labels needs-branch and skip-branch",
    ),
    project(
        "merge.review",
        Kind::Choice(&["asked", "required"]),
        "asked",
        "whether only reviewed work is merged, or whatever a review says where there was one",
    ),
    machine("merge.target", Kind::Text, "", "the branch that work is merged into; empty: the remote's default branch"),
    project(
        "plan.approve-by-merge",
        Kind::Choice(&["off", "on"]),
        "off",
        "whether a proposed plan that was merged is approved; for targets that only reviewed changes reach",
    ),
    project("plan.branch", Kind::Text, "aifactory/plan/{id}", "how the branches of proposed plans are called"),
    project(
        "plan.by-default",
        Kind::Choice(&["on", "off"]),
        "on",
        "whether a task without a plan gets one from an agent before anything is done; labels needs-plan and skip-plan",
    ),
    project("plan.folder", Kind::Text, "plans", "the folder of the repository that proposed plans are in"),
    machine("plan.remote", Kind::Text, "", "where plans are proposed; empty: origin, the only remote, or sync.remote"),
    machine("prompt.implementation", Kind::Text, "", "words put into the prompt of every agent that changes files"),
    machine("prompt.planning", Kind::Text, "", "words put into the prompt of every agent that writes specs and plans"),
    project("risk.words", Kind::List, "", "further file and folder names whose change asks for a person"),
    project("risk.default", Kind::Choice(&["auto", "async", "blocking"]), "blocking", "the risk of a new task"),
    project("run.attempts", Kind::Number, "3", "how often a model agent may try a step before a person is asked"),
    project(
        "run.backoff",
        Kind::Duration,
        "10s",
        "the wait before a failed agent is tried again; it doubles each time",
    ),
    project("run.grace", Kind::Duration, "5s", "between asking a process to end and ending it"),
    machine("run.jobs", Kind::Number, "3", "how many tasks run at once"),
    machine(
        "run.rate-limit-wait",
        Kind::Duration,
        "2m",
        "a pause of the model's service that an agent may wait for; a longer one parks the task",
    ),
    project(
        "run.parallel",
        Kind::Number,
        "3",
        "how many steps of one plan are worked on at once where they share no files; a task's own: set <id> parallel=1",
    ),
    project("run.recoveries", Kind::Number, "3", "how many crashes a task survives before a person is asked"),
    project("run.silence", Kind::Duration, "15m", "how long an agent may print nothing"),
    project("run.silence-in-tool", Kind::Duration, "30m", "the same while one of its tools runs"),
    project("run.timeout", Kind::Duration, "60m", "how long one step may take in all"),
    project(
        "sandbox.kind",
        Kind::Choice(&["none", "bwrap", "landlock"]),
        "none",
        "what keeps agents and gates from writing outside their worktree",
    ),
    project("sandbox.network", Kind::Choice(&["on", "off"]), "on", "whether they reach the network from a sandbox"),
    machine("sandbox.readable", Kind::List, "", "folders below /tmp or /run that they have to see from a sandbox"),
    machine("sandbox.writable", Kind::List, "", "further folders that they may change from a sandbox"),
    machine(
        "secrets.commands",
        Kind::List,
        "",
        "NAME=command: what the command prints is the credential of this name, anew for every agent that needs it",
    ),
    machine(
        "secrets.files",
        Kind::List,
        "",
        "files of NAME=value lines with credentials for agents, besides secrets.env in your settings folder",
    ),
    machine(
        "state.durability",
        Kind::Choice(&["process", "power"]),
        "process",
        "what an acknowledged write survives: a killed process, or a power cut too (slower)",
    ),
    project("state.ref", Kind::Text, "refs/aifactory/state", "the ref that holds the state"),
    machine("sync.also", Kind::List, "", "further remotes that the state is shared through"),
    machine(
        "sync.auto",
        Kind::Choice(&["off", "on"]),
        "off",
        "share after every command that changed something, some seconds later and in the background",
    ),
    project(
        "sync.branches",
        Kind::Choice(&["on", "off"]),
        "on",
        "whether the branch of a task that waits or is under review goes along with the state",
    ),
    machine(
        "sync.interval",
        Kind::Duration,
        "30s",
        "how often a worker or a run asks the remote for news, give or take a third",
    ),
    project(
        "sync.remote",
        Kind::Text,
        "",
        "the remote, or its address, that the state is shared through; empty: origin, or the only one",
    ),
    project("transcripts.age", Kind::Duration, "90d", "how long gc leaves what agents printed"),
    machine(
        "transcripts.keep",
        Kind::Choice(&["local", "shared", "off"]),
        "local",
        "whether what agents print is kept in this clone, also shared with the state, or not kept beyond the live logs",
    ),
    project("transcripts.size", Kind::Size, "8M", "the most that is kept of one run; of a longer one the two ends"),
    machine(
        "trust.full",
        Kind::Choice(&["ask", "yes"]),
        "ask",
        "whether agents may run commands here without asking: after a person's yes (aifactory trust --full), or always",
    ),
    machine(
        "trust.plans",
        Kind::Choice(&["own", "shared"]),
        "own",
        "whose plans may run commands here: those written or approved on this machine, or whatever the state says",
    ),
    machine("work.pause", Kind::Duration, "0s", "the wait after each task that a worker carried out"),
    project(
        "workflow",
        Kind::Text,
        "default",
        "the way that tasks go, by its name; `aifactory workflow list` shows what there is",
    ),
    machine(
        "workflow.role",
        Kind::Text,
        "",
        "the role that is run alone, whatever tasks and workflows say; `run --role` sets it for once",
    ),
    project(
        "worktree.branch",
        Kind::Text,
        "aifactory/{id}-{slug}",
        "how task branches are called: {id}, {slug}, {key}; in a sandbox, aifactory/{id}/{slug} keeps them apart",
    ),
    project("worktree.caches", Kind::List, "", "ignored paths that may stay when a worktree is used again"),
    machine("worktree.parked", Kind::Number, "4", "how many unused worktrees are kept for the next task"),
    machine("worktree.ports", Kind::Number, "20", "how many ports each task may use from AIFACTORY_PORT_BASE on"),
    machine("worktree.root", Kind::Text, "", "where worktrees are; empty: below $XDG_STATE_HOME/aifactory"),
    project("worktree.setup", Kind::List, "", "commands that prepare a new worktree before an agent starts"),
    project("worktree.setup-timeout", Kind::Duration, "10m", "how long one of them may run"),
];

impl Key {
    /// `AIFACTORY_RUN_SILENCE_IN_TOOL` for `run.silence-in-tool`.
    pub fn variable(&self) -> String {
        format!("AIFACTORY_{}", self.name.to_ascii_uppercase().replace(['.', '-'], "_"))
    }

    pub fn default_value(&self) -> Value {
        self.kind.from_text(self.default)
    }
}

impl Kind {
    /// A value as a person types it on a command line or in a variable. What does not fit stays text, for `check`.
    pub fn from_text(self, text: &str) -> Value {
        match self {
            Kind::Number => text.parse().map(Value::Integer).unwrap_or_else(|_| Value::String(text.to_owned())),
            Kind::List => {
                let items = text.split('\n').map(str::trim).filter(|item| !item.is_empty());
                Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
            }
            Kind::Text
            | Kind::Duration
            | Kind::OptionalDuration
            | Kind::Money
            | Kind::Count
            | Kind::Size
            | Kind::Choice(_) => Value::String(text.to_owned()),
        }
    }

    /// The value, or what is wrong with it.
    pub fn check(self, value: &Value) -> Result<Value, String> {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let is = |fits: bool, what: &str| match fits {
            true => Ok(value.clone()),
            false => Err(format!("`{}` is not {what}", crate::model::text::escape_line(&shown))),
        };
        // Files may have it as a number, too.
        let is_amount = |amount: Option<u64>, what: &str| match amount.is_some() || shown.is_empty() {
            true => Ok(Value::String(shown.clone())),
            false => is(false, what),
        };
        match self {
            Kind::Text => is(value.is_str(), "a text"),
            Kind::Number => is(value.as_integer().is_some_and(|number| number >= 0), "a whole number"),
            Kind::Duration => {
                is(value.as_str().is_some_and(|text| parse_duration(text).is_some()), "a time such as 90s, 15m or 2h")
            }
            Kind::OptionalDuration if shown.is_empty() => Ok(value.clone()),
            Kind::OptionalDuration => Kind::Duration.check(value),
            Kind::Money => is_amount(parse_money(&shown), "an amount of US dollars such as 5, $5.00 or 0.50"),
            Kind::Count => is_amount(parse_count(&shown), "a number such as 200000, 200k or 2M"),
            Kind::Size => is(
                value.as_str().is_some_and(|text| text.is_empty() || parse_size(text).is_some()),
                "a size such as 512M or 8G",
            ),
            Kind::List => {
                let texts = value.as_array().is_some_and(|items| items.iter().all(Value::is_str));
                is(texts, "a list of texts")
            }
            Kind::Choice(words) => {
                is(value.as_str().is_some_and(|text| words.contains(&text)), &format!("one of {}", words.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_amounts_or_empty() {
        let said = |kind: Kind, value: Value| kind.check(&value).map(|value| value.as_str().unwrap().to_owned());
        let text = |text: &str| Value::String(text.to_owned());
        for kind in [Kind::Money, Kind::Count, Kind::OptionalDuration] {
            assert_eq!(said(kind, text("")).as_deref(), Ok(""));
        }
        assert_eq!(said(Kind::Money, text("$5.00")).as_deref(), Ok("$5.00"));
        assert_eq!(said(Kind::Money, Value::Integer(5)).as_deref(), Ok("5"));
        assert_eq!(said(Kind::Money, Value::Float(0.5)).as_deref(), Ok("0.5"));
        assert_eq!(said(Kind::Count, text("200k")).as_deref(), Ok("200k"));
        assert_eq!(said(Kind::Count, Value::Integer(200_000)).as_deref(), Ok("200000"));
        assert_eq!(said(Kind::OptionalDuration, text("30m")).as_deref(), Ok("30m"));
        assert_eq!(
            said(Kind::Money, text("5 eur")).unwrap_err(),
            "`5 eur` is not an amount of US dollars such as 5, $5.00 or 0.50"
        );
        assert_eq!(
            said(Kind::Count, Value::Integer(-1)).unwrap_err(),
            "`-1` is not a number such as 200000, 200k or 2M"
        );
        assert_eq!(
            said(Kind::OptionalDuration, text("soon")).unwrap_err(),
            "`soon` is not a time such as 90s, 15m or 2h"
        );
        assert!(said(Kind::Money, Value::Boolean(true)).is_err() && said(Kind::Count, Value::Float(f64::NAN)).is_err());
    }
}
