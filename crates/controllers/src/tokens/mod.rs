//! Secrets for the tokens of service accounts: filled when somebody makes one, gone with their account.

pub mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use client::{Change, Client, DeleteOptions, Error, HasSynced, Informer, Key, Next, Object, Scope, WorkQueue};
use k8s_openapi::{
    ByteString,
    api::{
        authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec},
        core::v1::{Secret, ServiceAccount},
    },
};

use crate::{Context, loops::Loops};
use plan::{ACCOUNT, ACCOUNT_UID, Action, TYPE, plan};

const NAME: &str = "serviceaccount-token-controller";
/// The longest time that the API gives: these tokens last as long as their secret.
const SECONDS: i64 = 1 << 32;

struct Controller {
    client: Client,
    secrets: Arc<Informer<Secret>>,
    accounts: Arc<Informer<ServiceAccount>>,
    root_ca: String,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let controller = Arc::new(Controller {
        // Upstream's has no account of its own either.
        client: context.client_as("system:kube-controller-manager"),
        secrets: context.informers.scoped(Scope::fields(&format!("type={TYPE}")), None),
        accounts: context.informers.get(),
        root_ca: context.config.root_ca.clone(),
    });
    let queue = WorkQueue::new();
    let keys = queue.clone();
    controller.secrets.on(move |change: &Change<'_, Secret>| {
        change.new.into_iter().for_each(|s| keys.add(s.key()));
    });
    let (keys, secrets) = (queue.clone(), controller.secrets.clone());
    controller.accounts.on(move |change: &Change<'_, ServiceAccount>| {
        let (Some(account), true) = (change.object(), change.old.is_none() || change.new.is_none()) else {
            return;
        };
        for secret in secrets.store().in_namespace(account.namespace()) {
            if secret.annotation(ACCOUNT) == Some(account.name()) {
                keys.add(secret.key());
            }
        }
    });
    let lists: &[&dyn HasSynced] = &[&*controller.secrets, &*controller.accounts];
    let loops = Loops { name: NAME, workers: 2, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(secret) = self.secrets.store().by_key(key) else {
            return Ok(Next::Done);
        };
        let name = secret.annotation(ACCOUNT).unwrap_or_default();
        let shown = self.accounts.store().get(&key.namespace, name);
        if plan(&secret, shown.as_deref(), &self.root_ca) == Action::Keep {
            return Ok(Next::Done);
        }
        // The truth of both before anything is deleted or made.
        let Some(live) = self.client.find::<Secret>(&key.namespace, &key.name).await? else {
            return Ok(Next::Done);
        };
        let account = self.client.find::<ServiceAccount>(&key.namespace, name).await?;
        match (plan(&live, account.as_ref(), &self.root_ca), account) {
            (Action::Keep, _) => {}
            (Action::Fill { token }, Some(account)) => self.fill(live, &account, token).await?,
            (Action::Delete, _) | (Action::Fill { .. }, None) => {
                match self.client.delete::<Secret>(&key.namespace, &key.name, &DeleteOptions::uid(live.uid())).await {
                    Err(error) if !error.is_not_found() => return Err(error),
                    Ok(()) | Err(_) => {}
                }
            }
        }
        Ok(Next::Done)
    }

    async fn fill(&self, mut secret: Secret, account: &ServiceAccount, token: bool) -> Result<(), Error> {
        let made = if token { Some(self.request(&secret, account).await?) } else { None };
        let namespace = secret.namespace().to_owned();
        let data = secret.data.get_or_insert_default();
        data.insert("ca.crt".to_owned(), ByteString(self.root_ca.clone().into_bytes()));
        data.insert("namespace".to_owned(), ByteString(namespace.into_bytes()));
        if let Some(token) = made {
            data.insert("token".to_owned(), ByteString(token.into_bytes()));
        }
        let annotations = secret.metadata.annotations.get_or_insert_default();
        annotations.insert(ACCOUNT_UID.to_owned(), account.uid().to_owned());
        self.client.update(&secret).await.map(drop)
    }

    async fn request(&self, secret: &Secret, account: &ServiceAccount) -> Result<String, Error> {
        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                audiences: Some(Vec::new()),
                expiration_seconds: Some(SECONDS),
                bound_object_ref: Some(BoundObjectReference {
                    api_version: Some("v1".to_owned()),
                    kind: Some("Secret".to_owned()),
                    name: Some(secret.name().to_owned()),
                    uid: Some(secret.uid().to_owned()),
                }),
                ..TokenRequestSpec::default()
            }),
            ..TokenRequest::default()
        };
        let answer: TokenRequest = self
            .client
            .create_part::<ServiceAccount, _, _>(account.namespace(), account.name(), "token", &request)
            .await?;
        Ok(answer.status.and_then(|s| s.token).unwrap_or_default())
    }
}
