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
use std::cell::{Cell, OnceCell};
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
    Texts(Failure),
    /// It is of no use now.
    Service(Error),
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        match trouble {
            Trouble::Texts(failure) => Error::failed(failure.to_string()),
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

    /// Nothing is opened yet. All that is asked of it from now on is answered in time or not at all.
    pub fn session(&self) -> Session<'_> {
        let host = self.store.host();
        Session {
            service: self,
            client: Client::new(host, LIMITS),
            key: OnceCell::new(),
            until: host.monotonic() + PATIENCE,
            accepted: Cell::new(0),
        }
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
    key: OnceCell<Option<Secret>>,
    until: Instant,
    accepted: Cell<usize>,
}

impl Session<'_> {
    /// The time for the search is over.
    pub fn is_late(&self) -> bool {
        self.left().is_zero()
    }

    /// It took a text in this session, so that what it refuses is refused for itself.
    pub fn has_accepted(&self) -> bool {
        self.accepted.get() > 0
    }

    /// A vector for each text, all of one length.
    pub fn vectors(&self, texts: &[&str]) -> Result<Vec<Vector>, Trouble> {
        let service = self.service;
        let texts: Vec<_> = texts.iter().map(|text| service.store.redactor().redact(text)).collect();
        let body = json!({ "model": service.model, "input": texts });
        let address = service.address.join("embeddings");
        let answer = self.client.post_json(&address, self.key().map_err(Trouble::Service)?, &body, self.left());
        let answer = answer.map_err(|failure| match failure {
            Failure::Status { code: 400 | 413 | 422 | 500, .. } => Trouble::Texts(failure),
            failure => Trouble::Service(Error::failed(failure.to_string())),
        })?;
        let vectors = parse_vectors(&answer, texts.len()).map_err(|why| {
            Trouble::Service(Error::failed(format!("the answer of {} cannot be used: {why}", service.host())))
        })?;
        self.accepted.set(self.accepted.get() + vectors.len());
        Ok(vectors)
    }

    fn key(&self) -> Result<Option<&Secret>> {
        if self.key.get().is_none() {
            let _ = self.key.set(self.service.load_key()?);
        }
        Ok(self.key.get().and_then(Option::as_ref))
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(self.service.store.host().monotonic())
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
