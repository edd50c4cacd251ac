//! Projected volumes.

use super::volume::{downward_file, key_to_path, local_not_reserved, mode, needed};
use crate::validation::cursor::{At, Report};
use crate::validation::{labels, signer};
use serde_json::Value;
use std::collections::BTreeSet;

struct Paths<'a, 'v> {
    volume: &'a At<'v>,
    taken: BTreeSet<String>,
}

impl Paths<'_, '_> {
    /// Two sources must not write one file; `shown` is the value in the message.
    fn take(&mut self, path: &str, shown: &str, report: &mut Report) {
        if !path.is_empty() && !self.taken.insert(path.to_owned()) {
            report.invalid_value(self.volume, shown, "conflicting duplicate paths");
        }
    }
}

pub(super) fn projected(at: &At<'_>, report: &mut Report) {
    mode(&at.child("defaultMode"), report);
    let mut paths = Paths { volume: at, taken: BTreeSet::new() };
    for source in at.child("sources").items() {
        let mut sources = 0;
        for kind in
            ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"]
        {
            if !source.has(kind) {
                continue;
            }
            let part = source.child(kind);
            sources += 1;
            match kind {
                "secret" | "configMap" => {
                    needed(&part, &["name"], report);
                    for item in part.child("items").items() {
                        key_to_path(&item, report);
                        paths.take(item.get("path"), part.get("name"), report);
                    }
                }
                "downwardAPI" => {
                    for item in part.child("items").items() {
                        downward_file(&At::new(item.value, part.path.clone()), report);
                        paths.take(item.get("path"), item.get("path"), report);
                    }
                }
                "serviceAccountToken" => token(at, &part, report),
                "clusterTrustBundle" => {
                    trust_bundle(&part, report);
                    paths.take(part.get("path"), part.get("path"), report);
                }
                _ => certificate(&part, &mut paths, report),
            }
        }
        if sources > 1 {
            report.forbidden(&source, "may not specify more than 1 volume type per source");
        }
    }
}

fn token(volume: &At<'_>, at: &At<'_>, report: &mut Report) {
    let seconds = at.child("expirationSeconds");
    if seconds.is_absent() {
        report.required(&seconds, "");
    } else if seconds.whole() < 600 {
        report.invalid(&seconds, "may not specify a duration less than 10 minutes");
    } else if seconds.whole() > 1 << 32 {
        report.invalid(&seconds, "may not specify a duration larger than 2^32 seconds");
    }
    // Upstream says the path of the volume here.
    let path = At::new(at.field("path"), volume.path.child("path"));
    if path.text().is_empty() {
        report.required(&path, "");
    } else {
        local_not_reserved(&path, report);
    }
}

fn trust_bundle(at: &At<'_>, report: &mut Report) {
    let (name, signer_name, selector) = (at.child("name"), at.child("signerName"), at.child("labelSelector"));
    match (name.is_absent(), signer_name.is_absent()) {
        (false, false) => report.invalid(at, "only one of name and signerName may be used"),
        (false, true) => {
            if name.text().is_empty() {
                report.required(&name, "must be a valid object name");
            }
            let rest = name.text().rsplit_once(':').map_or(name.text(), |(_, rest)| rest);
            for message in apimachinery::names::dns1123_subdomain(rest) {
                report.invalid(&name, format!("not a valid clustertrustbundlename: {message}"));
            }
            if !selector.is_absent() {
                report.invalid(&selector, "labelSelector must be unset if name is specified");
            }
        }
        (true, false) => {
            signer::name(&signer_name, report);
            labels::selector(&selector, report);
        }
        (true, true) => report.required(at, "either name or signerName must be specified"),
    }
    needed(at, &["path"], report);
    local_not_reserved(&at.child("path"), report);
}

fn certificate(at: &At<'_>, paths: &mut Paths<'_, '_>, report: &mut Report) {
    signer::name(&at.child("signerName"), report);
    let kind = at.child("keyType");
    let kinds = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
    if !kinds.contains(&kind.text()) {
        report.not_supported(&kind, &kinds);
    }
    let seconds = at.child("maxExpirationSeconds");
    if let Value::Number(_) = seconds.value {
        let max = if signer::is_kubernetes(at.get("signerName")) { 24 * 3600 } else { 91 * 24 * 3600 };
        if seconds.whole() < 3600 {
            report.invalid(&seconds, "if provided, maxExpirationSeconds must be >= 3600");
        } else if seconds.whole() > max {
            report.invalid(&seconds, format!("if provided, maxExpirationSeconds must be <= {max}"));
        }
    }
    let mut any = false;
    for field in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
        let path = at.child(field);
        if !path.text().is_empty() {
            any = true;
            local_not_reserved(&path, report);
            paths.take(path.text(), path.text(), report);
        }
    }
    if !any {
        report.required(at, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
    }
}
