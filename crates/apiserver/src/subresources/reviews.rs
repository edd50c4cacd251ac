//! Reviews of access and of tokens.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use apimachinery::{
    field::{FieldError, Path},
    status::Status,
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::{
    authn::{BootstrapTokens, Refusal, ServiceAccounts, TokenError},
    contract::{Decision, RequestInfo, User},
    registry::{Call, Outcome},
    server::ApiServer,
    strategies::json::{list, text},
};

/// Verbs that requests have; reviews may ask about any other word.
const VERBS: [&str; 16] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "post",
    "put",
    "head",
    "options",
    "bind",
    "escalate",
    "impersonate",
    "use",
];

/// So many other words are remembered.
const OTHER_VERBS: usize = 1024;

/// A verb as a static text. Words are kept for ever, so there is a bound to them: beyond it a word matches only `*`.
pub(crate) fn verb(word: &str) -> &'static str {
    static OTHERS: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);
    if let Some(known) = VERBS.iter().find(|v| **v == word) {
        return known;
    }
    let mut others = OTHERS.lock();
    if let Some(known) = others.get(word) {
        return known;
    }
    if others.len() >= OTHER_VERBS || word.len() > 64 {
        return "<unknown>";
    }
    let kept: &'static str = Box::leak(word.to_owned().into_boxed_str());
    others.insert(kept);
    kept
}

