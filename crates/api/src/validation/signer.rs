//! Names of signers.

use super::cursor::{At, Report};
use apimachinery::names;

/// Reserved by Kubernetes itself.
pub(super) fn is_kubernetes(name: &str) -> bool {
    let host = name.split('/').next().unwrap_or_default();
    host == "kubernetes.io" || host.ends_with(".kubernetes.io")
}

/// `example.com/signer-name`.
pub(super) fn name(at: &At<'_>, report: &mut Report) {
    if at.text().is_empty() {
        report.required(at, "");
        return;
    }
    let parts: Vec<&str> = at.text().split('/').collect();
    let [domain, path] = parts.as_slice() else {
        report.invalid(at, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
        return;
    };
    if domain.len() > 253 {
        report.too_long(at, 253);
    }
    first_bad(domain, names::dns1123_label, at, report);
    if !domain.contains('.') {
        report.invalid_value(at, *domain, "should be a domain with at least two segments separated by dots");
    }
    first_bad(path, names::dns1123_subdomain, at, report);
    if at.text().len() > 571 {
        report.too_long(at, 571);
    }
}

fn first_bad(segment: &str, check: fn(&str) -> Vec<String>, at: &At<'_>, report: &mut Report) {
    for label in segment.split('.') {
        let messages = check(label);
        for message in &messages {
            report.invalid_value(at, segment, format!("validating label {label:?}: {message}"));
        }
        if !messages.is_empty() {
            return;
        }
    }
}
