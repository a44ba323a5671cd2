//! Paths whose change raises a task's risk by itself. Nothing but a person lowers it.

use super::Risk;

/// Folders and file names that mean more than their size: access, secrets, data, delivery, money.
pub const RISKY_WORDS: [&str; 15] = [
    ".aifactory",
    "auth",
    "login",
    "oauth",
    "permissions",
    "secret",
    "secrets",
    "credentials",
    "migration",
    "migrations",
    "payment",
    "payments",
    "billing",
    "workflows",
    ".ci",
];

/// The tier that `paths` call for, and the first path that calls for it.
pub fn tier_of<'a>(
    own: Risk,
    paths: impl IntoIterator<Item = &'a str>,
    extra_words: &[String],
) -> (Risk, Option<&'a str>) {
    let risky = paths.into_iter().find(|path| is_risky(path, extra_words));
    match risky {
        Some(path) if own < Risk::Blocking => (Risk::Blocking, Some(path)),
        _ => (own, None),
    }
}

fn is_risky(path: &str, extra_words: &[String]) -> bool {
    path.to_ascii_lowercase().split('/').any(|part| {
        let stem = part.trim_start_matches('.').split('.').next().unwrap_or(part);
        RISKY_WORDS.contains(&part)
            || RISKY_WORDS.contains(&stem)
            || extra_words.iter().any(|word| word == part || word == stem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risky_paths_raise_the_tier_and_plain_ones_do_not() {
        let raised = |path| tier_of(Risk::Auto, [path], &[]).0;
        assert_eq!(raised("src/auth/token.rs"), Risk::Blocking);
        assert_eq!(raised("db/migrations/0001.sql"), Risk::Blocking);
        assert_eq!(raised(".github/workflows/ci.yml"), Risk::Blocking);
        assert_eq!(raised("src/payments.rs"), Risk::Blocking);
        assert_eq!(raised("src/author.rs"), Risk::Auto);
        assert_eq!(tier_of(Risk::Auto, ["infra/x"], &["infra".into()]).0, Risk::Blocking);
    }
}
