//! Certificate signing requests: who asked is written down by the server, what was asked never changes, and each part of the
//! answer has its own door.

use apimachinery::{
    field::{FieldError, Path},
    time,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer, X509Certificate, X509CertificationRequest};

use super::json::{list, map, put, text};
use crate::contract::{Context, Strategy};

/// See the module.
pub struct CertificateRequests;

const DECISIONS: [&str; 2] = ["Approved", "Denied"];
/// Conditions that are true or not there.
const FINAL: [&str; 3] = ["Approved", "Denied", "Failed"];
const LEGACY: &str = "kubernetes.io/legacy-unknown";
/// Least lifetime that may be asked for.
const SHORTEST_SECONDS: i64 = 600;

/// All usages, sorted.
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

fn of_type<'v>(request: &'v Value, kind: &str) -> Vec<&'v Value> {
    list(request, "/status/conditions").iter().filter(|c| c["type"] == *kind).collect()
}

/// Decisions stay as they were, unless one was added or taken away: that is an error, which validation tells.
fn keep_decisions(object: &mut Value, old: &Value) {
    for kind in DECISIONS {
        let before: Vec<Value> = of_type(old, kind).into_iter().cloned().collect();
        let now = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
        let now: Vec<&mut Value> = now.into_iter().flatten().filter(|c| c["type"] == *kind).collect();
        if now.len() == before.len() {
            now.into_iter().zip(before).for_each(|(now, before)| *now = before);
        }
    }
}

/// Conditions without times get them: of the change, or of the transition.
fn stamp(object: &mut Value, old: &Value, at: jiff::Timestamp) {
    let now = Value::from(time::seconds(at));
    for condition in object.pointer_mut("/status/conditions").and_then(Value::as_array_mut).into_iter().flatten() {
        if condition.get("lastUpdateTime").is_none_or(Value::is_null) {
            condition["lastUpdateTime"] = now.clone();
        }
        if condition.get("lastTransitionTime").is_none_or(Value::is_null) {
            let before = list(old, "/status/conditions")
                .iter()
                .find(|c| c["type"] == condition["type"] && c["status"] == condition["status"]);
            let since = before.map(|c| c["lastTransitionTime"].clone()).filter(|t| !t.is_null());
            condition["lastTransitionTime"] = since.unwrap_or_else(|| now.clone());
        }
    }
}

impl Strategy for CertificateRequests {
    fn prepare_create(&self, context: &Context<'_>, object: &mut Value) {
        let user = context.user;
        let spec = map(object, "spec");
        let filled = |text: &str| (!text.is_empty()).then(|| Value::from(text));
        put(spec, "username", filled(&user.name));
        put(spec, "uid", filled(&user.uid));
        put(spec, "groups", (!user.groups.is_empty()).then(|| json!(user.groups)));
        put(spec, "extra", (!user.extra.is_empty()).then(|| json!(user.extra)));
    }

    fn prepare_update(&self, context: &Context<'_>, object: &mut Value, old: &Value) {
        object["spec"] = old["spec"].clone();
        match context.subresource {
            "approval" => {
                stamp(object, old, context.now);
                let conditions = list(object, "/status/conditions").to_vec();
                object["status"] = if old["status"].is_object() { old["status"].clone() } else { json!({}) };
                put(map(object, "status"), "conditions", (!conditions.is_empty()).then(|| Value::from(conditions)));
            }
            "status" => {
                keep_decisions(object, old);
                stamp(object, old, context.now);
            }
            _ => {}
        }
    }

    fn validate(&self, context: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = spec(object, old);
        errors.extend(conditions(object, old));
        if let Err(why) = certificate(object)
            && old.is_none_or(|old| text(object, "/status/certificate") != text(old, "/status/certificate"))
        {
            errors.push(FieldError::invalid(&Path::new("status").child("certificate"), "<certificate data>", why));
        }
        if let Some(old) = old {
            errors.extend(changes(object, old, context.subresource));
        }
        errors
    }
}

