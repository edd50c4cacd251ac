//! A webhook as it is configured, read once for all requests.

use std::{sync::Arc, time::Duration};

use api::expressions::Compiler;
use base64::Engine as _;
use serde_json::Value;

use super::client::Target;
use crate::{
    admission::{conditions::Conditions, matching::Criteria},
    strategies::json::{list, number, text},
};

/// The configurations of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `MutatingWebhookConfiguration`.
    Mutating,
    /// `ValidatingWebhookConfiguration`.
    Validating,
}

/// One webhook.
#[derive(Debug)]
pub struct Hook {
    /// Names it among all webhooks.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Which requests it sees.
    pub criteria: Criteria,
    /// CEL expressions that a request has to fulfil beside the criteria.
    pub conditions: Conditions,
    /// A call that fails counts as allowed.
    pub ignores_failure: bool,
    /// It may be called for requests that must change nothing.
    pub dry_runs: bool,
    /// It wants to be called again after later changes.
    pub reinvoked: bool,
    /// How long a call may take.
    pub timeout: Duration,
    /// The versions of `AdmissionReview` that it reads, the one that it likes best first.
    pub versions: Vec<String>,
    /// Where it is, or why it cannot be called.
    pub target: Result<Target, String>,
}

fn target(hook: &Value) -> Result<Target, String> {
    let config = &hook["clientConfig"];
    let bundle = text(config, "/caBundle");
    let ca = base64::engine::general_purpose::STANDARD.decode(bundle).map_err(|e| e.to_string())?;
    if config["service"].is_object() {
        let port = match number(config, "/service/port") {
            0 => 443,
            port => u16::try_from(port).map_err(|e| e.to_string())?,
        };
        let (namespace, name) = (text(config, "/service/namespace"), text(config, "/service/name"));
        return Ok(Target::service(namespace, name, port, text(config, "/service/path"), ca));
    }
    Target::url(text(config, "/url"), ca)
}

impl Hook {
    fn read(configuration: &str, hook: &Value) -> Self {
        let seconds = match number(hook, "/timeoutSeconds") {
            0 => 10,
            seconds => seconds.unsigned_abs(),
        };
        let ignores_failure = text(hook, "/failurePolicy") == "Ignore";
        Hook {
            id: format!("{configuration}/{}", text(hook, "/name")),
            name: text(hook, "/name").to_owned(),
            criteria: Criteria::of_webhook(hook),
            conditions: Conditions::read(list(hook, "/matchConditions"), ignores_failure, false, &Compiler::default()),
            ignores_failure,
            dry_runs: matches!(text(hook, "/sideEffects"), "None" | "NoneOnDryRun"),
            reinvoked: text(hook, "/reinvocationPolicy") == "IfNeeded",
            timeout: Duration::from_secs(seconds),
            versions: list(hook, "/admissionReviewVersions")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            target: target(hook),
        }
    }
}

/// The webhooks of all configurations: configurations by name, webhooks in the order in which they are written.
#[must_use]
pub fn read(mut configurations: Vec<Value>) -> Arc<[Hook]> {
    configurations.sort_by(|a, b| text(a, "/metadata/name").cmp(text(b, "/metadata/name")));
    let of = |configuration: &Value| {
        let name = text(configuration, "/metadata/name");
        list(configuration, "/webhooks").iter().map(|hook| Hook::read(name, hook)).collect::<Vec<_>>()
    };
    configurations.iter().flat_map(of).collect()
}
