//! SSH signatures, verified as git does it: `ssh-keygen` looks for whoever may have signed, then checks the signature.
//!
//! The text is given on standard input; the signature, and signers that are no file, are written to a private folder for
//! as long as the check takes.

use super::Repository;
use crate::error::{Context, Error, Result};
use crate::host::{Host, files};
use crate::process::{Invocation, Output};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PROGRAM: &str = "ssh-keygen";
const LONGEST: Duration = Duration::from_secs(30);
/// Of the lines with names that one key may have.
const MOST_NAMES: usize = 20;

/// Who may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedSigners {
    File(PathBuf),
    /// The text of such a file.
    Text(String),
}

/// What is said to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub text: &'a str,
    /// As `ssh-keygen -Y sign` writes it.
    pub signature: &'a str,
    pub namespace: &'a str,
}

impl Repository {
    /// The file that git's own settings name for signers.
    pub fn allowed_signers_file(&self) -> Option<PathBuf> {
        self.config_path("gpg.ssh.allowedSignersFile")
    }

    /// The name of the signer. A signature that does not hold is an error that says why.
    pub fn verify_signature(&self, signed: Signed<'_>, signers: &AllowedSigners, host: &Host) -> Result<String> {
        let folder = self.common_dir().join("aifactory").join(format!("verify-{}", fresh_name(host)));
        files::create_private_folder(&folder)?;
        let verified = self.verify_in(&folder, signed, signers);
        // What is left there is of no use to anybody.
        let _ = std::fs::remove_dir_all(&folder);
        verified
    }

    fn verify_in(&self, folder: &Path, signed: Signed<'_>, signers: &AllowedSigners) -> Result<String> {
        let signature = folder.join("signature");
        files::write_text(&signature, signed.signature)?;
        let allowed = match signers {
            AllowedSigners::File(path) => path.clone(),
            AllowedSigners::Text(text) => {
                let path = folder.join("allowed-signers");
                files::write_text(&path, text)?;
                path
            }
        };
        let names = run(self.keygen("find-principals", &allowed, &signature))?;
        let said = String::from_utf8_lossy(&names.stdout).into_owned();
        let mut why = None;
        for name in said.lines().filter(|name| !name.is_empty()).take(MOST_NAMES) {
            let verify = self.keygen("verify", &allowed, &signature).args(["-n", signed.namespace, "-I", name]);
            let verify = match self.config_path("gpg.ssh.revocationFile") {
                Some(revoked) => verify.arg("-r").arg(revoked),
                None => verify,
            };
            let output = run(verify.stdin(signed.text))?;
            if output.exit.success() {
                return Ok(name.to_owned());
            }
            why.get_or_insert(output);
        }
        Err(match why {
            Some(output) => Error::failed("the signature does not hold").caused_by(last_words(&output)),
            None => Error::failed("the signature is of nobody who may sign here").caused_by(last_words(&names)),
        })
    }

    fn keygen(&self, what: &str, allowed: &Path, signature: &Path) -> Invocation {
        let program = self.config_path("gpg.ssh.program").unwrap_or_else(|| PROGRAM.into());
        let keygen = Invocation::new(program).named(format!("{PROGRAM} -Y {what}"));
        keygen.args(["-Y", what, "-f"]).arg(allowed).arg("-s").arg(signature).timeout(LONGEST)
    }
}

fn run(keygen: Invocation) -> Result<Output> {
    keygen.run().context(|| "cannot check the signature").map_err(|error| {
        match error.causes().iter().any(|cause| cause.contains("program not found")) {
            true => error.hint(format!("{PROGRAM} comes with OpenSSH 8.2 or newer: apt install openssh-client")),
            false => error,
        }
    })
}

/// Two checks at the same time do not meet.
fn fresh_name(host: &Host) -> String {
    format!("{}-{}", std::process::id(), host.random_text(10))
}

fn last_words(output: &Output) -> String {
    let text = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.is_empty() {
        true => format!("{PROGRAM} {}", output.exit),
        false => crate::model::text::escape_line(&lines.join("; ")).into_owned(),
    }
}
