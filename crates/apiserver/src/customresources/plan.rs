//! What the state of a definition should say: pure.

use std::collections::BTreeSet;

use api::custom::definition::CLEANUP;
use apimachinery::{meta, time};
use serde_json::{Value, json};

use crate::strategies::json::{list, text};

/// Is a condition of a definition `True`?
#[must_use]
pub fn is_true(object: &Value, condition: &str) -> bool {
    list(object, "/status/conditions").iter().any(|c| c["type"] == condition && c["status"] == "True")
}

/// Sets a condition; its time changes with its status.
pub fn set_condition(
    object: &mut Value,
    kind: &str,
    status: bool,
    (reason, message): (&str, &str),
    now: jiff::Timestamp,
) {
    let status = if status { "True" } else { "False" };
    let conditions = &mut object["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(conditions) = conditions.as_array_mut() else { return };
    match conditions.iter_mut().find(|c| c["type"] == kind) {
        Some(known) => {
            if known["status"] != status {
                known["lastTransitionTime"] = time::seconds(now).into();
                known["status"] = status.into();
            }
            known["reason"] = reason.into();
            known["message"] = message.into();
        }
        None => conditions.push(json!({
            "type": kind, "status": status, "lastTransitionTime": time::seconds(now), "reason": reason, "message": message,
        })),
    }
}

/// Names that the other definitions of a group have.
#[derive(Debug, Default)]
struct Taken<'v> {
    resources: BTreeSet<&'v str>,
    kinds: BTreeSet<&'v str>,
}

impl<'v> Taken<'v> {
    fn of(group: &str, all: impl Iterator<Item = &'v Value>) -> Self {
        let mut taken = Taken::default();
        for other in all.filter(|o| text(o, "/spec/group") == group) {
            let names = &other["status"]["acceptedNames"];
            taken.resources.extend(["/plural", "/singular"].map(|p| text(names, p)));
            taken.resources.extend(list(names, "/shortNames").iter().filter_map(Value::as_str));
            taken.kinds.extend(["/kind", "/listKind"].map(|p| text(names, p)));
        }
        taken
    }
}

/// Brings accepted names and the conditions about names up to date; `all` are the definitions as they are now.
pub fn names<'v>(object: &mut Value, all: impl Iterator<Item = &'v Value>, now: jiff::Timestamp) {
    let wanted = object["spec"]["names"].clone();
    let had = object["status"]["acceptedNames"].clone();
    if wanted == had {
        return;
    }
    let group = text(object, "/spec/group").to_owned();
    let taken = Taken::of(&group, all);
    let mut accepted = had.clone();
    let mut refused: Option<(&str, String)> = None;
    for (field, reason, used) in [
        ("plural", "PluralConflict", &taken.resources),
        ("singular", "SingularConflict", &taken.resources),
        ("shortNames", "ShortNamesConflict", &taken.resources),
        ("kind", "KindConflict", &taken.kinds),
        ("listKind", "ListKindConflict", &taken.kinds),
    ] {
        let clashes = clashes(&wanted[field], &had[field], used);
        if clashes.is_empty() {
            set(&mut accepted, field, &wanted[field]);
        } else {
            let message =
                if let [one] = clashes.as_slice() { one.clone() } else { format!("[{}]", clashes.join(", ")) };
            refused = Some((reason, message));
        }
    }
    set(&mut accepted, "categories", &wanted["categories"]);
    object["status"]["acceptedNames"] = accepted;
    match &refused {
        None => set_condition(object, "NamesAccepted", true, ("NoConflicts", "no conflicts found"), now),
        Some((reason, message)) => set_condition(object, "NamesAccepted", false, (*reason, message.as_str()), now),
    }
    if is_true(object, "Established") {
        return;
    }
    if refused.is_some() {
        set_condition(object, "Established", false, ("NotAccepted", "not all names are accepted"), now);
    }
}

/// A definition whose names have been accepted is established.
pub fn establish(object: &mut Value, now: jiff::Timestamp) {
    if is_true(object, "NamesAccepted") && !is_true(object, "Established") && !meta::is_being_deleted(object) {
        let why = ("InitialNamesAccepted", "the initial names have been accepted");
        set_condition(object, "Established", true, why, now);
    }
}

fn set(names: &mut Value, field: &str, value: &Value) {
    let map = meta::ensure_map(names);
    if value.is_null() {
        map.remove(field);
    } else {
        map.insert(field.to_owned(), value.clone());
    }
}

