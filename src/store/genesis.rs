//! The first commit of every state: a constant, so that two machines which begin at once begin with the same one.

use crate::error::{Error, Result};
use crate::git::{Edit, Identity, Oid, Repository};
use crate::model::{Timestamp, from_toml};
use serde::Deserialize;

pub const FORMAT_PATH: &str = ".aifactory/format.toml";

/// The newest format this program writes, and the newest it reads.
const FORMAT: u32 = 1;

const FORMAT_TOML: &str = "\
# The format of this state. A program that knows only older formats refuses to touch it.
format = 1
# The oldest format whose writers may still write here.
min_writer = 1
";

#[derive(Deserialize)]
struct Format {
    format: u32,
    min_writer: u32,
}

pub fn write(repository: &Repository) -> Result<Oid> {
    let format = Edit::Put { path: FORMAT_PATH.to_owned(), content: FORMAT_TOML.as_bytes().to_vec() };
    let tree = repository.edit_tree(None, vec![format])?;
    let nobody = Identity {
        name: "aifactory".to_owned(),
        email: "aifactory@localhost".to_owned(),
        at: Timestamp::from_millis(0),
    };
    repository.write_commit(tree, &[], "begin\n", &nobody)
}

/// Refuses a state that this program would misread.
pub fn check_format(text: &str) -> Result<()> {
    let format: Format = from_toml(text).map_err(|error| {
        Error::failed(format!("{FORMAT_PATH} on the state ref cannot be read"))
            .caused_by(error)
            .hint("aifactory doctor")
    })?;
    if format.min_writer > FORMAT || format.format > FORMAT {
        return Err(Error::failed(format!(
            "the state has format {}, and this aifactory knows formats up to {FORMAT}",
            format.format
        ))
        .hint("install a newer aifactory; nothing was changed"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_format_is_read_and_a_newer_one_is_refused_with_a_hint() {
        check_format(FORMAT_TOML).unwrap();
        let error = check_format("format = 2\nmin_writer = 2\n").unwrap_err();
        assert!(error.message().contains("format 2"));
        assert!(error.hints()[0].contains("newer aifactory"));
    }
}
