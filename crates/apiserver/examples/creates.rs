//! What a create costs the API server alone, without a socket: `cargo run --release -p apiserver --example creates --
//! pods|configmaps COUNT [DIRECTORY]`, over a datastore in memory or in a new directory. One thread beside the datastore's, so that
//! `valgrind --tool=callgrind` counts nearly the same instructions each time.

use std::{sync::Arc, time::Instant};

use apimachinery::status::Status;
use apiserver::{
    body::Body,
    config::Config,
    contract::{Caller, Job, NodeStream, Nodes, User},
    server::ApiServer,
};
use http::Request;
use serde_json::Value;

struct NoNodes;
impl Nodes for NoNodes {
    fn connect<'a>(&'a self, _: &'a Value) -> Job<'a, Result<Box<dyn NodeStream>, Status>> {
        Box::pin(async { Err(Status::unavailable("there are no nodes here")) })
    }
}

struct SystemClock;
impl apimachinery::time::Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

/// The bodies of `cargo xtask bench api`.
fn body(resource: &str, number: usize) -> String {
    if resource == "pods" {
        let spec = r#""spec":{"schedulerName":"none","containers":[{"name":"c","image":"nginx"}]}"#;
        return format!(r#"{{"metadata":{{"name":"p{number}"}},{spec}}}"#);
    }
    format!(r#"{{"metadata":{{"name":"c{number}"}},"data":{{"k":"{}"}}}}"#, "v".repeat(500))
}

async fn post(server: &Arc<ApiServer>, user: &Arc<User>, uri: &str, body: String) -> Result<(), String> {
    let request = Request::builder()
        .method("POST")
        .uri(uri)
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .body(Body::Full(body.into()))
        .map_err(|e| e.to_string())?;
    let answer = server.handle(request, Caller::Component(user.clone())).await;
    if answer.status().as_u16() == 201 {
        return Ok(());
    }
    let text = answer.into_body().collect(1 << 20).await.map_err(|e| e.to_string())?;
    Err(String::from_utf8_lossy(&text).into_owned())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let resource = arguments.next().ok_or("pods or configmaps?")?;
    let count: usize = arguments.next().ok_or("how many?")?.parse()?;
    let random = ring::rand::SystemRandom::new();
    let signing =
        ring::signature::EcdsaKeyPair::generate_pkcs8(&ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| "no randomness")?;
    let config = Config::minimal(Arc::new(SystemClock), signing.as_ref().to_vec());
    let store: Arc<dyn storage::Store> = match arguments.next() {
        Some(directory) => Arc::new(storage::Embedded::open(directory, storage::Options::default())?),
        None => Arc::new(storage::Memory::new(storage::Options::default())),
    };
    let server = ApiServer::start(config, store, Arc::new(NoNodes)).await?;
    let user = Arc::new(User {
        name: "admin".into(),
        groups: vec!["system:masters".into(), "system:authenticated".into()],
        ..User::default()
    });
    let account = r#"{"metadata":{"name":"default"}}"#.to_owned();
    post(&server, &user, "/api/v1/namespaces/default/serviceaccounts", account).await?;
    let uri = format!("/api/v1/namespaces/default/{resource}");
    let began = Instant::now();
    for number in 0..count {
        post(&server, &user, &uri, body(&resource, number)).await?;
    }
    #[expect(clippy::print_stdout, reason = "the answer")]
    {
        println!("{:.1} µs per create", began.elapsed().as_secs_f64() * 1e6 / count.max(1) as f64);
    }
    Ok(())
}
