//! The service that makes vectors of texts: any that answers as OpenAI's `/embeddings` does.
//!
//! Where it is, and the name of the credential for it, is said by the person alone: a project's policy cannot send notes
//! anywhere. What is sent is redacted like everything that is written to the state.

use crate::agent::credentials::Secrets;
use crate::config::{Settings, is_variable_name};
use crate::error::{Error, Result};
use crate::http::{Address, Client, Failure, Limits, Secret};
use crate::model::Digest;
use crate::store::{Store, Vector};
use serde_json::{Value, json};
use std::cell::OnceCell;
use std::time::{Duration, Instant};

/// For all that one search asks of it: a task waits no longer.
const PATIENCE: Duration = Duration::from_secs(10);
const LIMITS: Limits = Limits { connect: Duration::from_secs(3), answer: 8 << 20 };
/// Numbers of one vector.
const LONGEST_VECTOR: usize = 4_096;

/// The service that the settings name.
pub struct Service<'m> {
    store: &'m Store,
    settings: &'m Settings,
    address: Address,
    model: String,
}

/// Why there are no vectors.
#[derive(Debug)]
pub enum Trouble {
    /// It does not take these texts; others perhaps.
    Texts(Refusal),
    /// It is of no use now.
    Service(Error),
}

/// Texts that a service answered with a failure.
#[derive(Debug)]
pub struct Refusal {
    failure: Failure,
    /// It says that the texts are at fault. Otherwise it may have stumbled, and take them another time.
    pub is_final: bool,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::failed(refusal.failure.to_string())
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        match trouble {
            Trouble::Texts(refusal) => refusal.into(),
            Trouble::Service(error) => error,
        }
    }
}

impl<'m> Service<'m> {
    /// Nothing where the settings name none.
    pub fn find(store: &'m Store, settings: &'m Settings) -> Result<Option<Service<'m>>> {
        let Some(url) = settings.find_text("memory.embeddings.url") else { return Ok(None) };
        let address = Address::parse(url).map_err(|why| Error::usage(format!("memory.embeddings.url {why}")))?;
        let model = settings.find_text("memory.embeddings.model").ok_or_else(|| {
            Error::usage("memory.embeddings.model is not set")
                .hint("for example: aifactory config set --user memory.embeddings.model text-embedding-3-small")
        })?;
        Ok(Some(Service { store, settings, address, model: model.to_owned() }))
    }

    /// Where vectors come from that can be compared with each other.
    pub fn source(&self) -> Digest {
        Digest::of_all([self.settings.text("memory.embeddings.url").as_bytes(), self.model.as_bytes()])
    }

    pub fn host(&self) -> String {
        self.address.host()
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    /// Nothing is opened yet. All that is asked of it is answered in time or not at all; the time begins with the first
    /// request.
    pub fn session(&self) -> Session<'_> {
        self.session_of(PATIENCE)
    }

    fn session_of(&self, patience: Duration) -> Session<'_> {
        Session { service: self, client: Client::new(self.store.host(), LIMITS), patience, begun: OnceCell::new() }
    }

    fn load_key(&self) -> Result<Option<Secret>> {
        let Some(name) = self.settings.find_text("memory.embeddings.key") else { return Ok(None) };
        // Somebody may have put the key itself there: it is not shown.
        if !is_variable_name(name) || name.contains(|c: char| c.is_ascii_lowercase()) {
            return Err(Error::usage("memory.embeddings.key is no name of a variable").hint(
                "the key itself belongs into that variable: EMBEDDINGS_KEY=… in secrets.env or the environment",
            ));
        }
        let code = self.store.code();
        let base = code.main_root().unwrap_or_else(|| code.common_dir().to_owned());
        let found = Secrets::open(self.settings, &self.store.host().env, &base)?.find(name)?;
        let (value, _) = found.ok_or_else(|| {
            Error::failed(format!("{name}, which memory.embeddings.key names, is not set"))
                .hint("set it in the environment, or in secrets.env of your settings folder")
        })?;
        let value = value.to_string_lossy().into_owned();
        self.store.redactor().learn([(name.to_owned(), value.clone())]);
        Ok(Some(Secret::new(value)))
    }
}

