//! Clones, workers and people that share one state through a remote that is slow, cut off, and crashes with them.
//!
//! Everything is decided by a seed: who acts, what they do, where it goes wrong, what their clocks say. Afterwards
//! everything heals, and then must hold: all clones are the same, byte for byte; nothing acknowledged is missing; no two
//! workers ever held one task under one valid claim, and no task was taken from a machine that showed that it lives.
//!
//! `AIFACTORY_SIMULATION_SEED=17 cargo test --test simulation` runs one seed and tells what happened;
//! `AIFACTORY_SIMULATION_SEEDS=10000` runs that many.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests read the environment and print")]

use aifactory::error::{Error, Result};
use aifactory::git::{
    Expected, Identity, Oid, Progress, PushOutcome, PushUpdate, Repository, Swap, TransferError, Trouble,
};
use aifactory::host::{Environment, Host};
use aifactory::model::event::Draft;
use aifactory::model::{Change, Claim, Event, Status, TaskId, TextFile, Timestamp};
use aifactory::store::{Author, Changes, Snapshot, Store};
use aifactory::sync::{Exchange, Manner, Observations, Place, SyncReport, Transport, overdue};
use fastrand::Rng;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

const LEASE: u64 = 60;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The seeds are shared out among processes, not threads: each object that is read is mapped into memory for a moment,
/// and mappings of one process are a lock for all of its threads.
const SHARES: u64 = 2;

const SHARE: &str = "AIFACTORY_SIMULATION_SHARE";

#[test]
fn whatever_happens_clones_converge_and_nothing_is_lost_or_held_twice() {
    if let Some(seed) = variable("AIFACTORY_SIMULATION_SEED") {
        return World::new(&Ground::new(), seed, true).run();
    }
    if let Some(share) = variable(SHARE) {
        return simulate(share);
    }
    let own = std::env::current_exe().unwrap();
    let start = |share: u64| {
        let mut command = std::process::Command::new(&own);
        command.args(["--nocapture", "--quiet"]).env(SHARE, share.to_string());
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let children: Vec<_> = (0..SHARES).map(start).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success(), "a seed failed; its number stands above");
    }
}

fn simulate(share: u64) {
    let seeds = variable("AIFACTORY_SIMULATION_SEEDS").unwrap_or(1_000);
    let mut ground = Ground::new();
    for (number, seed) in (0..seeds).filter(|seed| seed % SHARES == share).enumerate() {
        // Making a repository takes longer than a small world lives in it.
        if number % 20 == 19 {
            ground = Ground::new();
        }
        let outcome = std::panic::catch_unwind(|| World::new(&ground, seed, false).run());
        assert!(
            outcome.is_ok(),
            "seed {seed} failed; to see it: AIFACTORY_SIMULATION_SEED={seed} cargo test --test simulation -- --nocapture"
        );
    }
}

/// One repository holds everybody's objects; each clone and the remote are refs in it.
struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    fn new() -> Ground {
        let folder = folder();
        let you = Identity { name: "You".into(), email: "you@example.com".into(), at: Timestamp::from_millis(0) };
        std::fs::write(folder.path().join("a"), "a").unwrap();
        Repository::create(folder.path(), "main", "begin", &you).unwrap();
        Ground { folder }
    }
}

struct World {
    rng: Rc<RefCell<Rng>>,
    clones: Vec<Clone>,
    remote: Rc<Remote>,
    /// Seconds that have really passed.
    now: u64,
    /// What a transaction was acknowledged for, by event id.
    acknowledged: BTreeMap<String, TaskId>,
    /// Who held a task under which fence, as the remote had accepted it.
    held: BTreeMap<(TaskId, u64), String>,
    is_told: bool,
    seed: u64,
}

struct Clone {
    store: Store,
    place: Place,
    name: String,
    /// What this clone's uptime is ahead of the world's.
    uptime: u64,
    observations: Observations,
    workers: Vec<Worker>,
    is_cut_off: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Worker {
    Idle,
    /// Under a claim that the remote has.
    Holding {
        task: TaskId,
        session: String,
        fence: u64,
    },
    Dead,
}

#[derive(Default)]
struct Remote {
    tip: Cell<Option<Oid>>,
    live: RefCell<BTreeMap<String, (Oid, u64)>>,
}

/// How a connection behaves just now.
struct Line<'w> {
    world: &'w World,
    clone: usize,
    /// Faults only strike while the world is unwell.
    is_well: bool,
    depth: u32,
}

