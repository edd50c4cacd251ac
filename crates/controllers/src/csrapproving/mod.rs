//! Approves what kubelets ask for: client certificates where the asker may have them, and serving certificates for the
//! node's own names. Everything else waits for a person.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use client::{Change, Client, Error, Informer, Key, Next, Object, WorkQueue, run_controller};
use k8s_openapi::api::{
    authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
    certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition},
    core::v1::Node,
};

use crate::{Context, certificate};
use plan::{Claim, Serving};

/// The account of all controllers of certificates.
pub(crate) const ACCOUNT: &str = "certificate-controller";
const NAME: &str = "certificatesigningrequest-approving-controller";
const WORKERS: usize = 2;

struct Controller {
    client: Client,
    requests: Arc<Informer<CertificateSigningRequest>>,
    nodes: Arc<Informer<Node>>,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let controller = Arc::new(Controller {
        client: context.client(ACCOUNT),
        requests: context.informers.get(),
        nodes: context.informers.get(),
    });
    let queue = WorkQueue::new();
    let keys = queue.clone();
    controller.requests.on(move |change: &Change<'_, CertificateSigningRequest>| {
        change.new.filter(|r| plan::is_open(r)).into_iter().for_each(|r| keys.add(r.key()));
    });
    controller.requests.has_synced().await;
    controller.nodes.has_synced().await;
    run_controller(NAME, WORKERS, queue, context.env.clone(), move |key| {
        let controller = controller.clone();
        async move { controller.reconcile(&key).await }
    })
    .await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(request) = self.requests.store().by_key(key).filter(|r| plan::is_open(r)) else {
            return Ok(Next::Done);
        };
        let Ok(asked) = certificate::parse(&request.spec.request.0) else {
            // The API takes none that cannot be read: it is of another age, and nobody here can help it.
            return Ok(Next::Done);
        };
        let claims = plan::claims(&request, &asked);
        for claim in &claims {
            if self.may(&request, *claim).await? {
                return self.approve(&request, claim.message()).await;
            }
        }
        match plan::serving(&request, &asked, &self.nodes.store().all()) {
            Serving::Approve => self.approve(&request, plan::SERVING_MESSAGE).await,
            // The node may be about to say which addresses it has, or rights to be given.
            Serving::Wait => Ok(Next::Retry),
            Serving::Other if claims.is_empty() => Ok(Next::Done),
            Serving::Other => Ok(Next::Retry),
        }
    }

    async fn may(&self, request: &CertificateSigningRequest, claim: Claim) -> Result<bool, Error> {
        let spec = &request.spec;
        let extra: Option<BTreeMap<String, Vec<String>>> = spec.extra.clone();
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: spec.username.clone(),
                uid: spec.uid.clone(),
                groups: spec.groups.clone(),
                extra,
                resource_attributes: Some(ResourceAttributes {
                    group: Some("certificates.k8s.io".to_owned()),
                    version: Some("*".to_owned()),
                    resource: Some("certificatesigningrequests".to_owned()),
                    subresource: Some(claim.subresource().to_owned()),
                    verb: Some("create".to_owned()),
                    ..ResourceAttributes::default()
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let answer: SubjectAccessReview = self.client.create(&review).await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }

    async fn approve(&self, request: &CertificateSigningRequest, message: &str) -> Result<Next, Error> {
        let mut approved = request.clone();
        let conditions = approved.status.get_or_insert_default().conditions.get_or_insert_default();
        conditions.push(CertificateSigningRequestCondition {
            type_: "Approved".to_owned(),
            status: "True".to_owned(),
            reason: Some("AutoApproved".to_owned()),
            message: Some(message.to_owned()),
            ..CertificateSigningRequestCondition::default()
        });
        let answer: Result<CertificateSigningRequest, Error> =
            self.client.update_part::<CertificateSigningRequest, _, _>("", request.name(), "approval", &approved).await;
        match answer {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(_) | Err(_) => Ok(Next::Done),
        }
    }
}
