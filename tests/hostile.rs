//! Trees that somebody else made: every trick that git lets through is named, and nothing we write is refused.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start the program as a person would")]

mod common;

use aifactory::git::{Edit, Identity, Oid, Repository};
use aifactory::model::Timestamp;
use aifactory::store::{inspect, inspect_commit};
use common::{STATE, Sandbox, Step};
use gix::objs::{Kind, Write as _};
use std::time::{Duration, Instant};

const FILE: &str = "100644";
const FOLDER: &str = "40000";
const TASK: &str = ".aifactory/tasks/7/k/7kq2mabcde";
const FORMAT: &[u8] = b"format = 1\nmin_writer = 1\n";

/// Writes any object at all, as no honest program would.
struct Forge {
    sandbox: Sandbox,
    objects: gix::Repository,
    repository: Repository,
}

type Entry = (&'static str, Vec<u8>, Oid);

impl Forge {
    fn new() -> Forge {
        Forge::of(Sandbox::empty().with_repository(&[]))
    }

    fn of(sandbox: Sandbox) -> Forge {
        let objects = gix::open(sandbox.git_dir()).unwrap();
        let repository = Repository::open(&sandbox.git_dir()).unwrap();
        Forge { sandbox, objects, repository }
    }

    fn object(&self, kind: Kind, bytes: &[u8]) -> Oid {
        self.objects.objects.write_buf(kind, bytes).unwrap()
    }

    fn blob(&self, bytes: impl AsRef<[u8]>) -> Oid {
        self.object(Kind::Blob, bytes.as_ref())
    }

    /// Exactly these entries, in this order.
    fn tree(&self, entries: &[Entry]) -> Oid {
        let mut bytes = Vec::new();
        for (mode, name, oid) in entries {
            bytes.extend([mode.as_bytes(), b" ", name, b"\0", oid.as_bytes()].concat());
        }
        self.object(Kind::Tree, &bytes)
    }

    fn file(&self, name: &str) -> Entry {
        (FILE, name.into(), self.blob("x"))
    }

    fn folder(&self, name: &str) -> Entry {
        (FOLDER, name.into(), self.tree(&[self.file("x")]))
    }

    /// An object that is nothing but its header: so large that it takes long to write.
    fn header(&self, kind: &str, size: u64) -> Oid {
        let oid = Oid::from_hex(format!("{size:040x}").as_bytes()).unwrap();
        let hex = oid.to_string();
        let path = self.sandbox.git_dir().join("objects").join(&hex[..2]).join(&hex[2..]);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, stored(format!("{kind} {size}\0").as_bytes())).unwrap();
        oid
    }

    fn nowhere(&self) -> Oid {
        Oid::from_hex(b"1234567890123456789012345678901234567890").unwrap()
    }

    /// A state with one folder that holds exactly these entries; everything around it is in order.
    fn at(&self, path: &str, entries: &[Entry]) -> Oid {
        self.around(path, self.tree(entries))
    }

    fn around(&self, path: &str, inner: Oid) -> Oid {
        let below = path.split('/').skip(1).collect::<Vec<_>>();
        let format = (FILE, b"format.toml".to_vec(), self.blob(FORMAT));
        let Some((first, deeper)) = below.split_first() else {
            return self.top(inner);
        };
        let wrap = |inner: Oid, name: &&str| self.tree(&[(FOLDER, name.as_bytes().to_vec(), inner)]);
        let inner = deeper.iter().rev().fold(inner, wrap);
        let mut state = vec![format, (FOLDER, first.as_bytes().to_vec(), inner)];
        state.sort_by(|a, b| a.1.cmp(&b.1));
        self.top(self.tree(&state))
    }

    fn top(&self, state: Oid) -> Oid {
        self.tree(&[(FOLDER, b".aifactory".to_vec(), state)])
    }

    /// `.aifactory` itself holds exactly these.
    fn state(&self, entries: &[Entry]) -> Oid {
        self.top(self.tree(entries))
    }

    fn format(&self) -> Entry {
        (FILE, b"format.toml".to_vec(), self.blob(FORMAT))
    }

    fn commit(&self, parents: usize, message: &str, extra: &str) -> Oid {
        let tree = self.at(TASK, &[self.file("task.toml")]);
        let parents: String = (0..parents).map(|_| format!("parent {}\n", self.nowhere())).collect();
        let who = "A <a@b> 0 +0000";
        let text = format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n{extra}\n{message}");
        self.object(Kind::Commit, text.as_bytes())
    }

    /// Replaces what is in an object's file.
    fn damage(&self, oid: Oid, content: &[u8]) {
        let hex = oid.to_string();
        let path = self.sandbox.git_dir().join("objects").join(&hex[..2]).join(&hex[2..]);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn said(&self, tree: Oid, known: Option<Oid>) -> Vec<String> {
        // Opened anew, so that nothing is in a cache.
        let repository = Repository::open(&self.sandbox.git_dir()).unwrap();
        let flaws = inspect(&repository, tree, known).unwrap();
        flaws.iter().map(|flaw| without_oids(&flaw.to_string())).collect()
    }

    #[track_caller]
    fn healthy(&self, tree: Oid) {
        assert_eq!(self.said(tree, None), [""; 0]);
    }

    fn tree_of(&self, revision: &str) -> Oid {
        Repository::parse_oid(&self.sandbox.commit_of(&format!("{revision}^{{tree}}"))).unwrap()
    }
}

fn without_oids(text: &str) -> String {
    regex::Regex::new(r"\b[0-9a-f]{40,64}\b").unwrap().replace_all(text, "OID").into_owned()
}

fn many(count: usize, entry: impl Fn(usize) -> Entry) -> Vec<Entry> {
    (0..count).map(entry).collect()
}

/// A zlib stream that stores its bytes as they are.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks: Vec<&[u8]> = bytes.chunks(0xffff).collect();
    for (number, block) in blocks.iter().enumerate() {
        let length = block.len() as u16;
        stream.push(u8::from(number + 1 == blocks.len()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(*block);
    }
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    stream.extend(((b << 16) | a).to_be_bytes());
    stream
}

struct Case {
    name: &'static str,
    build: fn(&Forge) -> Oid,
    said: &'static [&'static str],
}

macro_rules! cases {
    ($($name:literal: |$forge:ident| $build:expr => [$($said:literal),* $(,)?];)*) => {
        &[$(Case { name: $name, build: |$forge| $build, said: &[$($said),*] }),*]
    };
}

const CHARACTERS: &str = "has a name with other characters than A-Z a-z 0-9 . _ -";

const CASES: &[Case] = cases! {
    // What lies at the top.
    "an empty tree": |f| f.tree(&[]) => [".aifactory/format.toml is missing"];
    "no tree at all": |f| f.nowhere() => ["the tree is missing: there is no object OID"];
    "a blob for a tree": |f| f.blob("x") => ["the tree should be a folder, and object OID is a file"];
    "a commit for a tree": |f| f.commit(0, "x", "") =>
        ["the tree should be a folder, and object OID is a commit"];
    "a file beside the state": |f| f.tree(&[
        (FOLDER, b".aifactory".to_vec(), f.tree(&[f.format()])),
        f.file("README.md"),
    ]) => ["README.md does not belong here; .aifactory is all there may be"];
    "the sources beside the state": |f| f.tree(&[f.folder("src")]) =>
        ["src does not belong here; .aifactory is all there may be"];
    "the state as a file": |f| f.tree(&[f.file(".aifactory")]) => [".aifactory is a file and should be a folder"];
    "the state as a link": |f| f.tree(&[("120000", b".aifactory".to_vec(), f.blob("/etc"))]) =>
        [".aifactory is a symbolic link"];
    "the state in capitals": |f| f.tree(&[f.folder(".AIFACTORY")]) =>
        [".AIFACTORY does not belong here; .aifactory is all there may be"];
    "an empty state": |f| f.state(&[]) => [".aifactory is an empty folder"];

    // The format.
    "no format": |f| f.state(&[f.folder("tasks2")]) => [".aifactory/format.toml is missing"];
    "the format as a folder": |f| f.state(&[f.folder("format.toml")]) =>
        [".aifactory/format.toml is a folder and should be a file"];
    "a newer format": |f| f.state(&[(FILE, b"format.toml".to_vec(), f.blob("format = 9\nmin_writer = 9\n"))]) =>
        [".aifactory/format.toml does not fit: the state has format 9, and this aifactory knows formats up to 1"];
    "a format without numbers": |f| f.state(&[(FILE, b"format.toml".to_vec(), f.blob("format = 1\n"))]) =>
        [".aifactory/format.toml does not fit: .aifactory/format.toml on the state ref cannot be read"];
    "a format of bytes": |f| f.state(&[(FILE, b"format.toml".to_vec(), f.blob(b"\xff\x1b[2J"))]) =>
        [".aifactory/format.toml does not fit: .aifactory/format.toml on the state ref cannot be read"];
    "a format that is huge": |f| f.state(&[(FILE, b"format.toml".to_vec(), f.blob(vec![b'#'; 1_048_577]))]) =>
        [".aifactory/format.toml is 1048577 bytes long; 1048576 is the most"];

    // Names.
    "a way up": |f| f.at(TASK, &[f.folder("..")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/.. has a name that leads to another folder"];
    "a way to itself": |f| f.at(TASK, &[f.folder(".")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/. has a name that leads to another folder"];
    "a path for a name": |f| f.at(TASK, &[f.file("../../../x")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/../../../x has a slash in its name"];
    "an absolute path for a name": |f| f.at(".aifactory/messages", &[f.file("/etc/passwd")]) =>
        [".aifactory/messages//etc/passwd has a slash in its name"];
    "no name": |f| f.at(TASK, &[f.file("")]) => [".aifactory/tasks/7/k/7kq2mabcde/ has an empty name"];
    "a repository": |f| f.at(".aifactory/x", &[f.folder(".git")]) =>
        [".aifactory/x/.git has a name that git treats specially"];
    "a repository in mixed case": |f| f.at(".aifactory/x", &[f.folder(".GiT")]) =>
        [".aifactory/x/.GiT has a name that git treats specially"];
    "a repository with a dot behind it": |f| f.at(".aifactory/x", &[f.folder(".git.")]) =>
        [".aifactory/x/.git. has a name that git treats specially"];
    "a repository with blanks behind it": |f| f.at(".aifactory/x", &[f.folder(".git  ")]) =>
        [".aifactory/x/.git   has a name that git treats specially"];
    "a repository by its short name": |f| f.at(".aifactory/x", &[f.folder("GIT~1")]) =>
        [".aifactory/x/GIT~1 has a name that git treats specially"];
    "a repository with an invisible character": |f| f.at(".aifactory/x", &[f.folder(".g\u{200c}it")]) =>
        [".aifactory/x/.g\\u{200c}it has a name with other characters than A-Z a-z 0-9 . _ -"];
    "attributes": |f| f.at(".aifactory/x", &[f.file(".gitattributes")]) =>
        [".aifactory/x/.gitattributes has a name that git treats specially"];
    "submodules": |f| f.state(&[f.file(".gitmodules"), f.format()]) =>
        [".aifactory/.gitmodules has a name that git treats specially"];
    "a device": |f| f.at(".aifactory/messages", &[f.file("NUL.toml")]) =>
        [".aifactory/messages/NUL.toml has a name that Windows reserves"];
    "a port": |f| f.at(".aifactory/actors", &[f.file("com1")]) =>
        [".aifactory/actors/com1 has a name that Windows reserves"];
    "a dot at the end": |f| f.at(TASK, &[f.file("task.toml.")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml. has a name that ends with a dot or a blank"];
    "a blank at the end": |f| f.at(TASK, &[f.file("task.toml ")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml  has a name that ends with a dot or a blank"];
    "a backslash": |f| f.at(".aifactory/x", &[f.file("..\\..\\x")]) =>
        [".aifactory/x/..\\..\\x has a name with other characters than A-Z a-z 0-9 . _ -"];
    "a stream": |f| f.at(".aifactory/x", &[f.file("a:b")]) =>
        [".aifactory/x/a:b has a name with other characters than A-Z a-z 0-9 . _ -"];
    "an escape sequence": |f| f.at(".aifactory/x", &[f.file("a\u{1b}]0;owned\u{7}")]) =>
        [".aifactory/x/a\\u{1b}]0;owned\\u{7} has a name with other characters than A-Z a-z 0-9 . _ -"];
    "a line break": |f| f.at(".aifactory/x", &[f.file("a\nb")]) =>
        [".aifactory/x/a\\nb has a name with other characters than A-Z a-z 0-9 . _ -"];
    "a turned name": |f| f.at(".aifactory/x", &[f.file("\u{202e}lmot.ksat")]) =>
        [".aifactory/x/\\u{202e}lmot.ksat has a name with other characters than A-Z a-z 0-9 . _ -"];
    "bytes that are no text": |f| f.at(".aifactory/x", &[(FILE, b"a\xff\xfeb".to_vec(), f.blob("x"))]) =>
        [".aifactory/x/a\\xff\\xfeb has a name with other characters than A-Z a-z 0-9 . _ -"];
    "letters that look like ours": |f| f.at(TASK, &[f.file("t\u{430}sk.toml")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/t\u{430}sk.toml has a name with other characters than A-Z a-z 0-9 . _ -"];
    "a name too long": |f| f.at(".aifactory/x", &[(FILE, vec![b'a'; 129], f.blob("x"))]) =>
        [".aifactory/x/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
          aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa has a name of 129 bytes; 128 is the most"];
    "a name of a megabyte": |f| f.at(".aifactory/x", &[(FILE, vec![b'a'; 1 << 20], f.blob("x"))]) =>
        [".aifactory/x is a folder of 1048604 bytes; 638976 is the most"];

    // Modes.
    "a link": |f| f.at(TASK, &[("120000", b"spec.md".to_vec(), f.blob("/etc/passwd"))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/spec.md is a symbolic link"];
    "a submodule": |f| f.at(TASK, &[("160000", b"runs".to_vec(), f.nowhere())]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/runs is a submodule"];
    "a program": |f| f.at(TASK, &[("100755", b"spec.md".to_vec(), f.blob("#!/bin/sh"))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/spec.md is executable"];
    "a mode of old": |f| f.at(TASK, &[("100664", b"spec.md".to_vec(), f.blob("x"))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/spec.md has the mode 100664; 100644 and 40000 are all there may be"];
    "a mode with zeros before it": |f| f.at(TASK, &[("040000", b"runs".to_vec(), f.blob("x"))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/runs has the mode 040000; 100644 and 40000 are all there may be"];
    "a program that runs as its owner": |f| f.at(TASK, &[("104755", b"a".to_vec(), f.blob("x"))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/a has the mode 104755; 100644 and 40000 are all there may be"];
    "a mode without end": |f| f.at(TASK, &[("7777777777777777777777777777777777", b"a".to_vec(), f.blob("x"))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/a has the mode 7777777777777777777777777777777777; 100644 and 40000 are all \
          there may be"];
    "a mode in letters": |f| f.at(TASK, &[("rw-r--", b"a".to_vec(), f.blob("x"))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde is no well-formed folder"];

    // Folders.
    "an entry twice": |f| f.at(TASK, &[f.file("task.toml"), f.file("task.toml")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml is there twice"];
    "a file and a folder of one name": |f| f.at(TASK, &[f.file("x"), f.file("x.y"), f.folder("x")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/x is there twice"];
    "twins by case": |f| f.at(TASK, &[f.file("TASK.toml"), f.file("task.toml")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml differs from TASK.toml only in case"];
    "twins in the state": |f| f.state(&[f.folder("Tasks2"), f.format(), f.folder("tasks2")]) =>
        [".aifactory/tasks2 differs from Tasks2 only in case"];
    "entries out of order": |f| f.at(TASK, &[f.file("b"), f.file("a"), f.file("c"), f.file("a0")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde has entries that are out of order"];
    "a folder sorted as if it were a file": |f| f.at(TASK, &[f.folder("x"), f.file("x.y")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde has entries that are out of order"];
    "a folder that was cut off": |f| f.around(TASK, f.object(Kind::Tree, b"100644 task.toml\0abc")) =>
        [".aifactory/tasks/7/k/7kq2mabcde is no well-formed folder"];
    "a folder of noise": |f| f.around(TASK, f.object(Kind::Tree, b"\xff\0\xff\0 \0 \0")) =>
        [".aifactory/tasks/7/k/7kq2mabcde is no well-formed folder"];
    "an empty folder": |f| f.around(".aifactory/messages", f.tree(&[])) => [".aifactory/messages is an empty folder"];
    "a file written as a folder": |f| f.at(TASK, &[(FOLDER, b"runs".to_vec(), f.blob("x"))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/runs should be a folder, and object OID is a file"];
    "a folder written as a file": |f| f.at(TASK, &[(FILE, b"task.toml".to_vec(), f.tree(&[f.file("x")]))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml should be a file, and object OID is a folder"];
    "a commit written as a file": |f| f.at(TASK, &[(FILE, b"task.toml".to_vec(), f.commit(0, "x", ""))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml should be a file, and object OID is a commit"];
    "a file that was not sent": |f| f.at(TASK, &[(FILE, b"task.toml".to_vec(), f.nowhere())]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml is missing: there is no object OID"];
    "a folder that was not sent": |f| f.at(TASK, &[(FOLDER, b"runs".to_vec(), f.nowhere())]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/runs is missing: there is no object OID"];
    "an object of zeros": |f| f.at(TASK, &[(FILE, b"task.toml".to_vec(), Oid::null(f.nowhere().kind()))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml is missing: there is no object OID"];

    // Places.
    "tasks as a file": |f| f.state(&[f.format(), f.file("tasks")]) =>
        [".aifactory/tasks is a file and should be a folder"];
    "a task in the wrong folder": |f| f.at(".aifactory/tasks/7/x", &[f.folder("7kq2mabcde")]) =>
        [".aifactory/tasks/7/x/7kq2mabcde does not lie where its id says"];
    "a task in capitals": |f| f.at(".aifactory/tasks/7/k", &[f.folder("7KQ2MABCDE")]) =>
        [".aifactory/tasks/7/k/7KQ2MABCDE is not a task's id"];
    "a task with a longer name": |f| f.at(".aifactory/tasks/7/k", &[f.folder("7kq2mabcdef")]) =>
        [".aifactory/tasks/7/k/7kq2mabcdef is not a task's id"];
    "a task as a file": |f| f.at(".aifactory/tasks/7/k", &[f.file("7kq2mabcde")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde is a file and should be a folder"];
    "a folder of tasks that is none": |f| f.at(".aifactory/tasks", &[f.folder("l")]) =>
        [".aifactory/tasks/l is not one character of a task's id"];
    "a folder of tasks with two characters": |f| f.at(".aifactory/tasks/7", &[f.folder("kq")]) =>
        [".aifactory/tasks/7/kq is not one character of a task's id"];
    "a file among the tasks": |f| f.at(".aifactory/tasks", &[f.file("README")]) =>
        [".aifactory/tasks/README is not one character of a task's id"];
    "a task's record as a folder": |f| f.at(TASK, &[f.folder("task.toml")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml is a folder and should be a file"];
    "runs as a file": |f| f.at(TASK, &[f.file("runs")]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/runs is a file and should be a folder"];
    "messages as a file": |f| f.state(&[f.format(), f.file("messages")]) =>
        [".aifactory/messages is a file and should be a folder"];
    "a message as a folder": |f| f.at(".aifactory/messages", &[f.folder("01jabcdefgh123456789.toml")]) =>
        [".aifactory/messages/01jabcdefgh123456789.toml is a folder and should be a file"];
    "a folder too deep": |f| f.at(".aifactory/1/2/3/4/5/6/7", &[f.file("8")]) =>
        [".aifactory/1/2/3/4/5/6/7/8 lies more than 8 levels deep"];

    // Sizes.
    "a record too long": |f| f.at(TASK, &[(FILE, b"task.toml".to_vec(), f.blob(vec![b'#'; 1_048_577]))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/task.toml is 1048577 bytes long; 1048576 is the most"];
    "a spec too long": |f| f.at(TASK, &[(FILE, b"spec.md".to_vec(), f.header("blob", 4_194_305))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/spec.md is 4194305 bytes long; 4194304 is the most"];
    "a plan too long": |f| f.at(TASK, &[(FILE, b"plan.md".to_vec(), f.header("blob", 4_194_305))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/plan.md is 4194305 bytes long; 4194304 is the most"];
    "a history too long": |f| f.at(TASK, &[(FILE, b"events.jsonl".to_vec(), f.header("blob", 16_777_217))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/events.jsonl is 16777217 bytes long; 16777216 is the most"];
    "a run too long": |f| f.at(&format!("{TASK}/runs"), &[(FILE, b"a.toml".to_vec(), f.blob(vec![b'#'; 1_048_577]))]) =>
        [".aifactory/tasks/7/k/7kq2mabcde/runs/a.toml is 1048577 bytes long; 1048576 is the most"];
    "something new too long": |f| f.at(".aifactory/new", &[(FILE, b"a".to_vec(), f.header("blob", 4_194_305))]) =>
        [".aifactory/new/a is 4194305 bytes long; 4194304 is the most"];
    "a folder with too many entries": |f| {
        let file = f.blob("x");
        f.at(".aifactory/new", &many(4_097, |n| (FILE, format!("{n:05}").into_bytes(), file)))
    } =>
        [".aifactory/new has more than 4096 entries"];
    "too many tasks in a folder": |f| {
        let task = f.tree(&[f.file("task.toml")]);
        f.at(".aifactory/tasks/0/0", &many(4_097, |n| (FOLDER, format!("{n:010}").into_bytes(), task)))
    } => [".aifactory/tasks/0/0 has more than 4096 entries"];
    "too many messages": |f| {
        let message = f.blob("x");
        f.at(".aifactory/messages", &many(131_073, |n| (FILE, format!("{n:020}.toml").into_bytes(), message)))
    } => [".aifactory/messages has more than 131072 entries"];
    "a folder of endless bytes": |f| f.around(".aifactory/messages", f.header("tree", 1 << 25)) =>
        [".aifactory/messages is a folder of 33554432 bytes; 20447232 is the most"];
};

#[test]
fn every_hostile_tree_is_named_for_what_it_is() {
    let forge = Forge::new();
    assert!(CASES.len() >= 80, "only {} cases", CASES.len());
    let known = forge.at(TASK, &[forge.file("events.jsonl"), forge.file("task.toml")]);
    forge.healthy(known);
    let mut wrong = Vec::new();
    for case in CASES {
        let tree = (case.build)(&forge);
        // Alone, and beside a state that was looked at before.
        for said in [forge.said(tree, None), forge.said(tree, Some(known))] {
            if said != case.said {
                wrong.push(format!("{}:\n  expected {:#?}\n  said {said:#?}", case.name, case.said));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn damaged_objects_are_named() {
    let forge = Forge::new();
    let blob = forge.blob("soon to be damaged");
    let runs = forge.tree(&[(FILE, b"a.toml".to_vec(), blob)]);
    let tree = forge.at(TASK, &[(FOLDER, b"runs".to_vec(), runs), (FILE, b"spec.md".to_vec(), blob)]);
    forge.healthy(tree);
    forge.damage(blob, b"noise");
    let damaged = "cannot be read: object OID is damaged";
    assert_eq!(forge.said(tree, None), [format!("{TASK}/runs/a.toml {damaged}"), format!("{TASK}/spec.md {damaged}")]);
    // A header that promises little before a body without end.
    forge.damage(runs, &stored(&[b"tree 35\0".as_slice(), &[b'1'; 1 << 20]].concat()));
    let said = forge.said(tree, None);
    assert_eq!(said[0], format!("{TASK}/runs {damaged}"));
    // A header that promises more than there is.
    forge.damage(runs, &stored(b"tree 99999999999\0"));
    let said = forge.said(tree, None);
    assert_eq!(said[0], format!("{TASK}/runs is a folder of 99999999999 bytes; 20447232 is the most"));
    forge.damage(runs, &stored(b"tree 400\0abc"));
    let said = forge.said(tree, None);
    assert_eq!(said[0], format!("{TASK}/runs {damaged}"));
}

#[test]
fn at_most_twenty_flaws_are_told() {
    let forge = Forge::new();
    let tree = forge.at(".aifactory/x", &many(100, |n| forge.file(&format!("{n:04} "))));
    assert_eq!(forge.said(tree, None).len(), 20);
    let mixed = [many(19, |n| forge.file(&format!("{n:04} "))), vec![forge.file("0"), forge.file("z z")]].concat();
    assert_eq!(forge.said(forge.at(".aifactory/x", &mixed), None).len(), 20);
    let tree = forge.at(".aifactory/x", &[forge.file("a b"), forge.file("c d")]);
    assert_eq!(
        forge.said(tree, None),
        [format!(".aifactory/x/a b {CHARACTERS}"), format!(".aifactory/x/c d {CHARACTERS}")]
    );
}

/// Runs what must end soon, however large the tree says it is.
#[track_caller]
fn soon<T>(work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
    done
}

#[test]
fn a_small_tree_that_is_endless_when_read_is_cut_off() {
    let forge = Forge::new();
    let mut inner = forge.tree(&[forge.file("x")]);
    for _ in 0..5 {
        inner = forge.tree(&many(4_096, |n| (FOLDER, format!("{n:04}").into_bytes(), inner)));
    }
    let tree = forge.around(".aifactory/bomb", inner);
    let said = soon(|| forge.said(tree, None));
    assert_eq!(said, ["the tree changes more than 16777216 entries at once"]);
    let known = forge.at(TASK, &[forge.file("task.toml")]);
    assert_eq!(soon(|| forge.said(tree, Some(known))), ["the tree changes more than 16777216 entries at once"]);
}

#[test]
fn tasks_that_share_all_their_files_are_cut_off_too() {
    let forge = Forge::new();
    let runs = forge.tree(&many(131_072, |n| (FILE, format!("{n:020}.toml").into_bytes(), forge.nowhere())));
    // Missing files are told first.
    let task = forge.tree(&[(FOLDER, b"runs".to_vec(), runs)]);
    let tree = forge.at(".aifactory/tasks/0/0", &[(FOLDER, b"0000000000".to_vec(), task)]);
    assert_eq!(soon(|| forge.said(tree, None)).len(), 20);
    let blob = forge.blob("x");
    let runs = forge.tree(&many(131_072, |n| (FILE, format!("{n:020}.toml").into_bytes(), blob)));
    let task = forge.tree(&[(FOLDER, b"runs".to_vec(), runs)]);
    let tree = forge.at(".aifactory/tasks/0/0", &many(4_096, |n| (FOLDER, format!("{n:010}").into_bytes(), task)));
    assert_eq!(soon(|| forge.said(tree, None)), ["the tree changes more than 16777216 entries at once"]);
}

#[test]
fn one_large_file_at_many_places_is_cut_off() {
    let forge = Forge::new();
    let spec = forge.blob(vec![b'a'; 4 << 20]);
    let folder = forge.tree(&many(4_096, |n| (FILE, format!("{n:04}").into_bytes(), spec)));
    let tree = forge.at(".aifactory/new", &many(3, |n| (FOLDER, format!("{n}").into_bytes(), folder)));
    forge.healthy(tree);
    let tree = forge.at(".aifactory/new", &many(5, |n| (FOLDER, format!("{n}").into_bytes(), folder)));
    assert_eq!(soon(|| forge.said(tree, None)), ["the tree changes more than 68719476736 bytes at once"]);
}

#[test]
fn folders_at_their_limits_pass() {
    let forge = Forge::new();
    let blob = forge.blob("x");
    forge.healthy(
        forge.at(".aifactory/messages", &many(131_072, |n| (FILE, format!("{n:020}.toml").into_bytes(), blob))),
    );
    let longest = |n: usize| (FILE, format!("{n:0128}").into_bytes(), blob);
    forge.healthy(forge.at(".aifactory/new", &many(4_096, longest)));
    forge.healthy(forge.at(".aifactory/1/2/3/4/5/6", &[forge.file("7")]));
    forge.healthy(forge.at(TASK, &[(FILE, b"events.jsonl".to_vec(), forge.header("blob", 16 << 20))]));
}

#[test]
fn what_newer_versions_may_add_passes() {
    let forge = Forge::new();
    forge.healthy(forge.at(TASK, &[forge.file("Notes_1.md"), forge.folder("notes"), forge.file("task.toml")]));
    forge.healthy(forge.at(".aifactory/attic/2026-01", &[forge.file("a.toml"), forge.folder("b")]));
    forge.healthy(forge.at(".aifactory/tombs/7/k", &[forge.file("7kq2mabcde")]));
    let state = [forge.file("LICENSE"), forge.format(), forge.folder("shiny.d"), forge.file("shiny.json")];
    forge.healthy(forge.state(&state));
}

#[test]
fn what_is_known_is_not_read_again() {
    let forge = Forge::new();
    let (seen, fresh) = (forge.blob("seen"), forge.blob("fresh"));
    let tree = |blobs: &[(&str, Oid)]| {
        let task = |blob: Oid| forge.tree(&[(FILE, b"task.toml".to_vec(), blob)]);
        let tasks: Vec<Entry> =
            blobs.iter().map(|(name, blob)| (FOLDER, name.as_bytes().to_vec(), task(*blob))).collect();
        forge.at(".aifactory/tasks/7/k", &tasks)
    };
    let known = tree(&[("7k00000000", seen)]);
    let newer = tree(&[("7k00000000", seen), ("7k00000001", fresh)]);
    forge.healthy(newer);
    forge.damage(seen, b"noise");
    assert_eq!(forge.said(newer, Some(known)), [""; 0]);
    assert_eq!(forge.said(known, Some(known)), [""; 0]);
    // At another place it is not known.
    let moved = tree(&[("7k00000000", seen), ("7k00000002", seen)]);
    assert_eq!(
        forge.said(moved, Some(known)),
        [".aifactory/tasks/7/k/7k00000002/task.toml cannot be read: object OID is damaged"]
    );
    // A known tree that was lost skips nothing.
    assert_eq!(forge.said(newer, Some(forge.nowhere())).len(), 1);
}

#[test]
fn commits_are_looked_at_too() {
    let forge = Forge::new();
    let said = |commit: Oid| -> Vec<String> {
        let flaws = inspect_commit(&forge.repository, commit).unwrap();
        flaws.iter().map(|flaw| without_oids(&flaw.to_string())).collect()
    };
    assert_eq!(said(forge.commit(0, "begin\n", "")), [""; 0]);
    assert_eq!(said(forge.commit(2, "merged by hand\n", "")), [""; 0]);
    assert_eq!(said(forge.commit(3, "x", "")), ["commit OID has 3 parents; 2 is the most"]);
    assert_eq!(said(forge.commit(2_000, "x", "")), ["commit OID has 2000 parents; 2 is the most"]);
    assert_eq!(
        said(forge.commit(1, &"x".repeat(65_537), "")),
        ["commit OID has a message of 65537 bytes; 65536 is the most"]
    );
    let padding = format!("padding {}\n", "x".repeat(131_072));
    let long = said(forge.commit(1, "x", &padding));
    assert!(long[0].ends_with("bytes long; 131072 is the most"), "{long:?}");
    assert_eq!(said(forge.nowhere()), ["commit OID is missing: there is no object OID"]);
    assert_eq!(said(forge.blob("x")), ["commit OID should be a commit, and object OID is a file"]);
    for noise in ["", "tree x\n", "tree 1234567890123456789012345678901234567890\n\nno author"] {
        assert_eq!(said(forge.object(Kind::Commit, noise.as_bytes())), ["commit OID is no well-formed commit"]);
    }
    let damaged = forge.commit(0, "soon damaged", "");
    forge.damage(damaged, b"noise");
    assert_eq!(said(damaged), ["commit OID cannot be read: object OID is damaged"]);
}

/// Everything that a session of the program leaves on the ref.
fn session(sandbox: Sandbox) -> Forge {
    let sandbox = sandbox.begun();
    let plan = Step::new("S1", "a.txt").gate("test -f a.txt").script("echo a > a.txt").text();
    let merged = sandbox.reviewed("Write a file", &plan);
    sandbox.ok(&["merge", &merged]);
    let failing = sandbox.approved("Fail", &Step::new("S1", "b.txt").gate("false").script("echo b > b.txt").text());
    sandbox.run(&["run", &failing]);
    let noted = sandbox.ok(&["new", "Tabs\tand ünïcode", "-m", "# A spec\n"]);
    let noted = noted.trim();
    sandbox.ok(&["set", noted, "labels+=ui", &format!("dependencies+={merged}"), "priority=high"]);
    sandbox.ok(&["cancel", noted]);
    Forge::of(sandbox)
}

#[track_caller]
fn whole_history_passes(forge: &Forge) {
    let commits = forge.sandbox.git(&["rev-list", "--reverse", STATE]);
    let mut known = None;
    for commit in commits.lines() {
        let tree = forge.tree_of(commit);
        assert_eq!(forge.said(tree, None), [""; 0], "{commit}");
        assert_eq!(forge.said(tree, known), [""; 0], "{commit}");
        let commit = Repository::parse_oid(commit).unwrap();
        assert_eq!(inspect_commit(&forge.repository, commit).unwrap(), []);
        known = Some(tree);
    }
    assert!(commits.lines().count() > 10, "{commits}");
}

#[test]
fn everything_that_a_session_writes_passes() {
    let forge = session(Sandbox::empty());
    whole_history_passes(&forge);
    // And the same from a pack, where headers are found in another way.
    forge.sandbox.git(&["gc", "--quiet"]);
    whole_history_passes(&forge);
}

#[test]
fn states_of_repositories_with_longer_ids_pass() {
    let sandbox = Sandbox::empty().with_repository(&["--object-format=sha256"]);
    sandbox.commit(&[("README.md", "# A project\n")]);
    sandbox.ok(&["init", "--yes"]);
    sandbox.ok(&["new", "A task", "-m", "# A spec\n"]);
    let forge = Forge::of(sandbox);
    let tree = forge.tree_of(STATE);
    forge.healthy(tree);
    let linked = forge.at(TASK, &[("120000", b"spec.md".to_vec(), forge.blob("/etc"))]);
    assert_eq!(forge.said(linked, Some(tree)), [format!("{TASK}/spec.md is a symbolic link")]);
}

#[test]
fn the_longest_texts_and_a_thousand_tasks_pass() {
    let sandbox = Sandbox::new();
    let longest = sandbox.root().join("longest.md");
    std::fs::write(&longest, "a line of a very long text\n".repeat(155_344)).unwrap();
    assert!(std::fs::metadata(&longest).unwrap().len() > (4 << 20) - 100);
    let path = longest.to_string_lossy().into_owned();
    let id = sandbox.ok(&["new", "Long", "-F", &path]).trim().to_owned();
    sandbox.fails(&["plan", "set", &id, "-F", &path], 1);
    assert!(sandbox.state_file(&format!("{}/plan.md", Sandbox::task_folder(&id))).len() > (4 << 20) - 100);
    let todo: String = (0..1_000).map(|n| format!("- [ ] Task number {n} #label{}\n", n % 7)).collect();
    sandbox.write("TODO.md", &todo);
    sandbox.ok(&["import", "TODO.md"]);
    assert!(sandbox.json(&["list"])["tasks"].as_array().unwrap().len() > 1_000);
    let forge = Forge::of(sandbox);
    forge.healthy(forge.tree_of(STATE));
}

#[test]
fn noise_for_trees_never_panics() {
    let forge = Forge::new();
    let seed = 0x7eee;
    let mut random = fastrand::Rng::with_seed(seed);
    let honest = forge.at(TASK, &[forge.file("events.jsonl"), forge.file("task.toml")]);
    let blob = forge.blob("x");
    let pieces: Vec<Vec<u8>> = [
        b"100644 ".to_vec(),
        b"40000 ".to_vec(),
        b"\0".to_vec(),
        b"tasks\0".to_vec(),
        b".aifactory\0".to_vec(),
        b"task.toml\0".to_vec(),
        b"../\0".to_vec(),
        b"\xff\xf0\x9f\0".to_vec(),
        blob.as_bytes().to_vec(),
        honest.as_bytes().to_vec(),
        [b"100644 a\0".as_slice(), blob.as_bytes()].concat(),
        [b"40000 b\0".as_slice(), honest.as_bytes()].concat(),
    ]
    .to_vec();
    for _ in 0..200 {
        let mut soup = Vec::new();
        for _ in 0..random.usize(..12) {
            match random.bool() {
                true => soup.extend(&pieces[random.usize(..pieces.len())]),
                false => (0..random.usize(..30)).for_each(|_| soup.push(random.u8(..))),
            }
        }
        let soup = forge.object(Kind::Tree, &soup);
        for tree in [soup, forge.top(soup), forge.around(TASK, soup), forge.around(".aifactory/messages", soup)] {
            for known in [None, Some(honest), Some(soup)] {
                let flaws = inspect(&forge.repository, tree, known).unwrap();
                assert!(flaws.len() <= 20);
                let text: String = flaws.iter().map(ToString::to_string).collect();
                assert!(!text.contains(char::is_control), "{text:?}");
                assert!(text.len() < 20 * 4_000, "{}", text.len());
            }
        }
    }
}

#[test]
fn trees_of_our_own_editor_pass() {
    let forge = Forge::new();
    let put = |path: &str, content: &[u8]| Edit::Put { path: path.to_owned(), content: content.to_vec() };
    let edits = vec![put(".aifactory/format.toml", FORMAT), put(&format!("{TASK}/task.toml"), b"x")];
    let tree = forge.repository.edit_tree(None, edits).unwrap();
    forge.healthy(tree);
    let by = Identity { name: "A".into(), email: "a".into(), at: Timestamp::from_millis(0) };
    let commit = forge.repository.write_commit(tree, &[], "x", &by).unwrap();
    assert_eq!(inspect_commit(&forge.repository, commit).unwrap(), []);
}
