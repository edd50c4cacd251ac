//! Every kind against what upstream's own types write: samples from `conformance/protobuf`, each empty, set to zero values, and full.

use std::collections::HashSet;
use std::io::Read;

use apimachinery::{meta, protobuf};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

struct Sample {
    api_version: String,
    kind: String,
    json: String,
    wire: Vec<u8>,
}

fn samples() -> Vec<Sample> {
    let mut text = String::new();
    let packed: &[u8] = include_bytes!("protobuf.gz");
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).expect("gzip");
    let sample = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        let mut part = || parts.next().expect("four parts");
        let (api_version, kind, json) = (part(), part(), part());
        Sample { api_version, kind, json, wire: STANDARD.decode(part()).expect("base64") }
    };
    text.lines().map(sample).collect()
}

fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

fn hex(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(40).map(|b| format!("{b:02x}")).collect();
    format!("{} {:?}", shown.join(" "), String::from_utf8_lossy(&bytes[..bytes.len().min(40)]))
}

#[test]
fn every_kind_is_written_as_upstream_does() {
    let mut failed = Vec::new();
    for Sample { api_version, kind, json, wire } in samples() {
        let (group, version) = split(&api_version);
        let Some(schema) = api::kind_schema(group, version, &kind) else {
            failed.push(format!("{api_version} {kind}: unknown"));
            continue;
        };
        let tree = protobuf::Tree::parse(json.as_bytes()).expect("JSON");
        match api::messages().write(schema, &tree) {
            Err(error) => failed.push(format!("{api_version} {kind}: {error}")),
            Ok(message) => {
                // An event knows no kind of its own.
                let typed = if kind == "WatchEvent" { ("", "") } else { (&*api_version, &*kind) };
                let written = protobuf::seal(typed.0, typed.1, &message);
                if written != wire {
                    let at = written.iter().zip(&wire).position(|(a, b)| a != b);
                    let from = at.unwrap_or(written.len().min(wire.len())).saturating_sub(16);
                    let (ours, theirs) = (hex(&written[from..]), hex(wire.get(from..).unwrap_or_default()));
                    failed.push(format!("{api_version} {kind} at {from}:\n   {ours}\n   {theirs}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed[..failed.len().min(12)].join("\n"));
}

#[test]
fn every_kind_is_read_as_upstream_does() {
    let mut failed = Vec::new();
    for Sample { api_version, kind, json, wire } in samples() {
        let envelope = protobuf::open(&wire).expect("envelope");
        assert!(kind == "WatchEvent" || (envelope.api_version, envelope.kind) == (&*api_version, &*kind));
        let (group, version) = split(&api_version);
        let Some(schema) = api::kind_schema(group, version, &kind) else { continue };
        let mut value = api::messages().read(schema, envelope.message).expect("message");
        meta::set_gvk(&mut value, &api_version, &kind);
        let mut wanted: Value = serde_json::from_str(&json).expect("JSON");
        for tree in [&mut value, &mut wanted] {
            apimachinery::prune::decode(tree, schema).expect("it fits its schema");
            api::normalize::apply(schema, tree);
        }
        if value != wanted {
            failed.push(format!("{api_version} {kind}: {}", difference("", &value, &wanted)));
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed[..failed.len().min(12)].join("\n"));
}

/// The first place where two trees differ.
fn difference(path: &str, ours: &Value, theirs: &Value) -> String {
    if let (Value::Object(a), Value::Object(b)) = (ours, theirs) {
        let keys: HashSet<&String> = a.keys().chain(b.keys()).collect();
        for key in keys {
            let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
            if a != b {
                return difference(&format!("{path}.{key}"), a, b);
            }
        }
    }
    if let (Value::Array(a), Value::Array(b)) = (ours, theirs)
        && let Some(i) = (0..a.len().min(b.len())).find(|i| a[*i] != b[*i])
    {
        return difference(&format!("{path}[{i}]"), &a[i], &b[i]);
    }
    format!("{path}: {ours:.200} against {theirs:.200}")
}

#[test]
fn there_is_a_sample_of_every_kind_but_tables() {
    let known: HashSet<(String, String)> = samples().into_iter().map(|s| (s.api_version, s.kind)).collect();
    let missing: Vec<_> = api::kinds()
        .iter()
        .map(|(group, version, kind, _)| (apimachinery::gvk::api_version(group, version), (*kind).to_owned()))
        .filter(|kind| kind.1 != "Table" && !known.contains(kind))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A field of bytes with a number below 16.
fn field(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = inner.len();
    while length > 127 {
        out.push(u8::try_from(length & 127).expect("seven bits") | 128);
        length >>= 7;
    }
    out.push(u8::try_from(length).expect("seven bits"));
    out.extend_from_slice(inner);
    out
}

fn read(kind: (&str, &str, &str), message: &[u8]) -> Result<Value, protobuf::ReadError> {
    api::messages().read(api::kind_schema(kind.0, kind.1, kind.2).expect("a kind"), message)
}

const MAP: (&str, &str, &str) = ("", "v1", "ConfigMap");

#[test]
fn what_others_may_send() {
    let metadata = |inner: &[u8]| field(1, inner);
    // A message in two pieces, around fields that nobody knows: a number, four bytes, a group in a group.
    let unknown = [0xf8, 0x7f, 7, 0xfd, 0x7f, 1, 2, 3, 4, 0xfb, 0x7f, 0x0b, 0x08, 1, 0x0c, 0xfc, 0x7f];
    let message = [metadata(&field(1, b"a")), unknown.to_vec(), metadata(&field(3, b"n"))].concat();
    assert_eq!(read(MAP, &message).expect("map"), serde_json::json!({"metadata": {"name": "a", "namespace": "n"}}));
    // The last of two wins, also where it is the zero value.
    let message = metadata(&[field(1, b"a"), field(1, b"b"), field(3, b"n"), field(3, b"")].concat());
    assert_eq!(read(MAP, &message).expect("map"), serde_json::json!({"metadata": {"name": "b"}}));
    // Numbers packed and not: spec.securityContext.supplementalGroups.
    let groups = [field(4, &[1, 0x80, 2]), vec![0x20, 3]].concat();
    let pod = field(2, &field(14, &groups));
    let pod = read(("", "v1", "Pod"), &pod).expect("pod");
    assert_eq!(pod["spec"]["securityContext"], serde_json::json!({"supplementalGroups": [1, 256, 3]}));
    // An entry of a map without key or value.
    let map = read(MAP, &[field(2, &[]), field(3, &field(1, b"k"))].concat()).expect("map");
    assert_eq!(map, serde_json::json!({"data": {"": ""}, "binaryData": {"k": null}}));
}

#[test]
fn what_cannot_be_read() {
    let long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    for (message, wanted) in [
        (vec![0x0a, 5, 1], "unexpected EOF"),
        (vec![0x0a], "unexpected EOF"),
        (vec![0x08, 1], "proto: wrong wireType = 0 for field Metadata"),
        (vec![0x0c], "proto: ConfigMap: wiretype end group for non-group"),
        (vec![0x02, 0], "proto: ConfigMap: illegal tag 0 (wire type 2)"),
        (vec![0x0f], "proto: illegal wireType 7"),
        ([&[0x0a][..], &long].concat(), "proto: negative length found during unmarshaling"),
        (vec![0xff; 11], "proto: integer overflow"),
        (field(1, &field(1, &[0xff])), "string field contains invalid UTF-8"),
        (vec![0x0b; 200], "proto: exceeded max recursion depth"),
    ] {
        assert_eq!(read(MAP, &message).expect_err("it is malformed").to_string(), wanted, "{message:?}");
    }
    // spec.versions[0].schema.openAPIV3Schema.anyOf[0].anyOf[0]…; 27 is beyond one byte of tag.
    let mut schema = Vec::new();
    for _ in 0..200 {
        let length = field(1, &schema);
        schema = [&[0xda, 0x01][..], &length[1..]].concat();
    }
    let crd = field(2, &field(7, &field(4, &field(1, &schema))));
    let error = read(("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), &crd).expect_err("too deep");
    assert_eq!(error, protobuf::ReadError::Depth);
    // Raw JSON counts too: metadata.managedFields[0].fieldsV1.
    let raw = format!("{}1{}", "[".repeat(98), "]".repeat(98));
    let managed = [&[0x8a, 0x01][..], &field(1, &field(7, &field(1, raw.as_bytes())))[1..]].concat();
    assert_eq!(read(MAP, &field(1, &managed)).expect_err("too deep"), protobuf::ReadError::Depth);
}