/// What is asked for.
fn spec(object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let (path, mut errors) = (Path::new("spec"), Vec::new());
    if let Err(why) = request(text(object, "/spec/request")) {
        errors.push(FieldError::invalid(&path.child("request"), text(object, "/spec/request"), why));
    }
    let usages: Vec<&str> = list(object, "/spec/usages").iter().filter_map(Value::as_str).collect();
    if usages.is_empty() {
        errors.push(FieldError::required(&path.child("usages"), ""));
    }
    // What was stored once stays good, whatever is known today.
    if old.is_none() {
        let at = |i: usize| path.child("usages").index(i);
        for (i, usage) in usages.iter().enumerate().filter(|(_, usage)| !USAGES.contains(usage)) {
            errors.push(FieldError::not_supported(&at(i), *usage, &USAGES));
        }
        for (i, usage) in usages.iter().enumerate().filter(|(i, usage)| usages[..*i].contains(usage)) {
            errors.push(FieldError::duplicate(&at(i), *usage));
        }
    }
    let (signer, at) = (text(object, "/spec/signerName"), path.child("signerName"));
    if signer == LEGACY && old.is_none() {
        errors.push(FieldError::invalid(&at, signer, "the legacy signerName is not allowed via this API version"));
    } else if signer != LEGACY {
        errors.extend(api::validation::signer_name(&at, signer));
    }
    if let Some(seconds) = object.pointer("/spec/expirationSeconds").and_then(Value::as_i64)
        && seconds < SHORTEST_SECONDS
    {
        let why = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.push(FieldError::invalid(&path.child("expirationSeconds"), seconds, why));
    }
    errors
}

/// Whether it is a request whose sender has the key.
fn request(base64: &str) -> Result<(), String> {
    let wrong = || "PEM block type must be CERTIFICATE REQUEST".to_owned();
    let pem = STANDARD.decode(base64).map_err(|_| wrong())?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).map_err(|_| wrong())?;
    if pem.label != "CERTIFICATE REQUEST" {
        return Err(wrong());
    }
    let (_, parsed) = X509CertificationRequest::from_der(&pem.contents).map_err(|e| format!("x509: {e}"))?;
    parsed.verify_signature().map_err(|e| format!("x509: {e}"))
}

/// Whether what was issued is a chain of certificates.
fn certificate(object: &Value) -> Result<(), String> {
    let text = text(object, "/status/certificate");
    if text.is_empty() {
        return Ok(());
    }
    let none = || "must contain at least one CERTIFICATE PEM block".to_owned();
    let bytes = STANDARD.decode(text).map_err(|_| none())?;
    let mut blocks = 0;
    for block in x509_parser::pem::Pem::iter_from_buffer(&bytes) {
        let block = block.map_err(|_| none())?;
        if block.label != "CERTIFICATE" {
            return Err(format!("only CERTIFICATE PEM blocks are allowed, found {:?}", block.label));
        }
        X509Certificate::from_der(&block.contents).map_err(|e| format!("x509: {e}"))?;
        blocks += 1;
    }
    if blocks == 0 { Err(none()) } else { Ok(()) }
}

fn types(object: &Value) -> Vec<&str> {
    list(object, "/status/conditions").iter().map(|c| c["type"].as_str().unwrap_or_default()).collect()
}

fn has_duplicates(types: &[&str]) -> bool {
    types.iter().enumerate().any(|(i, kind)| types[..i].contains(kind))
}

/// The conditions by themselves. What an old object has wrong already is borne.
fn conditions(object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let (path, mut errors) = (Path::new("status").child("conditions"), Vec::new());
    let (now, before) = (types(object), old.map(types).unwrap_or_default());
    let both = |types: &[&str]| DECISIONS.iter().all(|d| types.contains(d));
    for (i, condition) in list(object, "/status/conditions").iter().enumerate() {
        let (kind, status) = (now[i], condition["status"].as_str().unwrap_or_default());
        let at = |field: &str| path.index(i).child(field);
        if kind.is_empty() && !before.contains(&"") {
            errors.push(FieldError::required(&at("type"), ""));
        }
        let allowed: &[&str] = if FINAL.contains(&kind) { &["True"] } else { &["False", "True", "Unknown"] };
        if status.is_empty() {
            errors.push(FieldError::required(&at("status"), ""));
        } else if !allowed.contains(&status) {
            errors.push(FieldError::not_supported(&at("status"), status, allowed));
        }
        if DECISIONS.contains(&kind) && !both(&before) && DECISIONS.iter().any(|d| *d != kind && now[..i].contains(d)) {
            let why = "Approved and Denied conditions are mutually exclusive";
            errors.push(FieldError::invalid(&path, kind, why));
        }
        if now[..i].contains(&kind) && !has_duplicates(&before) {
            errors.push(FieldError::duplicate(&at("type"), kind));
        }
    }
    errors
}

