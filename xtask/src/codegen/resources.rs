//! The resource table's text.

use super::facts::{Facts, Resource};
use super::types::{Types, quoted};
use std::fmt::Write as _;

/// `PUT` on a name that does not exist makes the object (upstream's strategies).
const CREATE_ON_UPDATE: &[&str] = &[
    "endpoints",
    "events",
    "limitranges",
    "services",
    "leases",
    "runtimeclasses",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
];

/// An update must carry a resourceVersion (upstream's strategies).
const CONDITIONAL_ONLY: &[&str] = &[
    "leases",
    "runtimeclasses",
    "poddisruptionbudgets",
    "csidrivers",
    "csinodes",
    "csistoragecapacities",
    "volumeattachments",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "validatingwebhookconfigurations",
    "mutatingwebhookconfigurations",
    "customresourcedefinitions",
    "apiservices",
    "clustertrustbundles",
    "podcertificaterequests",
    "storageversionmigrations",
];

/// `metadata.generation` counts changes of the desired state (upstream's strategies).
const GENERATION: &[&str] = &[
    "priorityclasses",
    "ingressclasses",
    "networkpolicies",
    "ingresses",
    "endpointslices",
    "poddisruptionbudgets",
    "resourceslices",
    "deviceclasses",
    "devicetaintrules",
    "csidrivers",
    "horizontalpodautoscalers",
    "flowschemas",
    "prioritylevelconfigurations",
    "daemonsets",
    "statefulsets",
    "deployments",
    "replicasets",
    "jobs",
    "cronjobs",
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "validatingadmissionpolicies",
    "mutatingadmissionpolicies",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "mutatingadmissionpolicybindings",
    "validatingadmissionpolicybindings",
    "customresourcedefinitions",
];

pub(crate) fn text(facts: &Facts, types: &Types) -> String {
    let mut lists = String::new();
    let mut table = format!("pub(crate) static RESOURCES: [Resource; {}] = [\n", facts.resources.len());
    for (at, row) in facts.resources.iter().enumerate() {
        let mut name = |what: &str, values: &[String]| {
            if values.is_empty() {
                return "&[]".to_string();
            }
            let name = format!("R{at}_{what}");
            let _ = writeln!(lists, "static {name}: [Str; {}] = [{}];", values.len(), quoted(values));
            format!("&{name}")
        };
        let (verbs, short, categories, fields) = (
            name("VERBS", &row.verbs),
            name("SHORT", &row.short_names),
            name("CATEGORIES", &row.categories),
            name("FIELDS", &row.fields),
        );
        let subresources = subresources(at, row, &mut lists);
        let columns = columns(at, facts, row, &mut lists);
        let ty = types
            .number(facts, &facts.kinds[&format!("{}/{}/{}", row.group, row.version, row.kind)])
            .expect("a served kind has a type");
        let stored = row.verbs.iter().any(|v| v == "watch");
        let list_kind = if row.verbs.iter().any(|v| v == "list") { format!("{}List", row.kind) } else { String::new() };
        let (store_group, store_version) = storage(row);
        let has = |list: &[&str]| list.contains(&row.resource.as_str());
        let _ = writeln!(
            table,
            "    Resource {{ group: s({:?}), version: s({:?}), kind: s({:?}), list_kind: s({list_kind:?}), plural: s({:?}), singular: s({:?}), namespaced: {}, preferred: {},\n      \
             verbs: Cow::Borrowed({verbs}), short_names: Cow::Borrowed({short}), categories: Cow::Borrowed({categories}), subresources: Cow::Borrowed({subresources}),\n      \
             selectable_fields: Cow::Borrowed({fields}), columns: Cow::Borrowed({columns}), schema: TypeRef({ty}), schemas: Schemas::BuiltIn,\n      \
             storage: Storage {{ stored: {stored}, group: s({store_group:?}), version: s({store_version:?}), create_on_update: {}, unconditional_update: {}, generation: {} }} }},",
            row.group,
            row.version,
            row.kind,
            row.resource,
            row.singular,
            row.scope == "Namespaced",
            row.preferred,
            has(CREATE_ON_UPDATE),
            !has(CONDITIONAL_ONLY),
            has(GENERATION),
        );
    }
    table.push_str("];\n");
    format!(
        "use super::s;\nuse crate::resource::{{Column, Resource, Schemas, Storage, Subresource}};\nuse apimachinery::schema::{{Str, TypeRef}};\nuse std::borrow::Cow;\n\n{lists}\n{table}"
    )
}

/// Where two versions (or groups) show the same objects, the group and version that are stored.
fn storage(row: &Resource) -> (&str, &str) {
    match (row.group.as_str(), row.resource.as_str()) {
        ("events.k8s.io", "events") => ("", "v1"),
        ("autoscaling", "horizontalpodautoscalers") => ("autoscaling", "v2"),
        _ => (&row.group, &row.version),
    }
}

fn subresources(at: usize, row: &Resource, lists: &mut String) -> String {
    if row.subresources.is_empty() {
        return "&[]".into();
    }
    let mut text = format!("static R{at}_SUB: [Subresource; {}] = [\n", row.subresources.len());
    for (n, sub) in row.subresources.iter().enumerate() {
        let verbs = format!("R{at}_SUB{n}_VERBS");
        let _ = writeln!(lists, "static {verbs}: [Str; {}] = [{}];", sub.verbs.len(), quoted(&sub.verbs));
        // Empty: the group and version of the resource itself.
        let own = sub.kind.group.is_empty() && sub.kind.version.is_empty();
        let (group, version) = if own { (&row.group, &row.version) } else { (&sub.kind.group, &sub.kind.version) };
        let _ = writeln!(
            text,
            "    Subresource {{ name: s({:?}), group: s({group:?}), version: s({version:?}), kind: s({:?}), verbs: Cow::Borrowed(&{verbs}) }},",
            sub.name, sub.kind.kind
        );
    }
    text.push_str("];\n");
    lists.push_str(&text);
    format!("&R{at}_SUB")
}

fn columns(at: usize, facts: &Facts, row: &Resource, lists: &mut String) -> String {
    let Some(columns) = facts.columns.get(&format!("{}/{}/{}", row.group, row.version, row.resource)) else {
        return "&[]".into();
    };
    let _ = writeln!(lists, "static R{at}_COLUMNS: [Column; {}] = [", columns.len());
    for c in columns {
        let _ = writeln!(
            lists,
            "    Column {{ name: s({:?}), kind: s({:?}), format: s({:?}), priority: {} }},",
            c.name, c.kind, c.format, c.priority
        );
    }
    lists.push_str("];\n");
    format!("&R{at}_COLUMNS")
}
