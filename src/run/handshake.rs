//! Greeting an agent: its program is started as for a job, says who it is and what can be chosen, and ends.

use super::environment::{agent_environment, child_environment, overlaid, to_variables, value_of};
use crate::agent::{Agent, Catalog, Heard, Input, Job, Permission, Reader};
use crate::error::{Error, Result};
use crate::host::files;
use crate::process::{Ending, Limits, Line, Listener, Pulse, Request, Stdin, Talk, supervise};
use crate::tasks::Project;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// An agent that does not answer in this time does not answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the agent said about itself; nothing where its protocol has no words for that. An error says why it cannot be
/// talked with: not logged in, for instance.
pub fn greet(project: &Project, agent: &Agent, own_program: &Path) -> Result<Option<Catalog>> {
    let id = project.host.event_id(project.host.now());
    let folder = project.store.local.root().join("greetings").join(id.to_string());
    let place = folder.join("here");
    files::create_folder(&place)?;
    let greeted = greet_in(project, agent, own_program, &folder, &place, &id.to_string());
    // What is left of a greeting is of no use to anybody.
    let _ = std::fs::remove_dir_all(&folder);
    greeted
}

fn greet_in(
    project: &Project,
    agent: &Agent,
    own_program: &Path,
    folder: &Path,
    place: &Path,
    marker: &str,
) -> Result<Option<Catalog>> {
    let Some(reader) = agent.handshake(&place.to_string_lossy()) else { return Ok(None) };
    let common = child_environment(&project.host.env, project.repository(), &[], &[]);
    let env = agent_environment(project, agent, common)?;
    let job = Job {
        prompt: "",
        worktree: place,
        run_folder: folder,
        task: "",
        title: "",
        resume: None,
        permission: least(agent),
        scripts: &[],
        own_program,
    };
    let launch = agent.launch(&job, &|name| value_of(&env, name))?;
    if launch.stdin != Input::Open {
        return Ok(None);
    }
    let request = Request {
        guardian: own_program.to_owned(),
        folder: folder.to_owned(),
        marker: marker.to_owned(),
        program: launch.program,
        args: launch.args,
        cwd: place.to_owned(),
        env: overlaid(env, to_variables(launch.set)),
        stdin: Stdin::Open,
        confinement: None,
        limits: Limits { total: PATIENCE, silence: PATIENCE, grace: Duration::from_secs(2), ..Limits::default() },
    };
    let mut greeter = Greeter { reader };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::failed(format!("cannot start the runtime: {error}")))?;
    let ended = runtime.block_on(supervise(request, watch::channel(false).1, &mut greeter))?;
    let account = &greeter.reader.account;
    match (&account.finished, ended.ending) {
        (Some(last), _) if last.ok => Ok(greeter.reader.catalog().cloned()),
        (Some(last), _) => Err(Error::failed(last.text.clone())),
        (None, Ending::TimedOut | Ending::Stalled { .. }) => Err(Error::failed("it does not answer")),
        (None, Ending::CouldNotStart(why)) => Err(Error::failed(why)),
        (None, _) => {
            let said = account.trouble.as_ref().map(|(_, text)| text.clone());
            Err(Error::failed(said.unwrap_or_else(|| "it ended without an answer".to_owned())))
        }
    }
}

/// The least that its record knows: nothing is to be done.
fn least(agent: &Agent) -> Permission {
    let knows = |permission: &Permission| agent.record.permission.contains_key(permission.word());
    Permission::ALL.into_iter().find(knows).unwrap_or_default()
}

struct Greeter {
    reader: Reader,
}

impl Greeter {
    fn take(&mut self, heard: &Heard, talk: &mut Talk) {
        heard.send.iter().for_each(|line| talk.say(line));
        if heard.hang_up {
            talk.hang_up();
        }
        // Whatever it would still do, it has said what was asked.
        if self.reader.account.finished.is_some() {
            talk.end();
        }
    }
}

impl Listener for Greeter {
    fn begin(&mut self, talk: &mut Talk) {
        let heard = self.reader.begin();
        self.take(&heard, talk);
    }

    fn hear(&mut self, line: Line<'_>, talk: &mut Talk) -> Pulse {
        let heard = self.reader.read(&line);
        self.take(&heard, talk);
        Pulse::Between
    }
}
