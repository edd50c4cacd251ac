//! `selfsubjectrulesreviews`: all that I may do in a namespace.

use std::sync::Arc;

use apimachinery::status::Status;
use serde_json::{Value, json};

use crate::{
    registry::{Call, Outcome},
    server::ApiServer,
    strategies::json::text,
};

pub fn answer(server: &Arc<ApiServer>, call: &Call, mut review: Value) -> Result<Outcome, Status> {
    let namespace = text(&review, "/spec/namespace").to_owned();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let (rules, errors) = server.authorizer.rules_for(&call.user, &namespace);
    let mut resources = Vec::new();
    let mut paths = Vec::new();
    for rule in &rules {
        if !rule.resources.is_empty() {
            let mut entry = json!({"verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources});
            if !rule.resource_names.is_empty() {
                entry["resourceNames"] = json!(rule.resource_names);
            }
            resources.push(entry);
        }
        if !rule.non_resource_urls.is_empty() {
            paths.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls}));
        }
    }
    let mut status = json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": !errors.is_empty()});
    if !errors.is_empty() {
        status["evaluationError"] = errors.join(", ").into();
    }
    review["status"] = status;
    Ok(Outcome::value(201, review))
}
