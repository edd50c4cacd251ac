use crate::kubeconfig::{Credentials, Entry, KubeconfigError, merge, remove, target};

const OTHER: &str = "apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- name: prod
  cluster: {server: 'https://prod:6443', insecure-skip-tls-verify: true}
users:
- name: me
  user: {exec: {command: login, args: ['yes', '1.0']}}
contexts:
- name: prod
  context: {cluster: prod, user: me, namespace: shop}
current-context: prod
";

fn entry() -> Entry {
    Entry {
        name: "podium".to_owned(),
        server: "https://127.0.0.1:6443".to_owned(),
        ca: b"ca".to_vec(),
        credentials: Credentials::Certificate { certificate: b"cert".to_vec(), key: b"key".to_vec() },
    }
}

#[test]
fn merging_keeps_everything_else_and_removing_takes_only_ours() {
    let merged = merge(OTHER, &entry()).expect("merge");
    let ours = target(&merged, None).expect("target");
    assert_eq!((ours.server.as_str(), ours.ca.as_slice()), ("https://127.0.0.1:6443", b"ca".as_slice()));
    assert_eq!(ours.credentials, entry().credentials);
    let theirs = target(&merged, Some("prod")).expect("prod");
    assert_eq!((theirs.server.as_str(), theirs.namespace.as_deref()), ("https://prod:6443", Some("shop")));
    let value: serde_json::Value = serde_saphyr::from_str(&merged).expect("yaml");
    assert_eq!(value["users"][0]["user"]["exec"]["args"], serde_json::json!(["yes", "1.0"]));
    assert_eq!(value["preferences"]["colors"], true);
    assert_eq!(merge(&merged, &entry()).expect("again"), merged);
    let removed = remove(&merged, "podium").expect("remove").expect("changed");
    assert!(matches!(target(&removed, Some("podium")), Err(KubeconfigError::Missing { .. })));
    assert!(target(&removed, Some("prod")).is_ok());
    assert_eq!(remove(&removed, "podium"), Ok(None));
}

#[test]
fn an_empty_file_is_a_start_and_a_broken_one_an_error() {
    assert!(target(&merge("", &entry()).expect("merge"), Some("podium")).is_ok());
    assert!(matches!(merge("a: [", &entry()), Err(KubeconfigError::Yaml(_))));
    assert!(matches!(merge("clusters: 5", &entry()), Err(KubeconfigError::Shape(..))));
}
