//! Big states, made quickly: records that the library itself has folded, brought into git by `git fast-import`.

use crate::sandbox::{Sandbox, feed, git};
use aifactory::host::{Environment, Host};
use aifactory::model::event::Draft;
use aifactory::model::{Change, Digest, Event, EventId, Hlc, TaskId, TextFile, Timestamp, fold, write_record};
use std::collections::BTreeMap;
use std::io::Write;
use std::rc::Rc;

pub const STATE: &str = "refs/aifactory/state";

/// A repository whose state holds `ids`.
pub struct State {
    pub sandbox: Sandbox,
    pub ids: Vec<TaskId>,
}

/// The states of this run, each made when it is first asked for.
pub struct States {
    pub quick: bool,
    made: BTreeMap<usize, Rc<State>>,
}

impl States {
    pub fn new(quick: bool) -> States {
        States { quick, made: BTreeMap::new() }
    }

    /// How many tasks the parts are measured with.
    pub fn sizes(&self) -> Vec<usize> {
        if self.quick { vec![1_000] } else { vec![1_000, 10_000, 100_000] }
    }

    pub fn of_size(&mut self, tasks: usize) -> Rc<State> {
        let made = self.made.entry(tasks).or_insert_with(|| {
            eprintln!("  making a state of {tasks} tasks");
            Rc::new(make(tasks))
        });
        Rc::clone(made)
    }
}

/// `100k` for 100,000.
pub fn short_size(number: usize) -> String {
    if number.is_multiple_of(1000) { format!("{}k", number / 1000) } else { number.to_string() }
}

fn make(tasks: usize) -> State {
    let sandbox = Sandbox::with_state();
    let host = Host::new(Environment::from_pairs([("AIFACTORY_TEST_SEED", tasks.to_string())]));
    let mut ids: Vec<TaskId> = (0..tasks).filter_map(|_| TaskId::parse(&host.random_text(TaskId::LENGTH))).collect();
    ids.sort();
    ids.dedup();
    let mut stream = Vec::new();
    let begin = format!("commit {STATE}\ncommitter Bench <bench@example.org> 1700000000 +0000\n");
    stream.extend_from_slice(begin.as_bytes());
    stream.extend_from_slice(format!("data 5\nfill\n\nfrom {STATE}^0\n").as_bytes());
    for (number, id) in ids.iter().enumerate() {
        add_task(&mut stream, &host, id, number);
    }
    stream.extend_from_slice(b"done\n");
    let import = ["-c", "pack.compression=1", "fast-import", "--quiet", "--done", "--depth=0"];
    feed(git(&sandbox.repository()).args(import), &stream);
    // Nobody's first answer is measured: it builds the index.
    sandbox.aifactory(&["list", "--json", "--limit", "1"]);
    State { sandbox, ids }
}

fn add_task(stream: &mut Vec<u8>, host: &Host, id: &TaskId, number: usize) {
    let at =
        |step: u64| Hlc { time: Timestamp::from_millis(1_700_000_000_000 + number as u64 * 1000 + step), count: 0 };
    let event = |step: u64, prev: Option<EventId>, change: Change| Event {
        id: host.event_id(at(step).time),
        hlc: at(step),
        actor: "bench@example.org".to_owned(),
        session: None,
        fence: None,
        prev,
        sig: None,
        change,
    };
    let title = words(number, 6);
    let labels = [format!("area{}", number % 20)].into();
    let draft = Draft { title, labels, ..Draft::default() };
    let mut events = vec![event(0, None, Change::Created { draft })];
    // Every tenth task has a spec.
    let spec = (number.is_multiple_of(10)).then(|| format!("# Why\n\n{}\n", words(number + 7, 60)));
    if let Some(spec) = &spec {
        let diff = format!("@@ -0,0 +1,3 @@\n+# Why\n+\n+{}\n", words(number + 7, 60));
        let change = Change::Text { file: TextFile::Spec, from: None, to: Digest::of(spec), diff };
        events.push(event(1, Some(events[0].id.clone()), change));
    }
    let task = fold(id, &events).expect("the first event creates the task");
    let lines: String = events.iter().map(Event::to_line).collect();
    put(stream, id, "events.jsonl", &lines);
    put(stream, id, "task.toml", &write_record(&task));
    if let Some(spec) = spec {
        put(stream, id, "spec.md", &spec);
    }
}

fn put(stream: &mut Vec<u8>, id: &TaskId, file: &str, text: &str) {
    let path = path_of(id, file);
    write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()).expect("memory takes everything");
}

/// Where a file of a task lies in the tree of the state.
pub fn path_of(id: &TaskId, file: &str) -> String {
    let text = id.as_str();
    format!(".aifactory/tasks/{}/{}/{text}/{file}", &text[..1], &text[1..2])
}

/// Words that differ from task to task; each of 2,000 comes about equally often.
pub fn words(number: usize, count: usize) -> String {
    let word = |place: usize| format!("word{}", (number * 31 + place * 977) % 2000);
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}
