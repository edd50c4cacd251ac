//! Tokens of service accounts for projected volumes: asked for once, renewed when four fifths of their life are over.

use std::collections::HashMap;

use client::Client;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::{
        authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec},
        core::v1::{Pod, ServiceAccount},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use parking_lot::Mutex;

use crate::pods::spec;

const LONGEST: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone)]
struct Token {
    text: String,
    refresh_at: Timestamp,
    expires_at: Timestamp,
}

/// Tokens of one pod by audience and life time.
#[derive(Default)]
pub(crate) struct Tokens {
    known: Mutex<HashMap<(String, i64), Token>>,
}

impl Tokens {
    /// The token and when to ask again. A token that still lives is better than none when the API does not answer.
    pub(crate) async fn get(
        &self,
        client: &Client,
        pod: &Pod,
        audience: Option<&str>,
        seconds: i64,
        now: Timestamp,
    ) -> Result<(String, Timestamp), String> {
        let key = (audience.unwrap_or_default().to_owned(), seconds);
        let known = self.known.lock().get(&key).cloned();
        if let Some(token) = known.as_ref().filter(|token| now < token.refresh_at) {
            return Ok((token.text.clone(), token.refresh_at));
        }
        match request(client, pod, audience, seconds, now).await {
            Ok(token) => {
                let answer = (token.text.clone(), token.refresh_at);
                self.known.lock().insert(key, token);
                Ok(answer)
            }
            Err(error) => match known.filter(|token| now < token.expires_at) {
                Some(token) => Ok((token.text, now + SignedDuration::from_secs(10))),
                None => Err(error),
            },
        }
    }
}

async fn request(
    client: &Client,
    pod: &Pod,
    audience: Option<&str>,
    seconds: i64,
    now: Timestamp,
) -> Result<Token, String> {
    let account = spec::spec(pod).service_account_name.as_deref().unwrap_or("default");
    let body = TokenRequest {
        metadata: ObjectMeta::default(),
        spec: Some(TokenRequestSpec {
            audiences: audience.filter(|audience| !audience.is_empty()).map(|audience| vec![audience.to_owned()]),
            expiration_seconds: Some(seconds),
            bound_object_ref: Some(BoundObjectReference {
                api_version: Some("v1".into()),
                kind: Some("Pod".into()),
                name: pod.metadata.name.clone(),
                uid: pod.metadata.uid.clone(),
            }),
            ..TokenRequestSpec::default()
        }),
        status: None,
    };
    let answer: TokenRequest = client
        .create_part::<ServiceAccount, _, _>(spec::namespace(pod), account, "token", &body)
        .await
        .map_err(|error| format!("failed to fetch token: {}", error.message()))?;
    let status = answer.status.ok_or_else(|| "failed to fetch token: the answer has no status".to_owned())?;
    let expires_at = status.expiration_timestamp.map_or(now + SignedDuration::from_secs(seconds), |time| time.0);
    let life = expires_at.duration_since(now);
    let refresh_at = now + (life * 4 / 5).min(LONGEST).max(SignedDuration::from_secs(1));
    Ok(Token { text: status.token.unwrap_or_default(), refresh_at, expires_at })
}