/// Which of the wanted names others have.
fn clashes(wanted: &Value, had: &Value, used: &BTreeSet<&str>) -> Vec<String> {
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            other => other.as_str().map(str::to_owned).into_iter().collect(),
        }
    };
    let had = texts(had);
    let fresh = texts(wanted).into_iter().filter(|name| !had.contains(name));
    fresh.filter(|name| used.contains(name.as_str())).map(|name| format!("{name:?} is already in use")).collect()
}

/// It is on its way out, and its objects have to go first.
#[must_use]
pub fn is_cleaning(object: &Value) -> bool {
    meta::is_being_deleted(object) && meta::finalizers(object).any(|f| f == CLEANUP)
}

/// The last step of its life.
pub fn release(object: &mut Value, established: bool, now: jiff::Timestamp) {
    let why = if established {
        ("InstanceDeletionCompleted", "removed all instances")
    } else {
        ("NeverEstablished", "resource was never established")
    };
    set_condition(object, "Terminating", false, why, now);
    let left = meta::finalizers(object).filter(|f| *f != CLEANUP).map(str::to_owned).collect();
    meta::set_finalizers(object, left);
}

/// The definition with the names that were accepted in place of those that are wished for.
#[must_use]
pub fn as_accepted(object: &Value) -> Value {
    let mut shown = object.clone();
    let accepted = &object["status"]["acceptedNames"];
    if !text(accepted, "/plural").is_empty() {
        shown["spec"]["names"] = accepted.clone();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(plural: &str, kind: &str, short: &[&str]) -> Value {
        json!({"metadata": {"name": format!("{plural}.e.x")},
            "spec": {"group": "e.x", "names": {"plural": plural, "singular": plural, "kind": kind, "listKind": format!("{kind}List"), "shortNames": short}},
            "status": {"conditions": null, "acceptedNames": {"plural": "", "kind": ""}}})
    }

    fn reason(object: &Value, condition: &str) -> String {
        let found = list(object, "/status/conditions").iter().find(|c| c["type"] == condition);
        found.map(|c| format!("{}: {}", text(c, "/reason"), text(c, "/message"))).unwrap_or_default()
    }

    #[test]
    fn names_are_given_to_the_first() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let mut first = definition("as", "A", &["x"]);
        names(&mut first, std::iter::empty(), now);
        establish(&mut first, now);
        assert!(is_true(&first, "NamesAccepted") && is_true(&first, "Established"));
        assert_eq!(first["status"]["acceptedNames"], first["spec"]["names"]);
        for (mut second, wanted) in [
            // The last of several tells.
            (definition("bs", "A", &[]), "ListKindConflict: \"AList\" is already in use"),
            (definition("x", "B", &[]), "SingularConflict: \"x\" is already in use"),
            (
                definition("bs", "B", &["x", "as"]),
                "ShortNamesConflict: [\"x\" is already in use, \"as\" is already in use]",
            ),
        ] {
            let all = [first.clone(), second.clone()];
            names(&mut second, all.iter(), now);
            establish(&mut second, now);
            assert!(!is_true(&second, "NamesAccepted") && !is_true(&second, "Established"));
            let found = reason(&second, "NamesAccepted");
            assert!(found == wanted || wanted.starts_with("Singular") && found.starts_with("Singular"), "{found}");
        }
        let mut other_group = definition("as", "A", &[]);
        other_group["spec"]["group"] = json!("f.x");
        names(&mut other_group, [first].iter(), now);
        assert!(is_true(&other_group, "NamesAccepted"));
    }

    #[test]
    fn a_condition_keeps_its_time_until_it_changes() {
        let mut object = definition("as", "A", &[]);
        let at = |s: i64| jiff::Timestamp::from_second(s).expect("time");
        set_condition(&mut object, "T", true, ("A", "a"), at(0));
        set_condition(&mut object, "T", true, ("B", "b"), at(10));
        assert_eq!(object["status"]["conditions"][0]["lastTransitionTime"], "1970-01-01T00:00:00Z");
        assert_eq!(object["status"]["conditions"][0]["reason"], "B");
        set_condition(&mut object, "T", false, ("B", "b"), at(20));
        assert_eq!(object["status"]["conditions"][0]["lastTransitionTime"], "1970-01-01T00:00:20Z");
    }
}
