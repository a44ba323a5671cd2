//! What an agent says about itself when it is greeted: who it is, and what can be chosen.

use serde::Serialize;

/// Everything here comes from outside and is escaped before it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Catalog {
    pub name: Option<String>,
    pub version: Option<String>,
    /// The ways in which a person can log in.
    pub logins: Vec<Listed>,
    pub models: Vec<Listed>,
    /// The model that answers when nobody chose another.
    pub model: Option<String>,
    /// What the agent may do without asking, in its own words.
    pub modes: Vec<Listed>,
    pub mode: Option<String>,
    /// The modes are a list of their own, and not only one of the settings.
    #[serde(skip)]
    pub has_own_modes: bool,
    pub settings: Vec<Setting>,
    /// An earlier conversation can be taken up by telling all of it again.
    pub can_load: bool,
    /// The same without telling it again.
    pub can_resume: bool,
}

/// One of several things to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub id: String,
    pub name: String,
}

/// A choice that an agent offers, besides or instead of its lists of models and modes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    pub id: String,
    pub name: String,
    /// What kind of choice it is: `model`, `mode`, `thought_level`, or a word of the agent's own.
    pub category: Option<String>,
    pub current: String,
    pub values: Vec<Listed>,
}

impl Listed {
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Listed {
        Listed { id: id.into(), name: name.into() }
    }
}

impl Catalog {
    pub fn setting(&self, is_it: impl Fn(&Setting) -> bool) -> Option<&Setting> {
        self.settings.iter().find(|setting| is_it(setting))
    }
}

/// The one that a person means, by its id or by its name.
pub fn find_listed<'l>(listed: &'l [Listed], wanted: &str) -> Option<&'l Listed> {
    let by_id = listed.iter().find(|one| one.id == wanted);
    by_id.or_else(|| listed.iter().find(|one| one.name.eq_ignore_ascii_case(wanted)))
}

/// The ids on one line, for a message.
pub fn listing(listed: &[Listed]) -> String {
    const MOST: usize = 12;
    let mut ids: Vec<&str> = listed.iter().take(MOST).map(|one| one.id.as_str()).collect();
    if listed.len() > MOST {
        ids.push("…");
    }
    match ids.is_empty() {
        true => "nothing".to_owned(),
        false => ids.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_what_its_id_does_but_an_id_comes_first() {
        let listed = [Listed::new("a", "B"), Listed::new("B", "c")];
        let id = |wanted: &str| find_listed(&listed, wanted).map(|one| one.id.as_str());
        assert_eq!([id("a"), id("B"), id("b"), id("C"), id("d")], [Some("a"), Some("B"), Some("a"), Some("B"), None]);
    }
}
