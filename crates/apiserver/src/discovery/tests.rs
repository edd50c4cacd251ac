use http::Request;

use super::*;

fn config() -> Config {
    struct Still;
    impl apimachinery::time::Clock for Still {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }
    }
    Config::minimal(std::sync::Arc::new(Still), crate::authn::TokenSigner::generate().expect("a key"))
}

async fn get(path: &str, accept: &str) -> (StatusCode, String, Value) {
    let mut request = Request::get(path);
    if !accept.is_empty() {
        request = request.header(header::ACCEPT, accept);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let response = respond(api::table().iter(), &config(), &parts).expect("its path");
    let media =
        response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (head, body) = response.into_parts();
    let bytes = body.collect(10 << 20).await.expect("a body");
    (head.status, media, serde_json::from_slice(&bytes).unwrap_or_default())
}

const V2: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

#[tokio::test]
async fn aggregated() {
    let (code, media, apis) = get(
        "/apis",
        &format!("{V2},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"),
    )
    .await;
    assert_eq!((code, media.as_str(), &apis["kind"]), (StatusCode::OK, V2, &json!("APIGroupDiscoveryList")));
    let names: Vec<&str> =
        apis["items"].as_array().expect("items").iter().filter_map(|g| g["metadata"]["name"].as_str()).collect();
    assert_eq!(
        names[..6],
        [
            "apiregistration.k8s.io",
            "apps",
            "events.k8s.io",
            "authentication.k8s.io",
            "authorization.k8s.io",
            "autoscaling"
        ]
    );
    let scaling: Vec<&str> = apis["items"][5]["versions"]
        .as_array()
        .expect("versions")
        .iter()
        .filter_map(|v| v["version"].as_str())
        .collect();
    assert_eq!(scaling, ["v2", "v1"]);
    let (_, _, core) = get("/api", V2).await;
    let pods = core["items"][0]["versions"][0]["resources"]
        .as_array()
        .expect("resources")
        .iter()
        .find(|r| r["resource"] == "pods")
        .cloned()
        .expect("pods");
    assert_eq!(pods["shortNames"], json!(["po"]));
    let eviction = pods["subresources"]
        .as_array()
        .expect("subresources")
        .iter()
        .find(|s| s["subresource"] == "eviction")
        .cloned()
        .expect("eviction");
    assert_eq!(eviction["responseKind"], json!({"group": "policy", "version": "v1", "kind": "Eviction"}));
}

#[tokio::test]
async fn plain_documents() {
    let (_, media, list) = get("/api/v1", "").await;
    assert_eq!((media.as_str(), &list["groupVersion"]), ("application/json", &json!("v1")));
    let pods =
        list["resources"].as_array().expect("resources").iter().find(|r| r["name"] == "pods").cloned().expect("pods");
    assert_eq!(
        (&pods["storageVersionHash"], &pods["singularName"], &pods["kind"]),
        (&json!("xPOwRZ+Yhw8="), &json!("pod"), &json!("Pod"))
    );
    assert_eq!(get("/api", "application/json").await.2["versions"], json!(["v1"]));
    assert_eq!(
        get("/apis/apps", "*/*").await.2["preferredVersion"],
        json!({"groupVersion": "apps/v1", "version": "v1"})
    );
    assert_eq!(get("/apis", "image/png").await.0, StatusCode::NOT_ACCEPTABLE);
    let (parts, ()) = Request::get("/apis/none.example/v1").body(()).expect("a request").into_parts();
    assert!(respond(api::table().iter(), &config(), &parts).is_none());
}
