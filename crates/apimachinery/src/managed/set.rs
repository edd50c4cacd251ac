//! Sets of field paths, in the form in which they are stored: `fieldsV1`. A node is a JSON object: its keys are path
//! elements (`f:name`, `k:{"name":"a"}`, `v:"x"`), an empty node is a member, a node with children is one when it has
//! the key `.`. Working on that form saves a translation on each write.

use serde_json::{Map, Value};

/// A node, or a whole set (whose root is never a member).
pub type Set = Map<String, Value>;

const SELF: &str = ".";

/// Is the node itself in the set?
pub(super) fn is_member(node: &Set) -> bool {
    node.is_empty() || node.contains_key(SELF)
}

fn children(node: &Set) -> impl Iterator<Item = (&String, &Set)> {
    node.iter().filter(|(key, _)| *key != SELF).filter_map(|(key, child)| child.as_object().map(|c| (key, c)))
}

/// A node from its children and its own membership; `None` when it is nothing.
pub(super) fn node(mut children: Set, member: bool) -> Option<Set> {
    if children.is_empty() {
        return member.then_some(children);
    }
    if member {
        children.insert(SELF.to_owned(), Value::Object(Map::new()));
    }
    Some(children)
}

/// Takes everything in `other` out of the set.
pub fn subtract(set: &mut Set, other: &Set) {
    for (key, gone) in children(other) {
        let empty = match set.get_mut(key) {
            Some(Value::Object(node)) => !subtract_node(node, gone),
            _ => false,
        };
        if empty {
            set.remove(key);
        }
    }
}

/// Gives whether anything is left.
fn subtract_node(node: &mut Set, gone: &Set) -> bool {
    let was_member = is_member(node);
    let had_children = !node.is_empty();
    let stays_member = was_member && !is_member(gone);
    subtract(node, gone);
    if had_children {
        if !stays_member {
            node.remove(SELF);
        } else if node.len() == 1 {
            // Only the mark is left: a member without children is an empty node.
            node.clear();
            return true;
        }
    }
    stays_member || !node.is_empty()
}

/// Takes everything at and below the paths in `other` out of the set.
pub fn subtract_below(set: &mut Set, other: &Set) {
    for (key, gone) in children(other) {
        if is_member(gone) {
            set.remove(key);
        } else if let Some(Value::Object(node)) = set.get_mut(key) {
            let member = is_member(node);
            subtract_below(node, gone);
            if node.is_empty() && !member {
                set.remove(key);
            } else if node.len() == 1 {
                node.remove(SELF);
            }
        }
    }
}

/// Adds everything in `other`.
pub fn unite(set: &mut Set, other: Set) {
    for (key, child) in other {
        let Value::Object(child) = child else { continue };
        match set.get_mut(&key) {
            Some(Value::Object(node)) => unite_node(node, child),
            _ => {
                set.insert(key, Value::Object(child));
            }
        }
    }
}

fn unite_node(node: &mut Set, other: Set) {
    let member = is_member(node) || is_member(&other);
    unite(node, other);
    if member && !node.is_empty() {
        node.insert(SELF.to_owned(), Value::Object(Map::new()));
    }
}

/// What is in both.
#[must_use]
pub fn intersect(a: &Set, b: &Set) -> Set {
    let mut out = Map::new();
    for (key, left) in children(a) {
        if let Some(Value::Object(right)) = b.get(key)
            && let Some(both) = node(intersect(left, right), is_member(left) && is_member(right))
        {
            out.insert(key.clone(), Value::Object(both));
        }
    }
    out
}

/// Is there nothing in it?
#[must_use]
pub fn is_empty(set: &Set) -> bool {
    set.keys().all(|key| key == SELF)
}

/// Calls with the path of each member.
pub fn each<'s>(set: &'s Set, call: &mut impl FnMut(&[&'s str])) {
    fn go<'s>(node: &'s Set, path: &mut Vec<&'s str>, call: &mut impl FnMut(&[&'s str])) {
        for (key, child) in children(node) {
            path.push(key);
            if is_member(child) {
                call(path);
            }
            go(child, path, call);
            path.pop();
        }
    }
    go(set, &mut Vec::new(), call);
}

