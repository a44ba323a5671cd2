use super::*;
use crate::config::Layer;
use std::os::unix::fs::PermissionsExt;

struct Place {
    folder: tempfile::TempDir,
    env: Environment,
}

impl Place {
    fn new(variables: &[(&str, &str)]) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_string_lossy().into_owned();
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let env = Environment::from_pairs(pairs.chain([("HOME".to_owned(), home)]));
        Place { folder, env }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn secrets(&self, settings: &Settings) -> Result<Secrets<'_>> {
        Secrets::open(settings, &self.env, self.folder.path())
    }
}

fn settings(layers: &[(Origin, &str)]) -> Settings {
    Settings::new(layers.iter().map(|(origin, text)| Layer::parse(origin.clone(), text).unwrap())).unwrap()
}

fn person(text: &str) -> (Origin, &str) {
    (Origin::User("config".into()), text)
}

fn policy(text: &str) -> (Origin, &str) {
    (Origin::Policy("0123456789".into()), text)
}

fn granted(place: &Place, settings: &Settings) -> (Vec<String>, Vec<String>) {
    let agent = Agent::find("x", settings, None).unwrap();
    let grant = grant(&agent, settings, &place.secrets(settings).unwrap()).unwrap();
    let shown = grant.variables.iter().map(|(name, value)| format!("{name}={}", value.to_string_lossy()));
    (shown.collect(), grant.withheld)
}

#[test]
fn the_environment_wins_over_commands_and_those_over_files() {
    let place = Place::new(&[("A", "from-env")]);
    place.write("one.env", "A=1\nB=1\nC=1\nD=1\n");
    place.write("two.env", "D=2\nD=3\n");
    place.write(".config/aifactory/secrets.env", "C=own\nE=own\n");
    let text = "[secrets]\nfiles = [\"one.env\", \"~/two.env\"]\ncommands = [\"A=echo c\", \"B = printf '  c c\\n\\n'\"]\n\
                [agents.x]\ncommand = \"x\"\ncredentials = [\"A\", \"B\", \"C\", \"D\", \"E\", \"F\"]\n";
    let settings = settings(&[person(text)]);
    assert_eq!(granted(&place, &settings).0, ["A=from-env", "B=c c", "C=1", "D=3", "E=own"]);
    place.write("two.env", "D=rotated\n");
    assert!(granted(&place, &settings).0.contains(&"D=rotated".to_owned()), "read anew for every launch");
    let secrets = place.secrets(&settings).unwrap();
    assert!(!format!("{secrets:?}").contains("own\""), "{secrets:?}");
}

#[test]
fn an_agent_gets_what_its_record_names_and_nothing_else() {
    let place = Place::new(&[("MINE", "1"), ("OTHER", "2")]);
    let settings = settings(&[person("[agents.x]\ncommand = \"x\"\nenv = [\"MINE\", \"MISSING\"]\n")]);
    assert_eq!(granted(&place, &settings).0, ["MINE=1"]);
}

#[test]
fn a_policy_cannot_hand_out_the_login_of_a_forge_or_tracker() {
    let place = Place::new(&[("GH_TOKEN", "g"), ("JIRA_TOKEN", "j"), ("KEY", "k")]);
    let names = "command = \"x\"\nenv = [\"GH_TOKEN\", \"JIRA_TOKEN\", \"LINEAR_API_KEY\"]\ncredentials = [\"KEY\"]\n";
    let by_policy = format!("[agents.x]\n{names}");
    let (given, withheld) = granted(&place, &settings(&[policy(&by_policy)]));
    assert_eq!((given, withheld), (vec!["KEY=k".to_owned()], vec!["GH_TOKEN".to_owned(), "JIRA_TOKEN".to_owned()]));
    let (given, _) = granted(&place, &settings(&[person(&by_policy)]));
    assert_eq!(given, ["GH_TOKEN=g", "JIRA_TOKEN=j", "KEY=k"]);
    // What a person builds on a policy's record is the person's own only as far as they said it themselves.
    let base = format!("[agents.team]\n{names}");
    let (given, _) = granted(&place, &settings(&[policy(&base), person("[agents.x]\nbase = \"team\"\n")]));
    assert_eq!(given, ["KEY=k"]);
    let own = "[agents.x]\nbase = \"team\"\nenv = [\"GH_TOKEN\"]\n";
    let (given, _) = granted(&place, &settings(&[policy(&base), person(own)]));
    assert_eq!(given, ["GH_TOKEN=g", "KEY=k"]);
}

#[test]
fn a_source_that_fails_is_an_error_that_names_it_and_no_value() {
    let agent = "[agents.x]\ncommand = \"x\"\ncredentials = [\"A\"]\n";
    for (text, wanted) in [
        ("files = [\"gone.env\"]", "secrets.files names gone.env, which does not exist"),
        ("commands = [\"A=exit 3\"]", "the command of secrets.commands for A exited with 3"),
        ("commands = [\"A=true\"]", "the command of secrets.commands for A printed nothing"),
        (
            "commands = [\"A=printf 'a\\\\000b'\"]",
            "the command of secrets.commands for A printed what no variable can hold",
        ),
        ("commands = [\"hunter2\"]", "a line of secrets.commands is not NAME=command"),
    ] {
        let place = Place::new(&[]);
        let settings = settings(&[person(&format!("[secrets]\n{text}\n{agent}"))]);
        let agent = Agent::find("x", &settings, None).unwrap();
        let result = place.secrets(&settings).and_then(|secrets| grant(&agent, &settings, &secrets).map(drop));
        assert_eq!(result.unwrap_err().message(), wanted);
    }
    let settings = settings(&[policy("[secrets]\nfiles = [\"/etc/passwd\"]\ncommands = [\"A=id\"]\n")]);
    assert!(settings.list("secrets.files").is_empty() && settings.list("secrets.commands").is_empty());
}

#[test]
fn a_report_says_where_credentials_are_from_and_when_they_end() {
    let place = Place::new(&[("KEY", "eyJhbGciOiJub25lIn0.eyJleHAiOjE4MDAwMDAwMDB9.x"), ("GH_TOKEN", "g")]);
    place.write(".x/auth.json", r#"{"refresh_token":"r","expires_at":1800000000}"#);
    place.write(".config/aifactory/secrets.env", "TOKEN=t\nTOKEN_EXPIRES_AT=1800000000000\n");
    let text = "[agents.x]\ncommand = \"x\"\ncredentials = [\"KEY\", \"TOKEN\", \"NONE\"]\nenv = [\"GH_TOKEN\"]\n\
                login-files = [\".x/auth.json\", \".x/other.json\"]\n";
    let settings = settings(&[policy(text)]);
    let agent = Agent::find("x", &settings, None).unwrap();
    let report = report(&agent, &settings, &place.secrets(&settings).unwrap()).unwrap();
    let at = Timestamp::from_millis(1_800_000_000_000);
    let expiry = |renews| Some(Expiry { at, renews });
    let own = place.folder.path().join(".config/aifactory/secrets.env");
    let found = |name: &str, from, expiry| FoundCredential { name: name.to_owned(), from, expiry };
    assert_eq!(
        report.found,
        [
            found("KEY", Some(Source::Environment), expiry(false)),
            found("TOKEN", Some(Source::File(own)), expiry(false)),
            found("~/.x/auth.json", None, expiry(true)),
        ]
    );
    assert_eq!(report.withheld, ["GH_TOKEN"]);
}
