//! `podium token`: bootstrap tokens, through the API.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use api::bootstrap_token::{BootstrapToken, Expiry, NAMESPACE, PREFIX, TYPE, id_of, parse};
use client::{Client, DeleteOptions, ListOptions, Object, https::Https, kubeconfig};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    ByteString,
    api::core::v1::{ConfigMap, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde_json::Value;

use crate::{
    cli::{Token, TokenCommand, TokenTarget},
    commands::{say, small_runtime},
    instance::Instance,
    join::{self, BOOTSTRAP_GROUP, JoinToken},
    report::show,
};

/// Runs one of the token commands.
pub fn run(args: &Token) -> anyhow::Result<()> {
    small_runtime()?.block_on(async {
        match &args.command {
            TokenCommand::Create { target, ttl, description } => create(target, ttl, description).await,
            TokenCommand::List { target } => list(target).await,
            TokenCommand::Delete { target, tokens } => delete(target, tokens).await,
        }
    })
}

/// A client by a kubeconfig, and the authority that it names.
fn connect(target: &TokenTarget) -> anyhow::Result<(Client, Vec<u8>)> {
    let file = match &target.kubeconfig {
        Some(file) => file.clone(),
        None => {
            let instance = Instance::new(&target.data.data_dir)?;
            anyhow::ensure!(
                instance.admin_kubeconfig().exists(),
                "no cluster is in {}: tokens are made where `podium up` runs, or with --kubeconfig",
                instance.dir.display()
            );
            instance.admin_kubeconfig()
        }
    };
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut found = kubeconfig::target(&text, None).with_context(|| format!("{}", file.display()))?;
    anyhow::ensure!(
        found.files.is_empty(),
        "{} names other files for its certificates: use one that holds them (`kubectl config view --flatten --raw`)",
        file.display()
    );
    let ca = std::mem::take(&mut found.ca);
    let transport = Https::new(&client::https::Config {
        server: found.server,
        ca: ca.clone(),
        server_name: found.tls_server_name,
        credentials: found.credentials,
        agent: concat!("podium/", env!("CARGO_PKG_VERSION")).to_owned(),
    })?;
    Ok((Client::new(std::sync::Arc::new(transport)), ca))
}

fn life(ttl: &str) -> anyhow::Result<Option<SignedDuration>> {
    if ttl == "0" {
        return Ok(None);
    }
    let life: SignedDuration = ttl.parse().with_context(|| format!("--ttl {ttl:?} is no time like 24h or 30m"))?;
    anyhow::ensure!(life >= SignedDuration::from_secs(1), "--ttl {ttl:?} is over at once");
    Ok(Some(life))
}

async fn create(target: &TokenTarget, ttl: &str, description: &str) -> anyhow::Result<()> {
    let life = life(ttl)?;
    let (client, ca) = connect(target)?;
    let ca = String::from_utf8(ca).context("the authority in the kubeconfig")?;
    let pin = join::key_hash(join::ca(&ca)?.first().context("the kubeconfig names no authority")?)?;
    let token = JoinToken::generate(&apiserver::config::system_random, Some(pin));
    client.create(&secret(&token, life.map(|life| Timestamp::now() + life), description)).await?;
    let server = server(&client).await?;
    if server.contains("//127.") {
        show(
            "  warning  the cluster advertises a loopback address: no other machine reaches it (start it with --node-ip)",
        );
    }
    show(&format!("On the machine that is to join:\n\n  podium agent --server {server} --token {}\n", token.whole()));
    say(&token.whole());
    Ok(())
}

/// The address of the API as others reach it.
async fn server(client: &Client) -> anyhow::Result<String> {
    let map: ConfigMap = client.get("kube-public", "cluster-info").await?;
    let text = map.data.and_then(|mut data| data.remove("kubeconfig")).context("cluster-info has no kubeconfig")?;
    let config: Value = serde_saphyr::from_str(&text).context("cluster-info")?;
    Ok(config["clusters"][0]["cluster"]["server"].as_str().context("cluster-info names no server")?.to_owned())
}

fn secret(token: &JoinToken, expires: Option<Timestamp>, description: &str) -> Secret {
    let mut data: BTreeMap<String, ByteString> = [
        ("token-id", token.id.as_str()),
        ("token-secret", token.secret()),
        ("usage-bootstrap-authentication", "true"),
        ("usage-bootstrap-signing", "true"),
        ("auth-extra-groups", BOOTSTRAP_GROUP),
    ]
    .map(|(key, value)| (key.to_owned(), ByteString(value.as_bytes().to_vec())))
    .into();
    let mut add = |key: &str, value: String| data.insert(key.to_owned(), ByteString(value.into_bytes()));
    if let Some(at) = expires {
        add("expiration", apimachinery::time::seconds(at));
    }
    if !description.is_empty() {
        add("description", description.to_owned());
    }
    Secret {
        metadata: ObjectMeta {
            name: Some(format!("{PREFIX}{}", token.id)),
            namespace: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        type_: Some(TYPE.to_owned()),
        data: Some(data),
        ..Secret::default()
    }
}

async fn list(target: &TokenTarget) -> anyhow::Result<()> {
    let (client, _) = connect(target)?;
    let secrets: Vec<Secret> = client.list(NAMESPACE, &ListOptions::with_fields(&format!("type={TYPE}"))).await?;
    say(&table(&secrets, Timestamp::now()));
    Ok(())
}

/// The tokens without their secrets.
fn table(secrets: &[Secret], now: Timestamp) -> String {
    let mut lines = vec![format!("{:<8} {:<12} {:<22} {:<24} DESCRIPTION", "ID", "LEFT", "EXPIRES", "USAGES")];
    for secret in secrets.iter().filter(|s| id_of(s.name()).is_some()) {
        let data = secret.data.as_ref();
        let token = BootstrapToken::from_data(|key| String::from_utf8(data?.get(key)?.0.clone()).ok());
        let (left, expires) = match token.expiry {
            Expiry::Never => ("forever".to_owned(), "never".to_owned()),
            Expiry::Unreadable => ("over".to_owned(), "unreadable".to_owned()),
            Expiry::At(at) if at <= now => ("over".to_owned(), apimachinery::time::seconds(at)),
            Expiry::At(at) => {
                let minutes = at.duration_since(now).as_mins();
                (format!("{}h{:02}m", minutes / 60, minutes % 60), apimachinery::time::seconds(at))
            }
        };
        let usages = [("authentication", token.authentication), ("signing", token.signing)];
        let usages: Vec<&str> = usages.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
        lines.push(format!("{:<8} {left:<12} {expires:<22} {:<24} {}", token.id, usages.join(","), token.description));
    }
    lines.join("\n")
}

async fn delete(target: &TokenTarget, tokens: &[String]) -> anyhow::Result<()> {
    let (client, _) = connect(target)?;
    for text in tokens {
        let bare = text.split('@').next().unwrap_or_default();
        let id = parse(bare).map_or(bare, |(id, _)| id);
        let name = format!("{PREFIX}{id}");
        if id_of(&name).is_none() {
            bail!("{text:?} is no token and no token's id");
        }
        match client.delete::<Secret>(NAMESPACE, &name, &DeleteOptions::default()).await {
            Ok(()) => say(&format!("token {id} is gone")),
            Err(error) if error.is_not_found() => bail!("there is no token {id}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(life("0").unwrap(), None);
        assert_eq!(life("24h").unwrap(), Some(SignedDuration::from_hours(24)));
        assert_eq!(life("1h30m").unwrap(), Some(SignedDuration::from_mins(90)));
        for bad in ["", "soon", "-1h", "0s"] {
            assert!(life(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_shows_no_secret() {
        let token = JoinToken::generate(&apiserver::config::system_random, None);
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let text = table(&[secret(&token, Some(now + SignedDuration::from_mins(61)), "for the edge")], now);
        assert!(text.contains(&token.id) && text.contains("1h01m") && text.contains("for the edge"), "{text}");
        assert!(!text.contains(token.secret()));
    }
}
