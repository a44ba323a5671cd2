//! `aifactory import-claude-credentials`

use super::{Context, Finish};
use crate::agent::credentials::{EXPIRES_AT, own_file, read_file};
use crate::config::duration_text;
use crate::error::{Context as _, Error, Result};
use crate::host::files;
use crate::model::Timestamp;
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Take over the log-in of Claude Code for agents that run here
///
/// Reads the token that Claude Code got when you logged in, and writes it as CLAUDE_CODE_OAUTH_TOKEN to a file that only
/// you can read: secrets.env in your settings folder, where every agent that wants it finds it. The next agent that
/// starts uses it. A token of `claude setup-token`, which lasts a year, can be given on standard input.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  aifactory import-claude-credentials             from ~/.claude/.credentials.json
  aifactory import-claude-credentials --from -    a token, or such a file, from standard input
  aifactory import-claude-credentials --env-file .env.workers
                                                  into an environment file of your own; name it in secrets.files")]
pub struct Args {
    /// The file to read, - for standard input; without it, Claude Code's own
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The file to write, whose other lines stay as they are; without it, secrets.env in your settings folder
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

const TOKEN: &str = "CLAUDE_CODE_OAUTH_TOKEN";
/// How the tokens of a log-in begin.
const OAUTH: &str = "sk-ant-oat";
/// Below the home folder.
const LOGIN_FILE: &str = ".claude/.credentials.json";
const LONGEST: u64 = 256 * 1024;
/// A token that ends sooner is worth a word.
const SHORT_LIFE: Duration = Duration::from_secs(30 * 86_400);

struct Login {
    token: String,
    ends: Option<Timestamp>,
}

pub fn run(context: &Context, args: &Args) -> Result<Finish> {
    let login = parse_login(&read_source(context, args)?)?;
    let now = context.host.now();
    if let Some(ended) = login.ends.filter(|ends| *ends <= now) {
        return Err(Error::failed(format!("this log-in ended at {} UTC", ended.readable()))
            .hint("start claude once, or log in again with /login; then repeat this"));
    }
    let target = find_target(context, args)?;
    let is_new = write_login(&target, &login)?;
    report(context, &target, &login, is_new)
}

fn read_source(context: &Context, args: &Args) -> Result<String> {
    if args.from.as_deref() == Some(Path::new("-")) {
        let mut text = String::new();
        std::io::stdin().take(LONGEST).read_to_string(&mut text).context(|| "cannot read standard input")?;
        return Ok(text);
    }
    let home = || context.host.env.home().map(|home| home.join(LOGIN_FILE));
    let path = args.from.as_ref().map(|path| context.folder.join(path)).or_else(home);
    let path = path.ok_or_else(|| Error::usage("HOME is not set, so Claude Code's log-in cannot be found"))?;
    files::load_bounded_text(&path, LONGEST)?.ok_or_else(|| {
        Error::missing(format!("there is no log-in of Claude Code: {} does not exist", path.display()))
            .hint("start claude and log in, or: claude setup-token, and give its token to --from -")
    })
}

/// A file of Claude Code's, or a bare token.
fn parse_login(text: &str) -> Result<Login> {
    let text = text.trim();
    let file: Option<Value> = serde_json::from_str(text).ok();
    let oauth = file.as_ref().and_then(|file| file.get("claudeAiOauth"));
    if text.starts_with("sk-ant-api") {
        return Err(Error::usage("this is an API key, no token of a log-in: it belongs into ANTHROPIC_API_KEY")
            .hint("write ANTHROPIC_API_KEY=… to a file that only you can read, then: aifactory config set secrets.files <file>")
            .hint("for a token: claude setup-token"));
    }
    let token = match oauth {
        Some(oauth) => oauth.get("accessToken").and_then(Value::as_str),
        None => text.starts_with(OAUTH).then_some(text),
    };
    let is_token = |token: &&str| token.len() >= 20 && token.chars().all(|c| c.is_ascii_graphic() && c != '\'');
    let token = token.filter(is_token).ok_or_else(|| {
        Error::failed("there is no token in it: neither a credentials file of Claude Code nor a token sk-ant-oat…")
            .hint("start claude and log in, or: claude setup-token")
    })?;
    let ends = oauth.and_then(|oauth| oauth.get("expiresAt")?.as_u64()).filter(|ends| *ends > 0);
    Ok(Login { token: token.to_owned(), ends: ends.map(Timestamp::from_millis) })
}

/// The file to write, which must be for its owner alone.
fn find_target(context: &Context, args: &Args) -> Result<PathBuf> {
    let chosen = args.env_file.as_ref().map(|path| context.folder.join(path));
    let path = chosen.or_else(|| own_file(&context.host.env));
    let path = path.ok_or_else(|| {
        Error::usage("neither HOME nor XDG_CONFIG_HOME is set, so there is no place for the token")
            .hint("name one: --env-file <file>")
    })?;
    // A link stays one.
    let path = files::real_path(&path);
    if files::is_open_to_others(&path) {
        return Err(Error::failed(format!("others on this machine may read {}", path.display()))
            .hint(format!("chmod 600 {}", path.display())));
    }
    Ok(path)
}

/// False where all of it was there already. Other lines stay as they are.
fn write_login(target: &Path, login: &Login) -> Result<bool> {
    let ends_name = format!("{TOKEN}{EXPIRES_AT}");
    // What cannot be read is somebody's, and not to be written over.
    let variables = read_file(target)?.unwrap_or_default();
    let known = |name: &str| variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let ends = login.ends.map(|ends| ends.millis().to_string());
    if known(TOKEN) == Some(login.token.as_str()) && known(&ends_name) == ends.as_deref() {
        return Ok(false);
    }
    let old = files::load_text(target)?.unwrap_or_default();
    let is_ours = |line: &&str| {
        let line = line.trim_start();
        let line = line.strip_prefix("export").map_or(line, str::trim_start);
        let name = line.split('=').next().unwrap_or_default().trim();
        name == TOKEN || name == ends_name
    };
    let mut text: String = old.split_inclusive('\n').filter(|line| !is_ours(line)).collect();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&format!("{TOKEN}='{}'\n", login.token));
    text.extend(ends.map(|ends| format!("{ends_name}={ends}\n")));
    files::write_private_text(target, &text)?;
    Ok(true)
}

