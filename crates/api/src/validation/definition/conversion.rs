//! How versions are converted.

use super::{At, Report};
use crate::access::items;
use apimachinery::names;
use serde_json::Value;

pub(super) fn conversion(conversion: &At<'_>, report: &mut Report) {
    if conversion.is_absent() {
        return;
    }
    let strategy = conversion.child("strategy");
    report.one_of(&strategy, &["None", "Webhook"]);
    let given = conversion.child("webhook");
    let config = At::new(given.field("clientConfig"), conversion.path.child("webhookClientConfig"));
    let versions = At::new(given.field("conversionReviewVersions"), conversion.path.child("conversionReviewVersions"));
    if strategy.text() != "Webhook" {
        if !config.is_absent() {
            report.forbidden(&config, "should not be set when strategy is not set to Webhook");
        }
        if versions.count() > 0 {
            report.forbidden(&versions, "should not be set when strategy is not set to Webhook");
        }
        return;
    }
    if config.is_absent() {
        report.required(&config, "required when strategy is set to Webhook");
    } else if config.has("url") == config.has("service") {
        report.required(&config, "exactly one of url or service is required");
    } else if config.has("service") {
        service(&config.child("service"), report);
    } else if !config.get("url").starts_with("https://") {
        report.invalid(
            &config.child("url"),
            "'https' is the only allowed URL scheme; desired format: https://host[/path]",
        );
    }
    review_versions(&versions, report);
}

fn service(service: &At<'_>, report: &mut Report) {
    for field in ["name", "namespace"] {
        let at = service.child(field);
        if at.text().is_empty() {
            report.required(&at, "");
        }
    }
    let path = service.child("path");
    if !path.is_absent() && !path.text().starts_with('/') {
        report.invalid(&path, "must start with a '/'");
    }
    let port = service.child("port");
    if !port.is_absent() && !(1..=65535).contains(&port.whole()) {
        report.invalid(&port, "port is not valid: must be between 1 and 65535, inclusive");
    }
}

fn review_versions(versions: &At<'_>, report: &mut Report) {
    if versions.count() == 0 {
        report.required(versions, "");
        return;
    }
    let all: &[Value] = items(versions.value);
    for (index, version) in versions.items().enumerate() {
        if all[..index].contains(version.value) {
            report.invalid(&version, "duplicate version");
            continue;
        }
        report.messages(&version, names::dns1035_label(version.text()));
    }
    if !all.iter().any(|v| v == "v1" || v == "v1beta1") {
        report.invalid(versions, "must include at least one of v1, v1beta1");
    }
}
