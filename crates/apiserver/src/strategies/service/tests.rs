use serde_json::{Value, json};

use super::*;
use crate::contract::User;

struct Nothing(Vec<Value>);
impl Reader for Nothing {
    fn get(&self, _: &str, _: &str, _: &str, _: &str) -> Option<bytes::Bytes> {
        None
    }
    fn list(&self, _: &str, _: &str, _: &str) -> Vec<bytes::Bytes> {
        self.0.iter().map(|v| v.to_string().into()).collect()
    }
    fn generation(&self, _: &str, _: &str) -> u64 {
        0
    }

    fn changed<'a>(&'a self, _: &'a str, _: &'a str, _: u64) -> crate::contract::Job<'a, ()> {
        Box::pin(std::future::pending())
    }
}

struct Still;
impl apimachinery::time::Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

fn services(stored: Vec<Value>) -> Services {
    let mut config = Config::minimal(Arc::new(Still), Vec::new());
    config.service_cidrs = vec!["10.96.0.0/16".into()];
    Services::new(Arc::new(config), Arc::new(Nothing(stored)))
}

fn run(services: &Services, mut object: Value, old: Option<&Value>, dry_run: bool) -> Result<Value, Vec<String>> {
    let user = User::default();
    let resource = api::find("", "v1", "services").expect("the row");
    let context = Context { resource, subresource: "", user: &user, now: jiff::Timestamp::UNIX_EPOCH, dry_run };
    match old {
        None => services.prepare_create(&context, &mut object),
        Some(old) => services.prepare_update(&context, &mut object, old),
    }
    services.allocate(&context, &mut object, old).map_err(|e| e.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    services.committed(Some(&object), old);
    Ok(object)
}

fn node_port(port: u16) -> Value {
    json!({"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": port, "protocol": "TCP"}], "selector": {"a": "b"}}})
}

#[test]
fn a_new_service_gets_its_fields() {
    let services = services(vec![]);
    let made = run(
        &services,
        json!({"spec": {"type": "ClusterIP", "ports": [{"port": 80}], "selector": {"a": "b"}}}),
        None,
        false,
    )
    .expect("made");
    let spec = &made["spec"];
    assert_eq!((&spec["ipFamilies"], &spec["ipFamilyPolicy"]), (&json!(["IPv4"]), &json!("SingleStack")));
    assert!(text(&made, "/spec/clusterIP").starts_with("10.96."));
    assert_eq!(spec["clusterIPs"], json!([spec["clusterIP"]]));
    assert!(spec["ports"][0].get("nodePort").is_none());
    let headless = run(
        &services,
        json!({"spec": {"type": "ClusterIP", "clusterIP": "None", "selector": {"a": "b"}}}),
        None,
        false,
    )
    .expect("made");
    assert_eq!(
        (&headless["spec"]["clusterIPs"], &headless["spec"]["ipFamilies"]),
        (&json!(["None"]), &json!(["IPv4"]))
    );
    let external =
        run(&services, json!({"spec": {"type": "ExternalName", "externalName": "x"}}), None, false).expect("made");
    assert_eq!(external["spec"], json!({"type": "ExternalName", "externalName": "x"}));
}

#[test]
fn ports_are_held_until_they_are_given_back() {
    let services = services(vec![node_port(30100)]);
    let taken = |port: u16| {
        Err(vec![format!("spec.ports[0].nodePort: Invalid value: {port}: provided port is already allocated")])
    };
    assert_eq!(run(&services, node_port(30100), None, false), taken(30100), "held by a stored one");
    assert!(run(&services, node_port(30007), None, true).is_ok(), "a dry run holds nothing");
    let first = run(&services, node_port(30007), None, false).expect("free");
    assert_eq!(run(&services, node_port(30007), None, false), taken(30007));
    let moved = run(&services, node_port(30008), Some(&first), false).expect("free");
    assert!(run(&services, node_port(30007), None, false).is_ok());
    let mut plain = moved.clone();
    plain["spec"]["type"] = json!("ClusterIP");
    let plain = run(&services, plain, Some(&moved), false).expect("changed");
    assert!(plain["spec"]["ports"][0].get("nodePort").is_none());
    assert_eq!(plain["spec"]["clusterIP"], moved["spec"]["clusterIP"]);
    assert!(run(&services, node_port(30008), None, false).is_ok());
    services.committed(None, Some(&first));
    assert_eq!(run(&services, node_port(80), None, false), Err(vec!["spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767".into()]));
}

#[test]
fn an_update_without_the_allocated_fields_keeps_them() {
    let services = services(vec![]);
    let sent = json!({"spec": {"type": "NodePort", "ports": [{"port": 80, "name": "http"}], "selector": {"a": "b"}}});
    let first = run(&services, sent.clone(), None, false).expect("made");
    let second = run(&services, sent, Some(&first), false).expect("updated");
    assert_eq!(first["spec"], second["spec"]);
}

#[test]
fn a_wish_for_an_address() {
    let services = services(vec![]);
    let with = |ip: &str| json!({"spec": {"type": "ClusterIP", "clusterIP": ip, "ports": [{"port": 53}], "selector": {"a": "b"}}});
    assert_eq!(
        run(&services, with("10.96.0.10"), None, false).expect("free")["spec"]["clusterIPs"],
        json!(["10.96.0.10"])
    );
    assert_eq!(run(&services, with("10.96.0.10"), None, false), Err(vec!["spec.clusterIPs: Invalid value: [\"10.96.0.10\"]: failed to allocate IP 10.96.0.10: provided IP is already allocated".into()]));
    assert_eq!(run(&services, with("192.168.0.1"), None, false), Err(vec!["spec.clusterIPs: Invalid value: [\"192.168.0.1\"]: failed to allocate IP 192.168.0.1: the provided network does not match the current range".into()]));
    let two = json!({"spec": {"type": "ClusterIP", "ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 53}], "selector": {"a": "b"}}});
    assert_eq!(run(&services, two, None, false), Err(vec!["spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services".into()]));
}