impl Line<'_> {
    fn chance(&self, percent: u32) -> bool {
        !self.is_well && self.world.rng.borrow_mut().u32(..100) < percent
    }

    fn cut(&self) -> TransferError {
        TransferError { trouble: Trouble::Unreachable, error: Error::failed("the line is cut") }
    }

    /// Somebody else is faster between two of our steps.
    fn interrupt(&self) {
        if self.depth == 0 && self.chance(20) {
            let other = self.world.rng.borrow_mut().usize(..self.world.clones.len());
            if other != self.clone {
                let _ = self.world.exchange(other, false, 1);
            }
        }
    }
}

impl Transport for Line<'_> {
    fn list(&self, patterns: &[&str]) -> Result<BTreeMap<String, Oid>, TransferError> {
        if self.world.clones[self.clone].is_cut_off && !self.is_well || self.chance(8) {
            return Err(self.cut());
        }
        let tip = self.world.remote.tip.get().map(|tip| (patterns[0].to_owned(), tip));
        let live = self.world.remote.live.borrow();
        let live = live.iter().map(|(name, (oid, _))| (format!("refs/aifactory/live/{name}"), *oid));
        let all = tip.into_iter().chain(live).collect();
        self.interrupt();
        Ok(all)
    }

    fn fetch(&self, _from: &str, to: &str, _: &mut dyn FnMut(Progress)) -> Result<(), TransferError> {
        if self.chance(8) {
            return Err(self.cut());
        }
        let repository = &self.world.clones[self.clone].store.repository;
        let tip = self.world.remote.tip.get().expect("what was listed is there");
        put_ref(repository, to, tip);
        self.interrupt();
        Ok(())
    }

    fn push(&self, updates: &[PushUpdate<'_>], _: &mut dyn FnMut(Progress)) -> Result<PushOutcome, TransferError> {
        if self.world.clones[self.clone].is_cut_off && !self.is_well || self.chance(8) {
            return Err(self.cut());
        }
        self.interrupt();
        let update = updates[0];
        let expected = match update.expected {
            Expected::Absent => None,
            Expected::Is(oid) => Some(oid),
        };
        if self.world.remote.tip.get() != expected {
            return Ok(PushOutcome::Stale(vec![update.name.to_owned()]));
        }
        self.world.remote.tip.set(update.new);
        if self.chance(8) {
            return Err(self.cut());
        }
        Ok(PushOutcome::Accepted)
    }
}

fn put_ref(repository: &Repository, name: &str, to: Oid) {
    let expected = repository.ref_target(name).unwrap().map_or(Expected::Absent, Expected::Is);
    assert_eq!(repository.swap_ref(name, expected, to, "simulation").unwrap(), Swap::Done);
}

/// In memory where the machine has such a place: thousands of seeds write millions of files.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).unwrap()
}

impl World {
    fn new(ground: &Ground, seed: u64, is_told: bool) -> World {
        let mut rng = Rng::with_seed(seed);
        let git = ground.folder.path().join(".git");
        let number = rng.usize(2..5);
        let clones = (0..number).map(|number| Clone::new(&git, number, seed, &mut rng)).collect();
        World {
            rng: Rc::new(RefCell::new(rng)),
            clones,
            remote: Rc::default(),
            now: 1_000,
            acknowledged: BTreeMap::new(),
            held: BTreeMap::new(),
            is_told,
            seed,
        }
    }

    fn run(mut self) {
        self.begin();
        let deeds = self.below(60) + 20;
        for _ in 0..deeds {
            self.act();
        }
        self.heal();
        self.check();
    }

    fn below(&self, end: usize) -> usize {
        self.rng.borrow_mut().usize(..end)
    }

    fn tell(&self, text: impl FnOnce() -> String) {
        if self.is_told {
            println!("[seed {} {:>5}s] {}", self.seed, self.now, text());
        }
    }

    /// A few tasks that everybody knows.
    fn begin(&mut self) {
        self.clones[0].store.begin().unwrap();
        for number in 0..self.below(4) + 1 {
            self.new_task(0, number);
        }
        for clone in 0..self.clones.len() {
            self.exchange(clone, true, 0).unwrap();
        }
    }

    fn new_task(&mut self, clone: usize, number: usize) {
        let id = TaskId::parse(&self.clones[clone].store.host().random_text(TaskId::LENGTH)).unwrap();
        self.write(clone, &Author::person("p"), &id.clone(), |_, changes| {
            changes.create(&id, Draft { title: format!("task {number}"), ..Draft::default() });
            changes.text(&id, TextFile::Spec, "# A\n\na\n\n# B\n\nb\n");
            changes.event(&id, Change::Moved { from: Status::Backlog, to: Status::Ready, reason: None, note: None });
            Ok(())
        });
    }

