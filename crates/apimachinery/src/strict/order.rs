//! The order in which a document names its fields.

use std::collections::HashMap;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::join;

/// Puts strict errors into the order in which Go's decoder of JSON meets them: unknown fields where they stand, duplicates
/// where they stand for the second time.
pub fn as_read(json: &[u8], errors: &mut [String]) {
    let mut seen = Seen::default();
    let mut reader = serde_json::Deserializer::from_slice(json);
    // What cannot be read to its end is not strictly wrong but wrong: others have said so.
    let _ = Walk { path: String::new(), seen: &mut seen }.deserialize(&mut reader);
    errors.sort_by_cached_key(|error| {
        let path = error.split_once('"').and_then(|(_, rest)| rest.strip_suffix('"')).unwrap_or_default();
        let places = seen.places.get(path).map_or(&[][..], Vec::as_slice);
        let wanted = usize::from(error.starts_with("duplicate"));
        places.get(wanted).copied().unwrap_or(usize::MAX)
    });
}

#[derive(Default)]
struct Seen {
    count: usize,
    /// Path → its places, counted in fields.
    places: HashMap<String, Vec<usize>>,
}

struct Walk<'a> {
    path: String,
    seen: &'a mut Seen,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(key) = access.next_key::<String>()? {
            let path = if self.path.is_empty() { key } else { join(&self.path, &key) };
            self.seen.count += 1;
            self.seen.places.entry(path.clone()).or_default().push(self.seen.count);
            access.next_value_seed(Walk { path, seen: self.seen })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut index = 0;
        while access.next_element_seed(Walk { path: format!("{}[{index}]", self.path), seen: self.seen })?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::as_read;

    #[test]
    fn unknown_fields_and_duplicates_as_they_come() {
        let json = br#"{"spec": {"x": 1, "unknown": 1, "x": 2, "list": [{"k": 1, "k": 2, "no": 1}]}, "last": 1}"#;
        let wanted = [
            "unknown field \"spec.unknown\"",
            "duplicate field \"spec.x\"",
            "duplicate field \"spec.list[0].k\"",
            "unknown field \"spec.list[0].no\"",
            "unknown field \"last\"",
        ];
        let mut errors: Vec<String> = wanted.iter().rev().map(|e| (*e).to_owned()).collect();
        as_read(json, &mut errors);
        assert_eq!(errors, wanted);
    }
}