/// `UserInfo` of a user.
pub fn user_info(user: &User) -> Value {
    let mut info = Map::new();
    info.insert("username".into(), user.name.as_str().into());
    if !user.uid.is_empty() {
        info.insert("uid".into(), user.uid.as_str().into());
    }
    if !user.groups.is_empty() {
        info.insert("groups".into(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        info.insert("extra".into(), json!(user.extra));
    }
    Value::Object(info)
}

/// Who am I?
pub fn self_subject(call: &Call, mut review: Value) -> Outcome {
    review["status"] = json!({"userInfo": user_info(&call.user)});
    review["metadata"] = json!({"creationTimestamp": apimachinery::time::seconds(call.now)});
    Outcome::value(201, review)
}

fn strings(value: &Value, pointer: &str) -> Vec<String> {
    list(value, pointer).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The user that a review is about.
fn subject(review: &Value) -> User {
    let extra = review.pointer("/spec/extra").and_then(Value::as_object).into_iter().flatten();
    User {
        name: text(review, "/spec/user").to_owned(),
        uid: text(review, "/spec/uid").to_owned(),
        groups: strings(review, "/spec/groups"),
        extra: extra.map(|(k, v)| (k.clone(), strings(v, ""))).collect(),
    }
}

/// Requirements of a field selector that say "equals".
fn field_selector(attributes: &Value) -> String {
    let raw = text(attributes, "/fieldSelector/rawSelector");
    if !raw.is_empty() {
        return raw.to_owned();
    }
    let requirements = list(attributes, "/fieldSelector/requirements").iter();
    let equal = requirements.filter(|r| r["operator"] == "In" && list(r, "/values").len() == 1);
    equal.map(|r| format!("{}={}", text(r, "/key"), text(r, "/values/0"))).collect::<Vec<_>>().join(",")
}

/// The request that a review is about.
fn question(review: &Value) -> RequestInfo {
    if let Some(path) = review.pointer("/spec/nonResourceAttributes").filter(|a| !a.is_null()) {
        return RequestInfo {
            verb: verb(text(path, "/verb")),
            path: text(path, "/path").to_owned(),
            ..RequestInfo::default()
        };
    }
    let attributes = &review["spec"]["resourceAttributes"];
    let of = |key: &str| attributes[key].as_str().unwrap_or_default().to_owned();
    RequestInfo {
        verb: verb(text(attributes, "/verb")),
        is_resource: true,
        group: of("group"),
        version: of("version"),
        namespace: of("namespace"),
        resource: of("resource"),
        subresource: of("subresource"),
        name: of("name"),
        field_selector: field_selector(attributes),
        ..RequestInfo::default()
    }
}

fn check(call: &Call, review: &Value) -> Vec<FieldError> {
    let spec = Path::new("spec");
    let given = |key: &str| review["spec"].get(key).is_some_and(|v| !v.is_null());
    let mut errors = Vec::new();
    match (given("resourceAttributes"), given("nonResourceAttributes")) {
        (true, true) => errors.push(FieldError::invalid(
            &spec.child("nonResourceAttributes"),
            Value::Null,
            "cannot be specified in combination with resourceAttributes",
        )),
        (false, false) => errors.push(FieldError::invalid(
            &spec.child("resourceAttributes"),
            Value::Null,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )),
        _ => {}
    }
    let own = call.row.plural == "selfsubjectaccessreviews";
    if !own && text(review, "/spec/user").is_empty() && list(review, "/spec/groups").is_empty() {
        errors.push(FieldError::invalid(
            &spec.child("user"),
            text(review, "/spec/user"),
            "at least one of user or group must be specified",
        ));
    }
    if call.row.plural == "localsubjectaccessreviews" {
        if given("nonResourceAttributes") {
            errors.push(FieldError::invalid(
                &spec.child("nonResourceAttributes"),
                Value::Null,
                "disallowed on this kind of request",
            ));
        }
        let namespace = text(review, "/spec/resourceAttributes/namespace");
        if given("resourceAttributes") && namespace != call.info.namespace {
            errors.push(FieldError::invalid(
                &spec.child("resourceAttributes").child("namespace"),
                namespace,
                "must match metadata.namespace",
            ));
        }
    }
    errors
}

/// May somebody do something?
pub fn access(server: &Arc<ApiServer>, call: &Call, mut review: Value) -> Result<Outcome, Status> {
    let errors = check(call, &review);
    if !errors.is_empty() {
        return Err(call.invalid("", &errors));
    }
    let own = call.row.plural == "selfsubjectaccessreviews";
    let user = if own { User::clone(&call.user) } else { subject(&review) };
    let mut status = Map::new();
    let (allowed, denied, reason) = match server.authorizer.authorize(&user, &question(&review)) {
        Decision::Allow => (true, false, String::new()),
        Decision::NoOpinion(reason) => (false, false, reason),
        Decision::Deny(reason) => (false, true, reason),
    };
    status.insert("allowed".into(), allowed.into());
    if denied {
        status.insert("denied".into(), true.into());
    }
    if !reason.is_empty() {
        status.insert("reason".into(), reason.into());
    }
    review["status"] = Value::Object(status);
    Ok(Outcome::value(201, review))
}

/// Whose token is it?
pub fn token(server: &Arc<ApiServer>, call: &Call, mut review: Value) -> Result<Outcome, Status> {
    let token = text(&review, "/spec/token").to_owned();
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let audiences = strings(&review, "/spec/audiences");
    if api::bootstrap_token::parse(&token).is_some() {
        review["status"] = joining(server, &token, &audiences, call.now);
        return Ok(Outcome::value(201, review));
    }
    let answer = match &server.signer {
        Some(signer) => {
            ServiceAccounts::new(signer.clone(), server.registry.reader.clone()).identify(&token, &audiences, call.now)
        }
        None => Err(Refusal::Token(TokenError::Signature)),
    };
    review["status"] = match answer {
        Ok((user, audiences)) => json!({"authenticated": true, "user": user_info(&user), "audiences": audiences}),
        Err(Refusal::Token(
            TokenError::Malformed(_)
            | TokenError::Signature
            | TokenError::Issuer(_)
            | TokenError::Key(_)
            | TokenError::Sign,
        )) => json!({"user": {}, "error": "invalid bearer token"}),
        Err(Refusal::Token(TokenError::Audience(found))) => {
            json!({"user": {}, "error": format!("[invalid bearer token, token audiences [{}] is invalid for the target audiences [{}]]", quoted(&found), quoted(&audiences))})
        }
        Err(refusal) => json!({"user": {}, "error": format!("[invalid bearer token, {refusal}]")}),
    };
    Ok(Outcome::value(201, review))
}

/// Bootstrap tokens are for the API server only.
fn joining(server: &ApiServer, token: &str, audiences: &[String], now: jiff::Timestamp) -> Value {
    let own = &server.config.service_accounts.audiences;
    let matched: Vec<&String> = own.iter().filter(|a| audiences.is_empty() || audiences.contains(a)).collect();
    let user = BootstrapTokens::new(server.registry.reader.clone()).identify(token, now);
    match user.filter(|_| !matched.is_empty()) {
        Some(user) => json!({"authenticated": true, "user": user_info(&user), "audiences": matched}),
        None => json!({"user": {}, "error": "invalid bearer token"}),
    }
}

fn quoted(list: &[String]) -> String {
    list.iter().map(|s| format!("{s:?}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_become_requests() {
        let review = json!({"spec": {"user": "u", "groups": ["g"], "resourceAttributes": {"namespace": "n", "verb": "approve", "group": "apps", "resource": "deployments", "subresource": "scale", "fieldSelector": {"requirements": [{"key": "spec.nodeName", "operator": "In", "values": ["one"]}]}}}});
        let asked = question(&review);
        assert_eq!(
            (
                asked.verb,
                asked.group.as_str(),
                asked.resource.as_str(),
                asked.subresource.as_str(),
                asked.field_selector.as_str()
            ),
            ("approve", "apps", "deployments", "scale", "spec.nodeName=one")
        );
        assert_eq!(subject(&review).groups, ["g"]);
        let path = json!({"spec": {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}});
        assert!(!question(&path).is_resource);
        assert_eq!(question(&path).path, "/metrics");
    }
}
