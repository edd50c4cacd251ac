//! Who may ask this node: client certificates and bearer tokens, and what the API server allows them.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use k8s_openapi::{
    api::{
        authentication::v1::{TokenReview, TokenReviewSpec},
        authorization::v1::{NonResourceAttributes, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use parking_lot::Mutex;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::respond::{Body, text};
use crate::context::Context;

/// Answers are kept this long, as Kubernetes' defaults say (allowed: 5 min, refused: 30 s, tokens: 2 min).
const ALLOWED: Duration = Duration::from_secs(300);
const REFUSED: Duration = Duration::from_secs(30);
const TOKENS: Duration = Duration::from_secs(120);
const MOST: usize = 1024;

/// A caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
}

impl User {
    /// From a client certificate: common name and organisations.
    pub(crate) fn from_certificate(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let subject = certificate.subject();
        let name = subject.iter_common_name().next()?.as_str().ok()?.to_owned();
        let mut groups: Vec<String> =
            subject.iter_organization().filter_map(|value| value.as_str().ok()).map(ToOwned::to_owned).collect();
        groups.push("system:authenticated".into());
        Some(Self { name, groups })
    }
}

/// What is asked for, in the terms of `SubjectAccessReview`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    user: User,
    verb: &'static str,
    subresources: Vec<&'static str>,
}

struct Kept<K, V>(Mutex<HashMap<K, (V, Instant)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: std::hash::Hash + Eq, V: Clone> Kept<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        self.0.lock().get(key).filter(|(_, until)| Instant::now() < *until).map(|(value, _)| value.clone())
    }

    fn put(&self, key: K, value: V, life: Duration) {
        let mut map = self.0.lock();
        if map.len() >= MOST {
            let now = Instant::now();
            map.retain(|_, (_, until)| now < *until);
            if map.len() >= MOST {
                map.clear();
            }
        }
        map.insert(key, (value, Instant::now() + life));
    }
}

/// Asks the API server and remembers for a while.
#[derive(Default)]
pub(crate) struct Authority {
    tokens: Kept<Vec<u8>, Option<User>>,
    decisions: Kept<Question, bool>,
}

/// The parts of the kubelet's API as node subresources: the finest first, then the general one.
fn subresources(path: &str) -> Vec<&'static str> {
    let first = path.split('/').find(|part| !part.is_empty()).unwrap_or_default();
    match first {
        "stats" => vec!["stats"],
        "metrics" => vec!["metrics"],
        "logs" => vec!["log"],
        "checkpoint" => vec!["checkpoint"],
        "healthz" => vec!["healthz", "proxy"],
        "pods" | "runningpods" => vec!["pods", "proxy"],
        "configz" => vec!["configz", "proxy"],
        _ => vec!["proxy"],
    }
}

fn verb(method: &Method) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "get",
    }
}

impl Authority {
    /// Lets a request through, or answers it.
    pub(crate) async fn check(
        &self,
        context: &Context,
        certificate: Option<&User>,
        request: &Request<Incoming>,
    ) -> Result<(), Response<Body>> {
        let token = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let user = match (certificate, token) {
            (Some(user), _) => Some(user.clone()),
            (None, Some(token)) => self.user_of(context, token.trim()).await,
            (None, None) => None,
        };
        let Some(user) = user else {
            return Err(text(StatusCode::UNAUTHORIZED, "Unauthorized"));
        };
        // Upgrades come as GET or POST; both mean "create" where something is run, as upstream decides by method.
        let question =
            Question { user, verb: verb(request.method()), subresources: subresources(request.uri().path()) };
        match self.allows(context, &question).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(text(
                StatusCode::FORBIDDEN,
                format!(
                    "Forbidden (user={}, verb={}, resource=nodes, subresource(s)=[{}])",
                    question.user.name,
                    question.verb,
                    question.subresources.join(" ")
                ),
            )),
            Err(error) => Err(text(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("Authorization error (user={}): {error}", question.user.name),
            )),
        }
    }

    async fn user_of(&self, context: &Context, token: &str) -> Option<User> {
        let key = ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref().to_vec();
        if let Some(known) = self.tokens.get(&key) {
            return known;
        }
        let review = TokenReview {
            metadata: ObjectMeta::default(),
            spec: TokenReviewSpec { token: token.to_owned(), ..TokenReviewSpec::default() },
            status: None,
        };
        let answer: TokenReview = context.client.create(&review).await.ok()?;
        let user = answer
            .status
            .filter(|status| status.authenticated == Some(true))
            .and_then(|status| status.user)
            .map(|user| User { name: user.username.unwrap_or_default(), groups: user.groups.unwrap_or_default() });
        self.tokens.put(key, user.clone(), TOKENS);
        user
    }

    async fn allows(&self, context: &Context, question: &Question) -> Result<bool, client::Error> {
        if let Some(known) = self.decisions.get(question) {
            return Ok(known);
        }
        let mut allowed = false;
        for subresource in &question.subresources {
            let attributes = ResourceAttributes {
                verb: Some(question.verb.into()),
                version: Some("v1".into()),
                resource: Some("nodes".into()),
                subresource: Some((*subresource).into()),
                name: Some(context.config.node_name.clone()),
                ..ResourceAttributes::default()
            };
            let spec = SubjectAccessReviewSpec {
                user: Some(question.user.name.clone()),
                groups: Some(question.user.groups.clone()),
                resource_attributes: Some(attributes),
                non_resource_attributes: None::<NonResourceAttributes>,
                ..SubjectAccessReviewSpec::default()
            };
            let review = SubjectAccessReview { metadata: ObjectMeta::default(), spec, status: None };
            let answer: SubjectAccessReview = context.client.create(&review).await?;
            allowed = answer.status.is_some_and(|status| status.allowed);
            if allowed {
                break;
            }
        }
        self.decisions.put(question.clone(), allowed, if allowed { ALLOWED } else { REFUSED });
        Ok(allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_api() {
        for (path, expected) in [
            ("/stats/summary", vec!["stats"]),
            ("/exec/n/p/c", vec!["proxy"]),
            ("/metrics/resource", vec!["metrics"]),
            ("/pods", vec!["pods", "proxy"]),
        ] {
            assert_eq!(subresources(path), expected);
        }
    }
}