    /// A transaction; what it wrote is acknowledged.
    fn write(
        &mut self,
        clone: usize,
        author: &Author,
        id: &TaskId,
        plan: impl FnMut(&Snapshot<'_>, &mut Changes) -> Result<()>,
    ) -> bool {
        let before: BTreeSet<String> = self.events(clone, id).into_iter().map(|event| event.id.to_string()).collect();
        let written = self.clones[clone].store.transact(author, "simulation", plan).is_ok();
        if written {
            for event in self.events(clone, id) {
                if !before.contains(event.id.as_str()) {
                    self.acknowledged.insert(event.id.to_string(), id.clone());
                }
            }
        }
        written
    }

    fn events(&self, clone: usize, id: &TaskId) -> Vec<Event> {
        self.clones[clone].store.snapshot().unwrap().events(id).unwrap()
    }

    fn some_task(&self, clone: usize) -> Option<TaskId> {
        let ids = self.clones[clone].store.snapshot().ok()?.task_ids().unwrap();
        (!ids.is_empty()).then(|| ids[self.below(ids.len())].clone())
    }

    fn act(&mut self) {
        self.now += self.below(25) as u64;
        let clone = self.below(self.clones.len());
        match self.below(100) {
            0..=29 => self.person(clone),
            30..=59 => self.worker(clone),
            60..=79 => drop(self.exchange(clone, false, 0)),
            80..=87 => self.beat(clone),
            88..=92 => self.take_over(clone),
            93..=95 => {
                self.clones[clone].is_cut_off = !self.clones[clone].is_cut_off;
                let is_cut_off = self.clones[clone].is_cut_off;
                self.tell(|| format!("clone {clone} is {}", if is_cut_off { "cut off" } else { "back" }));
            }
            96 => self.crash(clone),
            97 => self.now += LEASE * 2,
            _ => self.new_task(clone, 99),
        }
    }

    /// What people do, whenever and wherever.
    fn person(&mut self, clone: usize) {
        let Some(id) = self.some_task(clone) else { return };
        let (deed, word) = (self.below(9), self.below(1000));
        let label = ["x", "y"][self.below(2)].to_owned();
        self.tell(|| format!("clone {clone}: a person does {deed} to {id}"));
        self.write(clone, &Author::person(format!("p{clone}")), &id.clone(), |snapshot, changes| {
            let task = snapshot.task(&id)?;
            let change = match deed {
                0 => Change::Set { field: "title".into(), from: None, to: Some(format!("title {word}")) },
                1 => Change::Added { field: "labels".into(), value: label.clone() },
                2 => Change::Removed { field: "labels".into(), value: label.clone(), saw: Vec::new() },
                3 => Change::Noted { text: format!("note {word}") },
                4 | 5 => {
                    let text = snapshot.text(&id, TextFile::Spec)?;
                    let heading = if deed == 4 { "# A\n" } else { "# B\n" };
                    changes.text(&id, TextFile::Spec, text.replace(heading, &format!("{heading}\nword {word}\n")));
                    return Ok(());
                }
                6 => Change::Paused,
                7 => Change::Resumed,
                _ if word < 100 && task.status.may_become(Status::Cancelled) => {
                    Change::Moved { from: task.status, to: Status::Cancelled, reason: None, note: None }
                }
                _ => return Ok(()),
            };
            changes.event(&id, change);
            Ok(())
        });
    }

    fn worker(&mut self, clone: usize) {
        let number = self.below(self.clones[clone].workers.len());
        match std::mem::replace(&mut self.clones[clone].workers[number], Worker::Idle) {
            Worker::Idle => self.claim(clone, number),
            Worker::Holding { task, session, fence } => self.work(clone, number, task, session, fence),
            Worker::Dead => {
                if self.below(3) > 0 {
                    self.clones[clone].workers[number] = Worker::Dead;
                }
            }
        }
    }

    /// Claims, publishes, and works only if the claim stands on what the remote has.
    fn claim(&mut self, clone: usize, number: usize) {
        let Some(id) = self.some_task(clone) else { return };
        let session = format!("{}-{}", self.clones[clone].name, self.clones[clone].store.host().random_text(6));
        let author = Author { actor: "w".into(), session: Some(session.clone()), fence: None };
        let (host, live) = (self.clones[clone].name.clone(), Some(self.clones[clone].name.clone()));
        let claimed = self.write(clone, &author, &id.clone(), |snapshot, changes| {
            let task = snapshot.task(&id)?;
            if task.status != Status::Ready || task.paused {
                return Err(Error::failed("not to be had"));
            }
            let (claim, host, live) = (task.fence + 1, host.clone(), live.clone());
            changes.event(&id, Change::Claimed { claim, host, lease_seconds: LEASE, branch: "b".into(), live });
            Ok(())
        });
        if !claimed {
            return;
        }
        let published = self.exchange(clone, false, 0).is_ok();
        let task = self.clones[clone].store.snapshot().unwrap().task(&id).unwrap();
        let stands = task.claim.as_ref().is_some_and(|claim| claim.session == session);
        if !(published && stands) {
            self.tell(|| format!("clone {clone}: {session} does not get {id}"));
            if stands {
                self.release(clone, &id, task.fence, "could not be published");
            }
            return;
        }
        self.tell(|| format!("clone {clone}: {session} holds {id} under {}", task.fence));
        let before = self.held.insert((id.clone(), task.fence), session.clone());
        assert_eq!(before, None, "{id} is held twice under fence {}", task.fence);
        self.beat(clone);
        self.clones[clone].workers[number] = Worker::Holding { task: id, session, fence: task.fence };
    }

    fn release(&mut self, clone: usize, id: &TaskId, fence: u64, why: &str) {
        self.write(clone, &Author::person("w"), id, |snapshot, changes| {
            if snapshot.task(id)?.claim.is_some_and(|claim| claim.fence == fence) {
                changes.event(id, Change::Released { why: why.into(), recovery: false, claim: Some(fence) });
            }
            Ok(())
        });
    }

    fn work(&mut self, clone: usize, number: usize, id: TaskId, session: String, fence: u64) {
        if self.below(12) == 0 {
            self.tell(|| format!("clone {clone}: {session} dies"));
            self.clones[clone].workers[number] = Worker::Dead;
            return;
        }
        let author = Author { actor: "w".into(), session: Some(session.clone()), fence: Some(fence) };
        let is_last = self.below(3) == 0;
        let done = self.write(clone, &author, &id.clone(), |snapshot, changes| {
            let task = snapshot.task(&id)?;
            if task.claim.as_ref().is_none_or(|claim| claim.session != session) || task.fence != fence {
                return Err(Error::failed("the claim was lost"));
            }
            let step = format!("S{}", task.steps.len() + 1);
            changes.event(&id, Change::StepDone { step, commit: Some(session.clone()), content: None });
            if is_last {
                let (from, to) = (Status::Running, Status::Review);
                changes.event(&id, Change::Moved { from, to, reason: None, note: None });
            }
            Ok(())
        });
        if done && !is_last {
            self.clones[clone].workers[number] = Worker::Holding { task: id, session, fence };
        } else if done {
            let _ = self.exchange(clone, false, 0);
        }
    }

    /// A sign of life, if the remote can be reached.
    fn beat(&mut self, clone: usize) {
        let lives = self.clones[clone].workers.iter().any(|worker| matches!(worker, Worker::Holding { .. }));
        if self.clones[clone].is_cut_off || !lives {
            return;
        }
        let text = self.clones[clone].store.host().random_text(20);
        let store = &self.clones[clone].store;
        let tree = store.repository.edit_tree(None, Vec::new()).unwrap();
        let by = Identity { name: "x".into(), email: "x".into(), at: Timestamp::from_millis(0) };
        let pulse = store.repository.write_commit(tree, &[], &text, &by).unwrap();
        self.remote.live.borrow_mut().insert(self.clones[clone].name.clone(), (pulse, self.now));
    }

    /// Looks who is alive, and frees what was held by those who are not.
    fn take_over(&mut self, clone: usize) {
        if self.clones[clone].is_cut_off || self.exchange(clone, false, 0).is_err() {
            return;
        }
        let snapshot = self.clones[clone].store.snapshot().unwrap();
        let tasks: Vec<_> = snapshot.task_ids().unwrap().iter().map(|id| snapshot.task(id).unwrap()).collect();
        let claims: Vec<(TaskId, Claim)> = tasks.into_iter().filter_map(|task| Some((task.id, task.claim?))).collect();
        let live = self.remote.live.borrow().iter().map(|(name, (oid, _))| (name.clone(), *oid)).collect();
        let uptime = Duration::from_secs(self.now + self.clones[clone].uptime);
        let names = claims.iter().filter_map(|(_, claim)| claim.live.clone());
        self.clones[clone].observations.look(&live, names, uptime);
        for (id, claim) in claims {
            let is_own = claim.host == self.clones[clone].name;
            if is_own || !overdue(&claim, &self.clones[clone].observations) {
                continue;
            }
            let last = self.remote.live.borrow().get(&claim.host).map(|(_, at)| *at);
            self.tell(|| format!("clone {clone}: takes {id} from {}, last alive at {last:?}", claim.host));
            let silence = last.map(|at| self.now - at);
            assert!(silence.is_none_or(|silence| silence >= LEASE), "{id} was taken from {}, which lives", claim.host);
            self.release(clone, &id, claim.fence, "silent");
        }
    }

    /// Dies between two of its own steps: what it had noted last is not noted.
    fn crash(&mut self, clone: usize) {
        let (name, repository) = (self.clones[clone].place.tracking_ref(), &self.clones[clone].store.repository);
        let before = repository.ref_target(&name).unwrap();
        let _ = self.exchange(clone, false, 0);
        let after = repository.ref_target(&name).unwrap();
        if let (Some(before), true) = (before, before != after) {
            self.tell(|| format!("clone {clone} crashes before it noted what the remote has"));
            put_ref(repository, &name, before);
        }
    }

    fn exchange(&self, clone: usize, is_well: bool, depth: u32) -> Result<SyncReport> {
        let Clone { store, place, .. } = &self.clones[clone];
        let line = Line { world: self, clone, is_well, depth };
        let exchange = Exchange { store, place, transport: &line };
        let manner = Manner { look_first: self.rng.borrow_mut().bool(), ..Manner::default() };
        let report = exchange.run(manner, &|_| Ok(Vec::new()), &mut |_| {});
        self.tell(|| match &report {
            Ok(report) => format!(
                "clone {clone} exchanged: {} came, {} went, {} merged",
                report.came.len(),
                report.went.len(),
                report.merged.len()
            ),
            Err(error) => format!("clone {clone} could not exchange: {error}"),
        });
        report
    }

    fn heal(&mut self) {
        self.tell(|| "everything heals".to_owned());
        for _ in 0..2 {
            for clone in 0..self.clones.len() {
                self.exchange(clone, true, 0).unwrap();
            }
        }
    }

    fn check(&self) {
        let tree = |clone: &Clone| clone.store.repository.tree_of(clone.store.find_head().unwrap().unwrap()).unwrap();
        let first = tree(&self.clones[0]);
        for clone in &self.clones {
            assert_eq!(tree(clone), first, "{} differs", clone.name);
        }
        let tip = self.remote.tip.get().unwrap();
        assert_eq!(self.clones[0].store.repository.tree_of(tip).unwrap(), first, "the remote differs");
        let snapshot = self.clones[0].store.snapshot().unwrap();
        let mut there = BTreeSet::new();
        for id in snapshot.task_ids().unwrap() {
            let task = snapshot.task(&id).unwrap();
            let text = snapshot.text(&id, TextFile::Spec).unwrap();
            assert_eq!(task.spec, Some(aifactory::model::Digest::of(&text)));
            for event in snapshot.events(&id).unwrap() {
                // A claim that did not stand is told by what took its place.
                if let Change::ClaimLost { event: lost, .. } = &event.change {
                    there.insert(lost.to_string());
                }
                there.insert(event.id.to_string());
            }
        }
        for (event, task) in &self.acknowledged {
            assert!(there.contains(event), "event {event} of {task} is missing");
        }
    }
}

impl Clone {
    fn new(git: &std::path::Path, number: usize, seed: u64, rng: &mut Rng) -> Clone {
        // Clocks that are up to a day apart.
        let clock = 1_760_000_000_000 + rng.u64(..86_400_000);
        let variables = [
            ("AIFACTORY_TEST_CLOCK", clock.to_string()),
            ("AIFACTORY_TEST_SEED", (seed * 100 + number as u64).to_string()),
            ("AIFACTORY_TEST_HOST", format!("host{number}")),
        ];
        let host = Host::new(Environment::from_pairs(variables));
        let store =
            Store::open(Repository::open(git).unwrap(), host, &format!("refs/aifactory/clones/{seed}-{number}"))
                .unwrap();
        let workers = (0..rng.usize(1..4)).map(|_| Worker::Idle).collect();
        Clone {
            store,
            place: Place::new(&format!("remote{seed}-{number}")).unwrap(),
            name: format!("host{number}"),
            uptime: rng.u64(..1_000_000),
            observations: Observations::default(),
            workers,
            is_cut_off: false,
        }
    }
}
