//! The command line: one file per command, each parsing its arguments, calling one operation, showing one answer.
//!
//! A new command is a new file, a variant of [`Command`] and its line in [`dispatch`]. Help, man pages and completions
//! are derived from here.

mod actions;
mod agents;
mod answer;
mod approve;
mod ask;
mod attach;
mod auto_sync;
mod cancel;
mod changelog;
mod claim;
mod completions;
mod config;
mod context;
mod diff;
mod discard;
mod doctor;
mod edit;
mod exec;
mod foreign;
mod gc;
mod import;
mod import_claude_credentials;
mod import_ideas;
mod import_workflow;
mod init;
mod inside;
mod list;
mod log;
mod man;
mod memory;
mod merge;
mod message;
mod named;
mod new;
mod path;
mod pause;
mod plan;
mod plan_review;
mod progress;
mod prompt;
mod quickstart;
mod reject;
mod release;
mod resume;
mod retry;
mod review;
mod run;
mod runbook;
mod say;
mod search;
mod set;
mod shell;
mod show;
mod spec;
mod status;
mod stop;
mod sync;
mod text_verbs;
mod trust;
mod usage;
mod work;
mod workflow;
mod write;

pub use context::{Context, Finish};
use named::text_of;

use crate::error::{Kind, Result};
use crate::host::Host;
use crate::process::{confine, guardian};
use crate::ui::{ColourChoice, Manner, Ui};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// A git-native task manager and agent orchestrator.
///
/// A backlog of tasks becomes specs, plans that people review, agent runs in worktrees of their own, and merges of work
/// that aifactory itself has verified. Everything it knows is on one git ref.
#[derive(Parser)]
#[command(name = "aifactory", version, max_term_width = 100, infer_subcommands = false, after_help = FIRST_STEPS)]
pub struct Cli {
    /// Run as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = GENERAL)]
    directory: Option<PathBuf>,
    /// Answer in JSON: one object with a `schema`
    #[arg(long, global = true, help_heading = GENERAL)]
    json: bool,
    /// When to use colour: always, never or auto
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true, help_heading = GENERAL)]
    color: Colour,
    /// Say nothing but the answer
    #[arg(short, long, global = true, help_heading = GENERAL)]
    quiet: bool,
    /// Say more: agents' output, causes
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = GENERAL)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes stand under a heading of their own.
const GENERAL: &str = "General options";

const FIRST_STEPS: &str = "\
First steps:
  aifactory quickstart             see it work on a small project of its own
  aifactory init                   begin in this repository
  id=$(aifactory new \"Fix it\")     a task; its id is printed alone
  aifactory plan edit $id          write the plan
  aifactory approve $id            say yes to exactly this plan
  aifactory run $id                carry it out and verify it
  aifactory merge $id              merge what passed";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colour {
    Always,
    Never,
    Auto,
}

#[derive(Subcommand)]
pub enum Command {
    Init(init::Args),
    New(new::Args),
    List(list::Args),
    Show(show::Args),
    Edit(edit::Args),
    Set(set::Args),
    Cancel(cancel::Args),
    Spec(spec::Args),
    Plan(plan::Args),
    Approve(approve::Args),
    Reject(reject::Args),
    Claim(claim::Args),
    Release(release::Args),
    Run(run::Args),
    Work(work::Args),
    Status(status::Args),
    Log(log::Args),
    Say(say::Args),
    Answer(answer::Args),
    Attach(attach::Args),
    Stop(stop::Args),
    Pause(pause::Args),
    Resume(resume::Args),
    Retry(retry::Args),
    Path(path::Args),
    Shell(shell::Args),
    Exec(exec::Args),
    Diff(diff::Args),
    Review(review::Args),
    Merge(merge::Args),
    Discard(discard::Args),
    Changelog(changelog::Args),
    #[command(name = "do")]
    Do(actions::Args),
    Prompt(prompt::Args),
    Workflow(workflow::Args),
    Message(message::Args),
    Memory(memory::Args),
    Search(search::Args),
    Sync(sync::Args),
    Import(import::Args),
    Agents(agents::Args),
    Usage(usage::Args),
    ImportClaudeCredentials(import_claude_credentials::Args),
    Config(config::Args),
    Trust(trust::Args),
    Doctor(doctor::Args),
    Gc(gc::Args),
    Quickstart(quickstart::Args),
    Ask(ask::Args),
    Progress(progress::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(name = "__runbook", hide = true)]
    Runbook(runbook::Args),
    #[command(name = "__auto-sync", hide = true)]
    AutoSync(auto_sync::Args),
}