/// What one search asks of the service.
pub struct Session<'s> {
    service: &'s Service<'s>,
    client: Client,
    patience: Duration,
    begun: OnceCell<Begun>,
}

struct Begun {
    key: Option<Secret>,
    until: Instant,
}

impl Session<'_> {
    /// The time for the search is over.
    pub fn is_late(&self) -> bool {
        self.begun.get().is_some_and(|begun| self.left(begun).is_zero())
    }

    /// A vector for each text, all of one length.
    pub fn vectors(&self, texts: &[&str]) -> Result<Vec<Vector>, Trouble> {
        let service = self.service;
        let begun = self.begun().map_err(Trouble::Service)?;
        let left = self.left(begun);
        if left.is_zero() {
            let (host, seconds) = (service.host(), self.patience.as_secs());
            let why = format!("the {seconds} s that a search waits for {host} are over");
            return Err(Trouble::Service(Error::failed(why)));
        }
        let texts: Vec<_> = texts.iter().map(|text| service.store.redactor().redact(text)).collect();
        let body = json!({ "model": service.model, "input": texts });
        let answer = self.client.post_json(&service.address.join("embeddings"), begun.key.as_ref(), &body, left);
        let answer = answer.map_err(trouble)?;
        parse_vectors(&answer, texts.len()).map_err(|why| {
            Trouble::Service(Error::failed(format!("the answer of {} cannot be used: {why}", service.host())))
        })
    }

    /// A command of the person's own that prints the credential does not count: it may ask for a password.
    fn begun(&self) -> Result<&Begun> {
        if let Some(begun) = self.begun.get() {
            return Ok(begun);
        }
        let key = self.service.load_key()?;
        let until = self.service.store.host().monotonic() + self.patience;
        Ok(self.begun.get_or_init(|| Begun { key, until }))
    }

    fn left(&self, begun: &Begun) -> Duration {
        begun.until.saturating_duration_since(self.service.store.host().monotonic())
    }
}

fn trouble(failure: Failure) -> Trouble {
    match failure {
        Failure::Status { code: 400 | 413 | 422, .. } => Trouble::Texts(Refusal { failure, is_final: true }),
        // Some say so of texts that are too long, and others where they have trouble of their own.
        Failure::Status { code: 500, .. } => Trouble::Texts(Refusal { failure, is_final: false }),
        failure => Trouble::Service(Error::failed(failure.to_string())),
    }
}

/// The error is the end of a sentence about the answer.
fn parse_vectors(answer: &Value, texts: usize) -> Result<Vec<Vector>, String> {
    let items = answer["data"].as_array().ok_or("it has no list named data")?;
    if items.len() != texts {
        return Err(format!("it has {} vectors for {texts} texts", items.len()));
    }
    let mut vectors: Vec<Vector> = vec![Vector::new(); texts];
    for (place, item) in items.iter().enumerate() {
        let index = item["index"].as_u64().map_or(place, |index| usize::try_from(index).unwrap_or(usize::MAX));
        let vector = vectors.get_mut(index).filter(|vector| vector.is_empty()).ok_or("its vectors are not in order")?;
        *vector = parse_vector(&item["embedding"])?;
    }
    match vectors.iter().all(|vector| vector.len() == vectors[0].len()) {
        true => Ok(vectors),
        false => Err("its vectors differ in length".to_owned()),
    }
}

