//! Certificates of pods for projected volumes: asked for by PodCertificateRequests, renewed when their signer says so.
//!
//! Nothing of it outlives the kubelet: after a restart every pod gets a new certificate.

mod key;
mod plan;
#[cfg(test)]
mod plan_tests;

use std::{collections::BTreeMap, sync::Arc};

use client::events::Kind;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    ByteString,
    api::{
        certificates::v1::{PodCertificateRequest, PodCertificateRequestSpec},
        core::v1::{Pod, PodCertificateProjection, ServiceAccount},
    },
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use parking_lot::Mutex;

use self::plan::State;
use crate::{context::Context, pods::spec};

/// The first delay after a request that could not be made; it doubles up to [`LONGEST_DELAY`].
const FIRST_DELAY: SignedDuration = SignedDuration::from_millis(500);
const LONGEST_DELAY: SignedDuration = SignedDuration::from_secs(1000);

/// A certificate of one pod by volume and number of the source.
type Id = (String, usize);

struct Record {
    state: State,
    failures: u32,
    /// No request is made before.
    not_before: Option<Timestamp>,
}

/// Certificates of one pod.
#[derive(Default)]
pub(crate) struct Certificates {
    known: Mutex<BTreeMap<Id, Record>>,
}

/// What a volume gets.
pub(crate) struct Bundle {
    /// PKCS#8 in PEM.
    pub(crate) key: String,
    /// Leaf first, in PEM.
    pub(crate) chain: String,
    /// When to ask again.
    pub(crate) refresh_at: Option<Timestamp>,
}

impl Certificates {
    /// Brings a source's certificate as far as it gets now; what is missing is the text of the volume's failure.
    /// Nobody else may ask for the same source meanwhile.
    pub(crate) async fn get(
        &self,
        context: &Context,
        pod: &Pod,
        requests: &[Arc<PodCertificateRequest>],
        (volume, index): (&str, usize),
        source: &PodCertificateProjection,
    ) -> Result<Bundle, String> {
        let id = (volume.to_owned(), index);
        let known = self.known.lock().remove(&id);
        let mut record = known.unwrap_or(Record { state: State::Initial, failures: 0, not_before: None });
        let now = context.env.now();
        let seen = record.state.request().and_then(|name| {
            requests.iter().find(|request| request.metadata.name.as_deref() == Some(name)).map(AsRef::as_ref)
        });
        let next = plan::next(record.state, seen, now, jitter(context));
        for notice in next.notices {
            context.pod_event(pod, Kind::Warning, notice.reason, &notice.message);
        }
        record.state = next.state;
        if next.create && record.not_before.is_none_or(|at| at <= now) {
            match request(context, pod, source).await {
                Ok((name, key)) => {
                    record.state = record.state.requested(name, key, now, jitter(context));
                    (record.failures, record.not_before) = (0, None);
                }
                Err(error) => {
                    let delay = FIRST_DELAY * (1 << record.failures.min(11));
                    record.failures += 1;
                    record.not_before = Some(now + delay.min(LONGEST_DELAY));
                    context.say(&format!("certificate of pod {}, volume {volume}: {error}", spec::full_name(pod)));
                }
            }
        }
        let answer = record.state.issued().map(|issued| Bundle {
            key: issued.key.clone(),
            chain: issued.chain.clone(),
            refresh_at: record.not_before.or_else(|| record.state.wake_at(now)),
        });
        self.known.lock().insert(id, record);
        answer
    }
}

fn jitter(context: &Context) -> SignedDuration {
    let most = u64::try_from(plan::JITTER.as_millis()).unwrap_or(0);
    SignedDuration::from_millis(i64::try_from(context.env.rng.below(most)).unwrap_or(0))
}

/// Why a request could not be made.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("while fetching service account: {0}")]
    Account(String),
    #[error("while getting node object from local cache: node {0:?} not found")]
    Node(String),
    #[error(transparent)]
    Key(#[from] key::Error),
    #[error("while generating keypair: the kubelet is being stopped")]
    Stopped,
    #[error("while creating on API: {0}")]
    Create(String),
}

/// Makes a key and asks for a certificate: the request's name and the key.
async fn request(context: &Context, pod: &Pod, source: &PodCertificateProjection) -> Result<(String, String), Error> {
    let account_name = spec::spec(pod).service_account_name.as_deref().unwrap_or("default");
    let account: ServiceAccount = context
        .client
        .get(spec::namespace(pod), account_name)
        .await
        .map_err(|error| Error::Account(error.message()))?;
    let node_name = &context.config.node_name;
    let node = context.node.store().get("", node_name).ok_or_else(|| Error::Node(node_name.clone()))?;
    let kind = source.key_type.clone();
    // Large RSA keys take seconds.
    let pair = context.env.blocking(move || key::generate(&kind)).await.ok_or(Error::Stopped)??;
    let object = PodCertificateRequest {
        metadata: ObjectMeta {
            namespace: pod.metadata.namespace.clone(),
            generate_name: Some("req-".into()),
            owner_references: Some(vec![OwnerReference {
                api_version: "v1".into(),
                kind: "Pod".into(),
                name: spec::name(pod).to_owned(),
                uid: spec::uid(pod).to_owned(),
                ..OwnerReference::default()
            }]),
            ..ObjectMeta::default()
        },
        spec: PodCertificateRequestSpec {
            signer_name: source.signer_name.clone(),
            pod_name: spec::name(pod).to_owned(),
            pod_uid: spec::uid(pod).to_owned(),
            service_account_name: account_name.to_owned(),
            service_account_uid: account.metadata.uid.unwrap_or_default(),
            node_name: node_name.clone(),
            node_uid: node.metadata.uid.clone().unwrap_or_default(),
            max_expiration_seconds: source.max_expiration_seconds,
            stub_pkc_s10_request: ByteString(pair.request),
            unverified_user_annotations: source.user_annotations.clone(),
        },
        status: None,
    };
    let made = context.client.create(&object).await.map_err(|error| Error::Create(error.message()))?;
    Ok((made.metadata.name.unwrap_or_default(), pair.private))
}