/// Adds one path.
pub fn insert(set: &mut Set, path: &[&str]) {
    if let Some((last, above)) = path.split_last() {
        let mut only = Map::new();
        only.insert((*last).to_owned(), Value::Object(Map::new()));
        for element in above.iter().rev() {
            let mut outer = Map::new();
            outer.insert((*element).to_owned(), Value::Object(only));
            only = outer;
        }
        unite(set, only);
    }
}

/// A set that came from a client, with its elements in canonical form; `None` when it is none.
#[must_use]
pub fn canonical(set: &Value) -> Option<Set> {
    fn go(value: &Value, depth: usize) -> Option<Set> {
        let map = value.as_object()?;
        let mut out = Map::new();
        for (key, child) in map {
            let child = if depth == 0 { return None } else { go(child, depth - 1)? };
            out.insert(element(key)?, Value::Object(child));
        }
        if out.len() == 1 {
            out.remove(SELF);
        }
        Some(out)
    }
    match set {
        Value::Null => Some(Map::new()),
        other => go(other, 100),
    }
}

fn element(key: &str) -> Option<String> {
    if key == SELF {
        return Some(key.to_owned());
    }
    let (kind, rest) = key.split_once(':')?;
    match kind {
        "f" => Some(key.to_owned()),
        "i" => rest.parse::<i64>().ok().map(|i| format!("i:{i}")),
        "v" => serde_json::from_str::<Value>(rest).ok().map(|v| format!("v:{}", crate::text::json(&v))),
        "k" => serde_json::from_str::<Map<String, Value>>(rest)
            .ok()
            .map(|m| format!("k:{}", crate::text::json(&Value::Object(m)))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(value: Value) -> Set {
        canonical(&value).unwrap()
    }

    /// All sets over a few nested paths, as a bit pattern.
    const PATHS: [&[&str]; 6] =
        [&["f:a"], &["f:a", "f:b"], &["f:a", "f:b", "f:c"], &["f:a", "f:d"], &["f:e", "f:b"], &["f:e", "f:b", "v:1"]];

    fn of_bits(bits: usize) -> Set {
        let mut out = Set::new();
        for (i, path) in PATHS.iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0) {
            let _ = i;
            insert(&mut out, path);
        }
        out
    }

    fn to_bits(set: &Set) -> usize {
        let mut bits = 0;
        each(set, &mut |path| bits |= 1 << PATHS.iter().position(|p| *p == path).unwrap());
        bits
    }

    #[test]
    fn operations_are_those_of_sets() {
        for a in 0..64usize {
            assert_eq!(to_bits(&of_bits(a)), a);
            for b in 0..64usize {
                let (left, right) = (of_bits(a), of_bits(b));
                let mut united = left.clone();
                unite(&mut united, right.clone());
                assert_eq!(united, of_bits(a | b), "{a:b} | {b:b}");
                let mut difference = left.clone();
                subtract(&mut difference, &right);
                assert_eq!(difference, of_bits(a & !b), "{a:b} - {b:b}");
                assert_eq!(intersect(&left, &right), of_bits(a & b), "{a:b} & {b:b}");
            }
        }
    }

    #[test]
    fn below() {
        let mut s = set(json!({"f:status": {".": {}, "f:x": {}}, "f:spec": {"f:a": {"f:b": {}}, "f:c": {}}}));
        subtract_below(&mut s, &set(json!({"f:status": {}, "f:spec": {"f:a": {}}})));
        assert_eq!(s, set(json!({"f:spec": {"f:c": {}}})));
        let mut s = set(json!({"f:spec": {"f:a": {}}}));
        subtract_below(&mut s, &set(json!({"f:spec": {"f:a": {}}})));
        assert_eq!(s, set(json!({})));
    }

    #[test]
    fn canonical_elements() {
        assert_eq!(
            set(json!({"f:l": {"k:{\"b\":1,\"a\": \"x\"}": {}, "v:\"y\"": {".": {}}}})),
            set(json!({"f:l": {"k:{\"a\":\"x\",\"b\":1}": {}, "v:\"y\"": {}}}))
        );
        for bad in [json!({"x": {}}), json!({"f:a": 1}), json!({"k:{": {}}), json!([]), json!({"i:x": {}})] {
            assert_eq!(canonical(&bad), None, "{bad}");
        }
    }
}
