//! Signs approved requests to the API's own signers.

pub mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use client::{Change, Client, Env, Informer, Key, Next, Object, WorkQueue, run_controller};
use k8s_openapi::{ByteString, api::certificates::v1::CertificateSigningRequest};

use crate::{
    Context,
    authority::{Authority, AuthorityError},
    certificate::{self, RequestError},
    csrapproving::ACCOUNT,
};
use plan::Action;

const NAME: &str = "certificatesigningrequest-signing-controller";
const WORKERS: usize = 2;

/// Why a request was not signed; it is tried again.
#[derive(Debug, thiserror::Error)]
enum SignError {
    #[error(transparent)]
    Client(#[from] client::Error),
    #[error("unable to parse csr: {0}")]
    Request(#[from] RequestError),
    #[error("error auto signing csr: {0}")]
    Authority(#[from] AuthorityError),
}

struct Controller {
    client: Client,
    env: Env,
    requests: Arc<Informer<CertificateSigningRequest>>,
    authority: Arc<Authority>,
}

/// Runs the controller; without an authority it has nothing to do.
pub async fn run(context: Arc<Context>) {
    let Some(authority) = context.config.authority.clone() else { return };
    let controller = Arc::new(Controller {
        client: context.client(ACCOUNT),
        env: context.env.clone(),
        requests: context.informers.get(),
        authority,
    });
    let queue = WorkQueue::new();
    let keys = queue.clone();
    controller.requests.on(move |change: &Change<'_, CertificateSigningRequest>| {
        change.new.filter(|r| plan::is_due(r)).into_iter().for_each(|r| keys.add(r.key()));
    });
    controller.requests.has_synced().await;
    run_controller(NAME, WORKERS, queue, context.env.clone(), move |key| {
        let controller = controller.clone();
        async move { controller.reconcile(&key).await }
    })
    .await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, SignError> {
        let Some(request) = self.requests.store().by_key(key).filter(|r| plan::is_due(r)) else {
            return Ok(Next::Done);
        };
        let asked = certificate::parse(&request.spec.request.0)?;
        let now = self.env.now();
        let mut answer = CertificateSigningRequest::clone(&request);
        let status = answer.status.get_or_insert_default();
        match plan::plan(&request, &asked, now) {
            Action::Leave => return Ok(Next::Done),
            Action::Fail(condition) => status.conditions.get_or_insert_default().push(*condition),
            Action::Sign { life } => {
                let usages = request.spec.usages.as_deref().unwrap_or_default();
                let der = self.authority.sign(&asked, usages, life, now)?;
                status.certificate = Some(ByteString(pem(&der).into_bytes()));
            }
        }
        match self.client.update_status(&answer).await {
            Err(error) if !error.is_not_found() => Err(error.into()),
            Ok(_) | Err(_) => Ok(Next::Done),
        }
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
