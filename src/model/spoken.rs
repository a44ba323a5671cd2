//! JSON in what agents say: prose around it is tolerated.

use serde_json::{Map, Value};

/// Every outermost JSON object in the text that has a member of this name, in order.
pub fn objects_with(text: &str, name: &str) -> Vec<Map<String, Value>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = text[at..].find('{').map(|offset| at + offset) {
        let mut values = serde_json::Deserializer::from_str(&text[begin..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(Value::Object(object))) => {
                at = begin + values.byte_offset();
                if object.contains_key(name) {
                    found.push(object);
                }
            }
            _ => at = begin + 1,
        }
    }
    found
}
