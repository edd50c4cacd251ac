//! Fields of a Service that depend on each other, and on its type.

use serde_json::Value;

use super::super::json::{list, map, number, put, text};

fn kind(service: &Value) -> &str {
    text(service, "/spec/type")
}

/// It is reached through ports of nodes.
pub fn on_nodes(service: &Value) -> bool {
    matches!(kind(service), "NodePort" | "LoadBalancer")
}

/// Ports of nodes that are not asked for are chosen.
pub fn allocates_ports(service: &Value) -> bool {
    kind(service) == "NodePort"
        || (kind(service) == "LoadBalancer"
            && service.pointer("/spec/allocateLoadBalancerNodePorts") != Some(&Value::Bool(false)))
}

/// A load balancer asks nodes whether they have local endpoints.
pub fn needs_health_port(service: &Value) -> bool {
    kind(service) == "LoadBalancer" && text(service, "/spec/externalTrafficPolicy") == "Local"
}

fn externally_accessible(service: &Value) -> bool {
    on_nodes(service) || (kind(service) == "ClusterIP" && !list(service, "/spec/externalIPs").is_empty())
}

/// `clusterIP` and `clusterIPs` say the same: old clients know the first one only.
pub fn plural_address(service: &mut Value, old: Option<&Value>) {
    let single = text(service, "/spec/clusterIP").to_owned();
    let plural = list(service, "/spec/clusterIPs").to_vec();
    let wanted = match old {
        None if !single.is_empty() && plural.is_empty() => Some(vec![Value::from(single)]),
        None => return,
        Some(old) => {
            let (old_single, old_plural) = (text(old, "/spec/clusterIP"), list(old, "/spec/clusterIPs"));
            if !old_plural.is_empty() && plural.is_empty() && old_single == single {
                Some(old_plural.to_vec())
            } else if old_single != single && old_plural == plural {
                if single.is_empty() { None } else { Some(vec![Value::from(single)]) }
            } else {
                return;
            }
        }
    };
    put(map(service, "spec"), "clusterIPs", wanted.map(Value::from));
}

/// What was allocated stays where the client leaves it out.
pub fn keep_allocated(service: &mut Value, old: &Value) {
    if kind(old) != "ExternalName" && kind(service) != "ExternalName" {
        for key in ["clusterIP", "clusterIPs"] {
            let missing = super::super::json::is_empty(service.pointer(&format!("/spec/{key}")));
            if missing && let Some(value) = old.pointer(&format!("/spec/{key}")) {
                map(service, "spec").insert(key.into(), value.clone());
            }
        }
    }
    if allocates_ports(old) && allocates_ports(service) {
        keep_node_ports(service, old);
    }
    if needs_health_port(old) && needs_health_port(service) && number(service, "/spec/healthCheckNodePort") == 0 {
        let kept = number(old, "/spec/healthCheckNodePort");
        if kept != 0 {
            map(service, "spec").insert("healthCheckNodePort".into(), kept.into());
        }
    }
}

fn node_ports(service: &Value) -> Vec<i64> {
    list(service, "/spec/ports").iter().map(|p| number(p, "/nodePort")).filter(|n| *n != 0).collect()
}

fn keep_node_ports(service: &mut Value, old: &Value) {
    let sent = node_ports(service);
    let used: Vec<i64> = node_ports(old).into_iter().filter(|p| sent.contains(p)).collect();
    let Some(Value::Array(ports)) = service.pointer_mut("/spec/ports") else { return };
    for item in ports.iter_mut().filter(|p| number(p, "/nodePort") == 0) {
        let name = text(item, "/name").to_owned();
        let before =
            list(old, "/spec/ports").iter().rfind(|p| text(p, "/name") == name).map_or(0, |p| number(p, "/nodePort"));
        if before != 0 && !used.contains(&before) {
            item["nodePort"] = before.into();
        }
    }
}

/// A change of the type clears fields that the old type had and that the client did not touch.
pub fn drop_of_other_types(service: &mut Value, old: &Value) {
    let same = |service: &Value, key: &str| service["spec"].get(key) == old["spec"].get(key);
    if kind(old) != "ExternalName" && kind(service) == "ExternalName" {
        if same(service, "clusterIP") && same(service, "clusterIPs") {
            put(map(service, "spec"), "clusterIP", None);
            put(map(service, "spec"), "clusterIPs", None);
        }
        for key in ["ipFamilies", "ipFamilyPolicy"] {
            if same(service, key) {
                put(map(service, "spec"), key, None);
            }
        }
    }
    let held = node_ports(old);
    if on_nodes(old)
        && !on_nodes(service)
        && node_ports(service).iter().all(|p| held.contains(p))
        && let Some(Value::Array(ports)) = service.pointer_mut("/spec/ports")
    {
        ports.iter_mut().filter_map(Value::as_object_mut).for_each(|p| drop(p.remove("nodePort")));
    }
    let no_longer = [
        ("healthCheckNodePort", needs_health_port(old) && !needs_health_port(service)),
        ("allocateLoadBalancerNodePorts", kind(old) == "LoadBalancer" && kind(service) != "LoadBalancer"),
        ("loadBalancerClass", kind(old) == "LoadBalancer" && kind(service) != "LoadBalancer"),
        ("externalTrafficPolicy", externally_accessible(old) && !externally_accessible(service)),
    ];
    for (key, drops) in no_longer {
        if drops && same(service, key) {
            put(map(service, "spec"), key, None);
        }
    }
    if kind(service) != "LoadBalancer" {
        map(service, "status").insert("loadBalancer".into(), Value::Object(serde_json::Map::new()));
    }
}