fn dispatch(context: &Context, command: Command) -> Result<Finish> {
    match command {
        Command::Init(args) => init::run(context, &args),
        Command::New(args) => new::run(context, &args),
        Command::List(args) => list::run(context, &args),
        Command::Show(args) => show::run(context, &args),
        Command::Edit(args) => edit::run(context, &args),
        Command::Set(args) => set::run(context, &args),
        Command::Cancel(args) => cancel::run(context, &args),
        Command::Spec(args) => spec::run(context, &args),
        Command::Plan(args) => plan::run(context, &args),
        Command::Approve(args) => approve::run(context, &args),
        Command::Reject(args) => reject::run(context, &args),
        Command::Claim(args) => claim::run(context, &args),
        Command::Release(args) => release::run(context, &args),
        Command::Run(args) => run::run(context, &args),
        Command::Work(args) => work::run(context, &args),
        Command::Status(args) => status::run(context, &args),
        Command::Log(args) => log::run(context, &args),
        Command::Say(args) => say::run(context, &args),
        Command::Answer(args) => answer::run(context, &args),
        Command::Attach(args) => attach::run(context, &args),
        Command::Stop(args) => stop::run(context, &args),
        Command::Pause(args) => pause::run(context, &args),
        Command::Resume(args) => resume::run(context, &args),
        Command::Retry(args) => retry::run(context, &args),
        Command::Path(args) => path::run(context, &args),
        Command::Shell(args) => shell::run(context, &args),
        Command::Exec(args) => exec::run(context, &args),
        Command::Diff(args) => diff::run(context, &args),
        Command::Review(args) => review::run(context, &args),
        Command::Merge(args) => merge::run(context, &args),
        Command::Discard(args) => discard::run(context, &args),
        Command::Changelog(args) => changelog::run(context, &args),
        Command::Do(args) => actions::run(context, &args),
        Command::Prompt(args) => prompt::run(context, &args),
        Command::Workflow(args) => workflow::run(context, &args),
        Command::Message(args) => message::run(context, &args),
        Command::Memory(args) => memory::run(context, &args),
        Command::Search(args) => search::run(context, &args),
        Command::Sync(args) => sync::run(context, &args),
        Command::Import(args) => import::run(context, &args),
        Command::Agents(args) => agents::run(context, &args),
        Command::Usage(args) => usage::run(context, &args),
        Command::ImportClaudeCredentials(args) => import_claude_credentials::run(context, &args),
        Command::Config(args) => config::run(context, &args),
        Command::Trust(args) => trust::run(context, &args),
        Command::Doctor(args) => doctor::run(context, &args),
        Command::Gc(args) => gc::run(context, &args),
        Command::Quickstart(args) => quickstart::run(context, &args),
        Command::Ask(args) => ask::run(context, &args),
        Command::Progress(args) => progress::run(context, &args),
        Command::Completions(args) => completions::run(context, &args),
        Command::Man(args) => man::run(context, &args),
        Command::Runbook(args) => runbook::run(context, &args),
        Command::AutoSync(args) => auto_sync::run(context, &args),
    }
}

/// The definition of the whole command line, for whoever derives texts from it.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Both binaries: parse, run, report.
pub fn main() -> ExitCode {
    let mut words = Host::arguments().into_iter();
    let program = words.next();
    // A guardian has no environment and no folder, and must not look for either; neither must what is about to become
    // another program.
    match words.next() {
        Some(word) if word == guardian::WORD => return guardian::main(),
        Some(word) if word == confine::WORD => return confine::main(words),
        _ => {}
    }
    let host = Host::from_process();
    let cli = match Cli::try_parse_from(program.into_iter().chain(Host::arguments().into_iter().skip(1))) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Kind::Usage.exit_code() } else { 0 });
        }
    };
    let manner = Manner {
        json: cli.json,
        quiet: cli.quiet,
        verbose: cli.verbose,
        colour: match cli.color {
            Colour::Always => ColourChoice::Always,
            Colour::Never => ColourChoice::Never,
            Colour::Auto => ColourChoice::Auto,
        },
    };
    let ui = Ui::new(&host, manner);
    let finished = Context::enter(host, ui, cli.directory.as_deref());
    let (context, finished) = match finished {
        Ok(context) => {
            let finished = dispatch(&context, cli.command);
            if context.has_written() {
                auto_sync::start_if_wanted(&context);
            }
            (context, finished)
        }
        Err((ui, error)) => {
            ui.error(&error);
            return ExitCode::from(error.kind().exit_code());
        }
    };
    match finished {
        Ok(Finish::Well) => ExitCode::SUCCESS,
        Ok(Finish::Short(kind)) => ExitCode::from(kind.exit_code()),
        Err(error) => {
            context.ui.error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}
