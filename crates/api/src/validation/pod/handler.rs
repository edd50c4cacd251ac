//! Probes and lifecycle hooks.

use super::Pod;
use crate::validation::cursor::{At, Report};
use apimachinery::names;

pub(super) fn probes(pod: &Pod<'_>, container: &At<'_>, report: &mut Report) {
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = container.child(field);
        if probe.is_absent() {
            continue;
        }
        handler(pod, &probe, &["exec", "httpGet", "tcpSocket", "grpc"], report);
        for seconds in
            ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
        {
            report.nonnegative(&probe.child(seconds));
        }
        let grace = probe.child("terminationGracePeriodSeconds");
        if !grace.is_absent() && grace.whole() <= 0 {
            report.invalid(&grace, "must be greater than 0");
        }
        let successes = probe.child("successThreshold");
        if field == "readinessProbe" {
            if !grace.is_absent() {
                report.invalid(&grace, "must not be set for readinessProbes");
            }
        } else if successes.whole() != 1 {
            report.invalid_value(&successes, successes.whole(), "must be 1");
        }
    }
}

pub(super) fn lifecycle(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    for field in ["postStart", "preStop"] {
        let hook = at.child(field);
        if !hook.is_absent() {
            handler(pod, &hook, &["exec", "httpGet", "tcpSocket", "sleep"], report);
        }
    }
    let signal = at.child("stopSignal");
    if !signal.is_absent() && pod.spec["os"].is_null() {
        report.forbidden(&signal, "may not be set for containers with empty `spec.os.name`");
    }
}

fn handler(pod: &Pod<'_>, at: &At<'_>, kinds: &[&str], report: &mut Report) {
    let mut found = false;
    for kind in kinds {
        let action = at.child(kind);
        if action.is_absent() {
            continue;
        }
        if found {
            report.forbidden(&action, "may not specify more than 1 handler type");
            continue;
        }
        found = true;
        match *kind {
            "exec" => {
                if action.child("command").count() == 0 {
                    report.required(&action.child("command"), "");
                }
            }
            "httpGet" => http_get(&action, report),
            "sleep" => {
                let seconds = action.child("seconds").whole();
                if let Some(grace) = pod.grace.filter(|grace| seconds < 0 || seconds > *grace) {
                    report.invalid_value(
                        &action,
                        seconds,
                        format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})"),
                    );
                }
            }
            _ => report.port_number_or_name(&action.child("port")),
        }
    }
    if !found {
        report.required(at, "must specify a handler type");
    }
}

fn http_get(at: &At<'_>, report: &mut Report) {
    if at.get("path").is_empty() {
        report.required(&at.child("path"), "");
    }
    report.port_number_or_name(&at.child("port"));
    let scheme = at.child("scheme");
    if !["HTTP", "HTTPS"].contains(&scheme.text()) {
        report.not_supported(&scheme, &["HTTP", "HTTPS"]);
    }
    let headers = at.child("httpHeaders");
    for header in headers.items() {
        for message in names::http_header_name(header.get("name")) {
            report.invalid_value(&headers, header.get("name"), message);
        }
    }
}
