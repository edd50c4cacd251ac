//! What must hold for any object: random round trips, each from a seed that is named when it fails.

use serde_json::{Map, Value};

use crate::{
    fixture::with_pod,
    managed::{self, apply::Apply, compare, set},
    meta, patch, prune,
    random::{Rng, changed, pod},
    schema::Schema,
};

const ROUNDS: u64 = 100;

fn each(check: impl Fn(&mut Rng, Schema<'_>, u64)) {
    with_pod(|schema| (0..ROUNDS).for_each(|seed| check(&mut Rng::new(seed), schema, seed)));
}

fn write(live: Option<&Value>, mut new: Value, manager: &str, schema: Schema<'_>) -> Value {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    managed::update(
        live,
        &mut new,
        schema,
        &managed::Change { manager, api_version: "v1", subresource: "", now, reset: &[] },
    );
    new
}

/// All fields that anybody owns.
fn owned(object: &Value) -> set::Set {
    let mut out = set::Set::new();
    for entry in object["metadata"]["managedFields"].as_array().into_iter().flatten() {
        set::unite(&mut out, entry["fieldsV1"].as_object().cloned().unwrap_or_default());
    }
    out
}

fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    meta::take_managed_fields(&mut object);
    object
}

/// With lists that merge in one order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect()),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        other => other.clone(),
    }
}

/// The merge patch from one value to the other.
fn difference(from: &Value, to: &Value) -> Value {
    let (Value::Object(a), Value::Object(b)) = (from, to) else { return to.clone() };
    let mut out = Map::new();
    for key in a.keys().filter(|k| !b.contains_key(*k)) {
        out.insert(key.clone(), Value::Null);
    }
    for (key, value) in b.iter().filter(|(k, v)| a.get(*k) != Some(*v)) {
        out.insert(key.clone(), a.get(key).map_or_else(|| value.clone(), |old| difference(old, value)));
    }
    Value::Object(out)
}

#[test]
fn a_merge_patch_leads_from_one_to_the_other() {
    each(|rng, schema, seed| {
        let from = pod(rng, schema);
        let to = changed(rng, schema, &from);
        let mut got = from.clone();
        patch::merge::apply(&mut got, &difference(&from, &to));
        assert_eq!(got, to, "seed {seed}");
    });
}

#[test]
fn a_strategic_patch_twice_is_once() {
    each(|rng, schema, seed| {
        let object = pod(rng, schema);
        assert_eq!(
            patch::strategic::apply(&object, &Value::Object(Map::new()), schema),
            Ok(object.clone()),
            "seed {seed}"
        );
        assert_eq!(sorted(&patch::strategic::apply(&object, &object, schema).unwrap()), sorted(&object), "seed {seed}");
        let wanted = changed(rng, schema, &object);
        let once = patch::strategic::apply(&object, &wanted, schema).unwrap();
        assert_eq!(patch::strategic::apply(&once, &wanted, schema), Ok(once), "seed {seed}");
    });
}

#[test]
fn decoding_twice_is_once() {
    each(|rng, schema, seed| {
        let mut once = pod(rng, schema);
        assert_eq!(prune::decode(&mut once, schema), Ok(Vec::new()), "seed {seed}");
        let mut twice = once.clone();
        assert_eq!(prune::decode(&mut twice, schema), Ok(Vec::new()), "seed {seed}");
        assert_eq!(once, twice, "seed {seed}");
        assert_eq!(crate::strict::json_strict(once.to_string().as_bytes()).unwrap().value, once, "seed {seed}");
    });
}

#[test]
fn after_any_writes_somebody_owns_each_field() {
    each(|rng, schema, seed| {
        let mut object = write(None, pod(rng, schema), "m0", schema);
        for manager in ["m1", "m0", "m2", "m3"] {
            let next = changed(rng, schema, &bare(&object));
            object = write(Some(&object), next.clone(), manager, schema);
            assert_eq!(owned(&object), owned(&write(None, next, "all", schema)), "seed {seed}");
        }
    });
}

#[test]
fn a_comparison_of_equals_is_empty() {
    each(|rng, schema, seed| {
        let object = pod(rng, schema);
        assert_eq!(compare::compare(Some(&object), &object, schema), compare::Difference::default(), "seed {seed}");
        let back = compare::compare(Some(&object), &changed(rng, schema, &object), schema);
        assert!(set::is_empty(&set::intersect(&back.touched, &back.removed)), "seed {seed}");
    });
}

#[test]
fn a_lone_applier_gets_what_it_says() {
    let request = Apply {
        manager: "me",
        api_version: "v1",
        kind: "Pod",
        subresource: "",
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
        reset: &[],
        force: false,
    };
    each(|rng, schema, seed| {
        let first = pod(rng, schema);
        let mut object = managed::apply::apply(None, &first, schema, &request).unwrap();
        assert_eq!(bare(&object), first, "seed {seed}");
        for _ in 0..3 {
            let wanted = changed(rng, schema, &first);
            object = managed::apply::apply(Some(&object), &wanted, schema, &request).unwrap();
            assert_eq!(sorted(&without_kept(&object, &wanted)), sorted(&wanted), "seed {seed}");
            assert_eq!(
                managed::apply::apply(Some(&object), &wanted, schema, &request).as_ref(),
                Ok(&object),
                "seed {seed}"
            );
        }
    });
}

/// Metadata that nobody owns stays when it is applied no more.
fn without_kept(object: &Value, wanted: &Value) -> Value {
    let mut object = bare(object);
    for key in ["generateName", "namespace", "resourceVersion", "creationTimestamp", "generation", "deletionTimestamp"]
    {
        if wanted["metadata"].get(key).is_none() {
            meta::metadata_mut(&mut object).remove(key);
        }
    }
    object
}
