//! Plans and tasks that tests need again and again.

use super::Sandbox;

/// One step of a plan.
#[derive(Debug, Clone)]
pub struct Step {
    id: String,
    title: String,
    files: String,
    after: String,
    gates: Vec<String>,
    script: String,
}

impl Step {
    pub fn new(id: &str, files: &str) -> Step {
        Step {
            id: id.to_owned(),
            title: format!("Change {files}"),
            files: files.to_owned(),
            after: String::new(),
            gates: Vec::new(),
            script: String::new(),
        }
    }

    pub fn after(mut self, step: &str) -> Step {
        self.after = step.to_owned();
        self
    }

    pub fn gate(mut self, command: &str) -> Step {
        self.gates.push(command.to_owned());
        self
    }

    pub fn script(mut self, script: &str) -> Step {
        self.script = script.to_owned();
        self
    }

    pub fn text(&self) -> String {
        let mut text = format!("### {}: {}\n\n- files: {}\n", self.id, self.title, self.files);
        if !self.after.is_empty() {
            text.push_str(&format!("- after: {}\n", self.after));
        }
        for gate in &self.gates {
            text.push_str(&format!("- gate: `{gate}`\n"));
        }
        text.push_str("\nAs the title says.\n");
        if !self.script.is_empty() {
            text.push_str(&format!("\n```sh run\n{}\n```\n", self.script));
        }
        text
    }
}

/// Writes `file` with one line, and a gate that looks at it.
pub fn greeting_plan(file: &str, line: &str) -> String {
    Step::new("S1", file).gate(&format!("grep -qx '{line}' {file}")).script(&format!("echo '{line}' > {file}")).text()
}

impl Sandbox {
    /// A new task with a plan that is not approved; its id.
    #[track_caller]
    pub fn planned(&self, title: &str, plan: &str) -> String {
        let file = self.root().join("plan.md");
        std::fs::write(&file, plan).unwrap();
        let path = file.to_string_lossy().into_owned();
        self.ok(&["new", title, "--plan", &path]).trim().to_owned()
    }

    /// A new task with an approved plan.
    #[track_caller]
    pub fn approved(&self, title: &str, plan: &str) -> String {
        let id = self.planned(title, plan);
        self.ok(&["approve", &id]);
        id
    }

    /// A task that was carried out and is ready for review.
    #[track_caller]
    pub fn reviewed(&self, title: &str, plan: &str) -> String {
        let id = self.approved(title, plan);
        self.ok(&["run", &id]);
        id
    }

    #[track_caller]
    pub fn set_plan(&self, id: &str, plan: &str) {
        let file = self.root().join("plan.md");
        std::fs::write(&file, plan).unwrap();
        self.ok(&["plan", "set", id, "-F", &file.to_string_lossy()]);
    }

    #[track_caller]
    pub fn set_spec(&self, id: &str, spec: &str) {
        let file = self.root().join("spec.md");
        std::fs::write(&file, spec).unwrap();
        self.ok(&["spec", "set", id, "-F", &file.to_string_lossy()]);
    }
}