/// What an update may do, by the door through which it comes.
fn changes(object: &Value, old: &Value, door: &str) -> Vec<FieldError> {
    let (path, mut errors) = (Path::new("status"), Vec::new());
    let mut forbid = |field: &str, why: String| errors.push(FieldError::forbidden(&path.child(field), why));
    for kind in FINAL {
        if of_type(object, kind).len() < of_type(old, kind).len() {
            forbid("conditions", format!("updates may not remove a condition of type {kind:?}"));
        }
    }
    for kind in DECISIONS.iter().filter(|_| door != "approval") {
        let (now, before) = (of_type(object, kind), of_type(old, kind));
        if now.len() > before.len() {
            forbid("conditions", format!("updates may not add a condition of type {kind:?}"));
        } else if now.len() == before.len() && now != before {
            forbid("conditions", format!("updates may not modify a condition of type {kind:?}"));
        }
    }
    let (now, before) = (text(object, "/status/certificate"), text(old, "/status/certificate"));
    if now != before && door != "status" {
        forbid("certificate", "updates may not set certificate content".to_owned());
    } else if now != before && !before.is_empty() {
        forbid("certificate", "updates may not modify existing certificate content".to_owned());
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::User;

    fn context<'a>(subresource: &'a str, user: &'a User) -> Context<'a> {
        let row = api::find("certificates.k8s.io", "v1", "certificatesigningrequests").expect("the row");
        Context { resource: row, subresource, user, now: jiff::Timestamp::UNIX_EPOCH, dry_run: false }
    }

    /// A request of an ECDSA key for `CN=e2e`, made with openssl.
    const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----\n\
MIHIMHACAQAwDjEMMAoGA1UEAwwDZTJlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD\n\
QgAEJekYx9oI7satsJgPtR7tRExw+nzrWPiDPqk4E2Bm3pmXPW6Q6xXsLx/T1YmC\n\
1AA8ZhfN9hv3NvSWM+K1CE1/yaAAMAoGCCqGSM49BAMCA0gAMEUCIB8/wWc2BhyS\n\
phMEOnTz6MHVspTeZnTU0MC2+/owfINgAiEArqg+t66VhWtxSSu/3IxrVyIER8S3\n\
SvbEZYu4n7kLd8c=\n\
-----END CERTIFICATE REQUEST-----\n";

    fn fresh() -> Value {
        json!({"metadata": {"name": "r"}, "spec": {"request": STANDARD.encode(REQUEST), "signerName": "example.com/x", "usages": ["client auth"]}})
    }

    fn errors(object: &Value, old: Option<&Value>, door: &str) -> Vec<String> {
        let user = User::default();
        CertificateRequests.validate(&context(door, &user), object, old).iter().map(ToString::to_string).collect()
    }

    fn with(mut object: Value, path: &str, value: Value) -> Value {
        let (parent, field) = path.rsplit_once('/').expect("a path");
        object.pointer_mut(parent).expect("the parent")[field] = value;
        object
    }

    #[test]
    fn a_good_request_is_taken_and_bad_ones_are_named() {
        assert_eq!(errors(&fresh(), None, ""), Vec::<String>::new());
        let forged = STANDARD.encode(REQUEST.replacen("MI", "MJ", 1));
        for (path, value, words) in [
            ("/spec/request", json!("eA=="), "PEM block type must be CERTIFICATE REQUEST"),
            ("/spec/request", json!(forged), "spec.request: Invalid value"),
            ("/spec/usages", json!([]), "spec.usages: Required value"),
            ("/spec/usages", json!(["fun"]), "spec.usages[0]: Unsupported value: \"fun\""),
            ("/spec/usages", json!(["any", "any"]), "spec.usages[1]: Duplicate value: \"any\""),
            ("/spec/signerName", json!(LEGACY), "the legacy signerName is not allowed"),
            ("/spec/signerName", json!("x"), "must be a fully qualified domain and path"),
            ("/spec/expirationSeconds", json!(599), "may not specify a duration less than 600 seconds"),
        ] {
            let got = errors(&with(fresh(), path, value.clone()), None, "");
            assert!(got.len() == 1 && got[0].contains(words), "{path} {value}: {got:?}");
        }
    }

    #[test]
    fn who_asked_is_written_by_the_server() {
        let user = User { name: "u".into(), groups: vec!["g".into()], ..User::default() };
        let mut request = json!({"spec": {"request": "x", "username": "somebody else", "uid": "1"}});
        CertificateRequests.prepare_create(&context("", &user), &mut request);
        assert_eq!(request["spec"], json!({"request": "x", "username": "u", "groups": ["g"]}));
    }

    #[test]
    fn each_part_of_the_answer_has_its_own_door() {
        let user = User::default();
        let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "lastUpdateTime": "2027-01-15T08:00:00Z", "lastTransitionTime": "2027-01-15T08:00:00Z"});
        let through = |door: &str, old: &Value, status: Value| {
            let mut object = with(old.clone(), "/status", status);
            CertificateRequests.prepare_update(&context(door, &user), &mut object, old);
            let errors = errors(&object, Some(old), door);
            (object, errors)
        };
        let yes = json!({"conditions": [condition("Approved", "True")], "certificate": "forged"});
        let (approved, none) = through("approval", &fresh(), yes);
        assert_eq!((none, &approved["status"]), (vec![], &json!({"conditions": [condition("Approved", "True")]})));
        for (door, old, status, words) in [
            (
                "approval",
                &approved,
                json!({"conditions": [condition("Approved", "True"), condition("Denied", "True")]}),
                "mutually exclusive",
            ),
            ("approval", &approved, json!({}), "may not remove a condition of type \"Approved\""),
            (
                "approval",
                &fresh(),
                json!({"conditions": [condition("Approved", "False")]}),
                "Unsupported value: \"False\"",
            ),
            (
                "status",
                &fresh(),
                json!({"conditions": [condition("Approved", "True")]}),
                "may not add a condition of type \"Approved\"",
            ),
            (
                "status",
                &approved,
                json!({"conditions": [condition("Approved", "True")], "certificate": "eA=="}),
                "must contain at least one CERTIFICATE PEM block",
            ),
            (
                "status",
                &approved,
                json!({"conditions": [condition("Approved", "True"), condition("X", "maybe")]}),
                "Unsupported value: \"maybe\"",
            ),
        ] {
            let (_, got) = through(door, old, status.clone());
            assert!(got.len() == 1 && got[0].contains(words), "{door} {status}: {got:?}");
        }
        let issued = with(approved.clone(), "/status/certificate", "b2xk".into());
        let (_, got) =
            through("status", &issued, json!({"conditions": [condition("Approved", "True")], "certificate": "bmV3"}));
        assert!(got.iter().any(|e| e.contains("may not modify existing certificate content")), "{got:?}");
        let (same, got) = through(
            "status",
            &issued,
            json!({"conditions": [condition("Approved", "True"), condition("Mine", "True")], "certificate": "b2xk"}),
        );
        assert_eq!((got, list(&same, "/status/conditions").len()), (vec![], 2));
    }

    #[test]
    fn a_condition_gets_its_times() {
        let mut object = json!({"status": {"conditions": [{"type": "Approved", "status": "True"}]}});
        let old = fresh();
        CertificateRequests.prepare_update(&context("approval", &User::default()), &mut object, &old);
        assert_eq!(object["status"]["conditions"][0]["lastUpdateTime"], "1970-01-01T00:00:00Z");
    }
}
