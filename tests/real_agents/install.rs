//! The real agents, installed once into a cache folder and used by every test from there.

use aifactory::model::Digest;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const PACKAGES: &str = include_str!("package.json");
const LOCK: &str = include_str!("package-lock.json");

/// Programs that npm leaves to install scripts, which it does not run: the folder of the package, and its script.
const SCRIPTS: [(&str, &str); 2] = [("@anthropic-ai/claude-code", "install.cjs"), ("opencode-ai", "postinstall.mjs")];

/// Holds the programs of all agents, and a node that is new enough for them.
pub struct Installed(PathBuf);

impl Installed {
    /// `PATH` with the agents before everything else.
    pub fn path(&self) -> OsString {
        with_path(&self.0)
    }
}

/// The agents, installed by whichever test comes first. Where they cannot be, the tests say why and have nothing to do;
/// `AIFACTORY_REQUIRE_AGENTS` asks for them, and makes that a failure: nobody who runs the tests gets more than a gigabyte
/// installed without having asked.
pub fn installed() -> Option<&'static Installed> {
    static INSTALLED: OnceLock<Result<Installed, String>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        install().inspect_err(|why| {
            // Past the test harness, which shows what tests print only where they fail.
            let _ = writeln!(std::io::stderr(), "tests with real agents are skipped: {why}");
        })
    });
    match installed {
        Ok(installed) => Some(installed),
        Err(why) if std::env::var_os("AIFACTORY_REQUIRE_AGENTS").is_some() => panic!("no real agents: {why}"),
        Err(_) => None,
    }
}

fn install() -> Result<Installed, String> {
    if std::env::var_os("AIFACTORY_REQUIRE_AGENTS").is_none() {
        return Err("AIFACTORY_REQUIRE_AGENTS=1 installs them with npm and runs these tests".to_owned());
    }
    let digest = Digest::of(format!("{PACKAGES}{LOCK}")).to_string();
    let short: String = digest.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    let cache = match std::env::var_os("AIFACTORY_TEST_AGENTS_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("agents"),
    };
    let place = cache.join(&short);
    let said = |what: &str, error: std::io::Error| format!("{what} {}: {error}", cache.display());
    fs::create_dir_all(&cache).map_err(|error| said("cannot create", error))?;
    let lock = File::create(cache.join("lock")).map_err(|error| said("cannot lock", error))?;
    lock.lock().map_err(|error| said("cannot lock", error))?;
    if !place.exists() {
        let unfinished = cache.join(format!("{short}.unfinished"));
        let _ = fs::remove_dir_all(&unfinished);
        fetch(&unfinished)?;
        fs::rename(&unfinished, &place).map_err(|error| said("cannot finish", error))?;
    }
    Ok(Installed(place.join("node_modules/.bin")))
}

fn fetch(folder: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot install into {}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    fs::write(folder.join("package.json"), PACKAGES).map_err(failed)?;
    fs::write(folder.join("package-lock.json"), LOCK).map_err(failed)?;
    let downloads = folder.join("downloads");
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .args(["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=1000", "--cache"])
        .arg(&downloads)
        .current_dir(folder);
    finish("npm install", npm.output())?;
    fs::remove_dir_all(&downloads).map_err(failed)?;
    let programs = folder.join("node_modules/.bin");
    for (package, script) in SCRIPTS {
        let mut node = Command::new("node");
        node.arg(script).current_dir(folder.join("node_modules").join(package)).env("PATH", with_path(&programs));
        finish(&format!("{script} of {package}"), node.output())?;
    }
    Ok(())
}

fn with_path(first: &Path) -> OsString {
    let mut path = first.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}

fn finish(what: &str, output: std::io::Result<Output>) -> Result<(), String> {
    let output = output.map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{what}: the program is not installed"),
        _ => format!("{what}: {error}"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).take(5).collect();
    Err(format!("{what} failed\n  {}", lines.join("\n  ")))
}
