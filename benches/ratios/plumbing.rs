//! One change of state as an honest script makes it with git alone: seven programs, an index of its own, and a ref that
//! moves only if it is what it was. The texts are ready beforehand and the programs are started without a shell, which
//! flatters git.

use crate::sandbox::{git, output, try_output};
use crate::states::path_of;
use aifactory::model::TaskId;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Plumbing {
    repository: PathBuf,
    ref_name: String,
    /// The script's own folder: its index, and the two files it hashes.
    folder: PathBuf,
    id: TaskId,
    number: u64,
}

impl Plumbing {
    /// Works on `ref_name`, which begins as a copy of the state unless it is there.
    pub fn new(repository: &Path, ref_name: &str, folder: PathBuf, id: &TaskId) -> Plumbing {
        std::fs::create_dir_all(&folder).expect("a folder for the script");
        let plumbing = Plumbing {
            repository: repository.to_owned(),
            ref_name: ref_name.to_owned(),
            folder,
            id: id.clone(),
            number: 0,
        };
        if try_output(git(repository).args(["rev-parse", "--verify", "--quiet", ref_name])).is_err() {
            output(git(repository).args(["update-ref", ref_name, "refs/aifactory/state"]));
        }
        for file in ["task.toml", "events.jsonl"] {
            let text = output(git(repository).args(["cat-file", "blob", &format!("{ref_name}:{}", path_of(id, file))]));
            std::fs::write(plumbing.folder.join(file), text + "\n").expect("the script's file can be written");
        }
        plumbing
    }

    /// One attempt. An error where another writer was faster.
    pub fn attempt(&mut self) -> Result<(), String> {
        self.change_files();
        let old = output(self.git().args(["rev-parse", &self.ref_name]));
        output(self.git().args(["read-tree", &old]));
        let files = [self.folder.join("task.toml"), self.folder.join("events.jsonl")];
        let oids = output(self.git().args(["hash-object", "-w"]).args(files));
        let (record, events) = oids.split_once('\n').expect("two files have two ids");
        let mut update = self.git();
        update.arg("update-index");
        for (oid, file) in [(record, "task.toml"), (events, "events.jsonl")] {
            update.args(["--add", "--cacheinfo", &format!("100644,{oid},{}", path_of(&self.id, file))]);
        }
        output(&mut update);
        let tree = output(self.git().arg("write-tree"));
        let commit = output(self.git().args(["commit-tree", "-p", &old, "-m", "set priority", &tree]));
        try_output(self.git().args(["update-ref", "--create-reflog", &self.ref_name, &commit, &old])).map(drop)
    }

    /// The same by one `git fast-import`, which knows no compare-and-swap: the best that a lone writer can do.
    pub fn by_fast_import(&mut self) {
        self.change_files();
        let mut stream = format!(
            "commit {0}\ncommitter Bench <bench@example.org> 1700000000 +0000\ndata 13\nset priority\n\nfrom {0}^0\n",
            self.ref_name
        );
        for file in ["task.toml", "events.jsonl"] {
            let text = std::fs::read_to_string(self.folder.join(file)).expect("the script's file can be read");
            stream += &format!("M 100644 inline {}\ndata {}\n{text}\n", path_of(&self.id, file), text.len());
        }
        stream += "done\n";
        crate::sandbox::feed(self.git().args(["fast-import", "--quiet", "--done"]), stream.as_bytes());
    }

    fn git(&self) -> Command {
        let mut git = git(&self.repository);
        git.env("GIT_INDEX_FILE", self.folder.join("index"));
        git
    }

    /// What the next commit is to hold: another digest in the record, one more line of events.
    fn change_files(&mut self) {
        use std::io::Write;
        self.number += 1;
        let append = |file: &str, line: String| {
            let file = std::fs::File::options().append(true).open(self.folder.join(file));
            file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the script's file can be written");
        };
        append("task.toml", format!("# {}\n", self.number));
        let filler = "x".repeat(200);
        append("events.jsonl", format!("{{\"number\":{},\"by\":\"{filler}\"}}\n", self.number));
    }
}