fn report(context: &Context, target: &Path, login: &Login, is_new: bool) -> Result<Finish> {
    let shown = target.display().to_string();
    if context.ui.manner.json {
        context.ui.answer_json(&json!({
            "schema": "aifactory.import-claude-credentials/1", "file": shown, "variable": TOKEN, "changed": is_new,
            "ends": login.ends,
        }))?;
        return Ok(Finish::Well);
    }
    context.ui.note(&match is_new {
        true => format!("wrote {TOKEN} to {shown}; the next agent that starts uses it"),
        false => format!("{shown} has this {TOKEN} already"),
    });
    let left = login.ends.map(|ends| ends.since(context.host.now()));
    if let Some(left) = left.filter(|left| *left < SHORT_LIFE) {
        context.ui.note(&format!("it ends in {}, and nothing here renews it", duration_text(left)));
        context.ui.hint("for a token that lasts a year: claude setup-token, then give it to --from -");
    }
    Ok(Finish::Well)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "CLAUDE_CODE_OAUTH_TOKEN='sk-ant-oat01-aaaaaaaaaaaaaaaaaaaa'\n";

    fn login(ends: Option<u64>) -> Login {
        let token = "sk-ant-oat01-aaaaaaaaaaaaaaaaaaaa".to_owned();
        Login { token, ends: ends.map(Timestamp::from_millis) }
    }

    #[test]
    fn a_token_comes_alone_or_in_a_file_of_claude_code() {
        let file = r#"{"claudeAiOauth":{"accessToken":"sk-ant-oat01-aaaaaaaaaaaaaaaaaaaa","expiresAt":5}}"#;
        let read = parse_login(file).unwrap();
        assert_eq!(
            (read.token.as_str(), read.ends),
            ("sk-ant-oat01-aaaaaaaaaaaaaaaaaaaa", Some(Timestamp::from_millis(5)))
        );
        assert_eq!(parse_login(" sk-ant-oat01-aaaaaaaaaaaaaaaaaaaa\n").unwrap().ends, None);
        for text in ["", "{}", "hunter2", r#"{"claudeAiOauth":{"accessToken":"a'b"}}"#, "sk-ant-a b c d e f g h i j k"]
        {
            let error = parse_login(text).err().unwrap();
            assert!(!error.message().contains("hunter2"));
        }
    }

    #[test]
    fn an_api_key_is_no_token() {
        let error = parse_login("sk-ant-api03-aaaaaaaaaaaaaaaaaaaa").err().unwrap();
        assert_eq!(error.message(), "this is an API key, no token of a log-in: it belongs into ANTHROPIC_API_KEY");
        // One that only renews a log-in.
        let error = parse_login("sk-ant-ort01-aaaaaaaaaaaaaaaaaaaa").err().unwrap();
        assert!(error.message().starts_with("there is no token in it"), "{error}");
    }

    #[test]
    fn other_lines_of_the_file_stay_and_writing_twice_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.env");
        let other = "# ours\r\nA=\"b\n c\"\nexport CLAUDE_CODE_OAUTH_TOKEN=old\n  CLAUDE_CODE_OAUTH_TOKEN = older";
        files::write_private_text(&path, other).unwrap();
        assert!(write_login(&path, &login(Some(7))).unwrap());
        let text = files::load_text(&path).unwrap().unwrap();
        assert_eq!(text, format!("# ours\r\nA=\"b\n c\"\n{LINE}CLAUDE_CODE_OAUTH_TOKEN_EXPIRES_AT=7\n"));
        assert!(!write_login(&path, &login(Some(7))).unwrap());
        assert!(write_login(&path, &login(None)).unwrap());
        assert_eq!(files::load_text(&path).unwrap().unwrap(), format!("# ours\r\nA=\"b\n c\"\n{LINE}"));
        assert!(!files::is_open_to_others(&path));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.env");
        files::write_private_text(&path, "no pair\n").unwrap();
        assert!(write_login(&path, &login(None)).is_err());
        assert_eq!(files::load_text(&path).unwrap().unwrap(), "no pair\n");
    }
}