fn parse_vector(value: &Value) -> Result<Vector, String> {
    let numbers = value.as_array().ok_or("a vector is no list of numbers")?;
    if numbers.is_empty() || numbers.len() > LONGEST_VECTOR {
        return Err(format!("a vector has {} numbers, and {LONGEST_VECTOR} are the most", numbers.len()));
    }
    let numbers: Option<Vec<f64>> = numbers.iter().map(Value::as_f64).collect();
    let numbers = numbers.ok_or("a vector is no list of numbers")?;
    // By the greatest of them first: squares of what a service may say do not fit.
    let greatest = numbers.iter().fold(0.0, |greatest: f64, number| greatest.max(number.abs()));
    if greatest == 0.0 || !greatest.is_finite() {
        return Err("a vector points nowhere".to_owned());
    }
    let length = numbers.iter().map(|number| (number / greatest).powi(2)).sum::<f64>().sqrt();
    Ok(numbers.iter().map(|number| (number / greatest / length) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layer, Origin};
    use crate::git::{Identity, Repository};
    use crate::host::{Environment, Host};
    use crate::model::Timestamp;
    use crate::store::DEFAULT_REF;

    /// What asking it once says, and whether its time has begun, where a search waits for nothing.
    fn asked_late(key_command: &str) -> (String, bool) {
        let folder = tempfile::tempdir().unwrap();
        let you = Identity { name: "You".into(), email: "you@example.com".into(), at: Timestamp::from_millis(0) };
        std::fs::write(folder.path().join("a"), "a").unwrap();
        Repository::create(folder.path(), "main", "begin", &you).unwrap();
        let repository = Repository::open(&folder.path().join(".git")).unwrap();
        let store = Store::open(repository, Host::new(Environment::default()), DEFAULT_REF).unwrap();
        let text = format!(
            "[memory.embeddings]\nurl = \"http://127.0.0.1:1/v1\"\nmodel = \"test\"\nkey = \"MY_KEY\"\n\
             [secrets]\ncommands = [\"MY_KEY={key_command}\"]\n"
        );
        let settings = Settings::new([Layer::parse(Origin::User("config".into()), &text).unwrap()]).unwrap();
        let service = Service::find(&store, &settings).unwrap().unwrap();
        let session = service.session_of(Duration::ZERO);
        let error = Error::from(session.vectors(&["x"]).unwrap_err());
        (error.full_text(), session.is_late())
    }

    #[test]
    fn the_time_begins_once_the_credential_is_there_and_nothing_is_sent_when_it_is_over() {
        let over = "the 0 s that a search waits for 127.0.0.1:1 are over";
        assert_eq!(asked_late("echo hunter2hunter2"), (over.to_owned(), true));
        let failed = "the command of secrets.commands for MY_KEY exited with 3";
        assert_eq!(asked_late("exit 3"), (failed.to_owned(), false));
    }

    #[test]
    fn vectors_come_in_any_order_and_have_the_length_one() {
        let answer = json!({ "data": [
            { "index": 1, "embedding": [0, -2.0] },
            { "index": 0, "embedding": [3e300, 4e300] },
        ] });
        assert_eq!(parse_vectors(&answer, 2).unwrap(), [[0.6, 0.8], [0.0, -1.0]]);
        let without_places = json!({ "data": [{ "embedding": [5] }, { "embedding": [7] }] });
        assert_eq!(parse_vectors(&without_places, 2).unwrap(), [[1.0], [1.0]]);
    }

    #[test]
    fn an_answer_that_cannot_be_used_says_why() {
        let long = vec![1; LONGEST_VECTOR + 1];
        for (data, why) in [
            (json!(null), "it has no list named data"),
            (json!([{ "embedding": [1] }]), "it has 1 vectors for 2 texts"),
            (json!([{ "embedding": [1] }, { "embedding": [1, 2] }]), "its vectors differ in length"),
            (json!([{ "embedding": [] }, { "embedding": [] }]), "a vector has 0 numbers, and 4096 are the most"),
            (json!([{ "embedding": long }, { "embedding": [1] }]), "a vector has 4097 numbers, and 4096 are the most"),
            (json!([{ "embedding": [0, 0] }, { "embedding": [1, 2] }]), "a vector points nowhere"),
            (json!([{ "embedding": [null] }, { "embedding": [1] }]), "a vector is no list of numbers"),
            (json!([{ "embedding": "AAAA" }, { "embedding": [1] }]), "a vector is no list of numbers"),
            (
                json!([{ "index": 0, "embedding": [1] }, { "index": 0, "embedding": [1] }]),
                "its vectors are not in order",
            ),
            (json!([{ "index": 9, "embedding": [1] }, { "embedding": [1] }]), "its vectors are not in order"),
        ] {
            assert_eq!(parse_vectors(&json!({ "data": data }), 2).unwrap_err(), why);
        }
    }
}
