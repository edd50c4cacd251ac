//! The trust anchors of a `clusterTrustBundle` source: pure, from bundles to a PEM file.

use std::{collections::BTreeSet, sync::Arc};

use client::{Matcher, Object};
use k8s_openapi::api::{certificates::v1::ClusterTrustBundle, core::v1::ClusterTrustBundleProjection};
use ring::digest::{Context, SHA256};

use crate::pem;

/// The file: every anchor once, whatever the bundles' text around it was. Nobody may rely on the order: it depends on
/// `order`, which changes with each start of the kubelet, but not while it runs.
pub(crate) fn anchors(
    bundles: Option<&[Arc<ClusterTrustBundle>]>,
    source: &ClusterTrustBundleProjection,
    order: u64,
) -> Result<Vec<u8>, String> {
    let Some(bundles) = bundles else { return Err("ClusterTrustBundle informer has not yet synced".into()) };
    let optional = source.optional == Some(true);
    let found = if let Some(name) = &source.name {
        let found: Vec<_> = bundles.iter().filter(|bundle| Object::name(bundle.as_ref()) == name).collect();
        if found.is_empty() && !optional {
            return Err(format!(
                "while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io {name:?} not found"
            ));
        }
        found
    } else if let Some(signer) = &source.signer_name {
        // No selector at all selects nothing.
        let matcher = Matcher::optional(source.label_selector.as_ref())
            .map_err(|error| format!("while parsing label selector: {error}"))?;
        let is_meant = |bundle: &ClusterTrustBundle| {
            bundle.spec.signer_name.as_ref() == Some(signer) && matcher.matches(bundle.metadata.labels.as_ref())
        };
        let found: Vec<_> = bundles.iter().filter(|bundle| is_meant(bundle)).collect();
        if found.is_empty() && !optional {
            return Err("combination of signerName and labelSelector matched zero ClusterTrustBundles".into());
        }
        found
    } else {
        return Err("ClusterTrustBundle projection requires either name or signerName to be set".into());
    };
    let all: BTreeSet<Vec<u8>> = found.iter().flat_map(|bundle| pem::decode(&bundle.spec.trust_bundle)).collect();
    let mut all: Vec<Vec<u8>> = all.into_iter().collect();
    all.sort_by_cached_key(|anchor| place(anchor, order));
    Ok(all.iter().map(|anchor| pem::encode("CERTIFICATE", anchor)).collect::<String>().into_bytes())
}

fn place(anchor: &[u8], order: u64) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(&order.to_le_bytes());
    context.update(anchor);
    context.finish().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn bundle(name: &str, signer: &str, labels: &Value, anchors: &[&str]) -> Arc<ClusterTrustBundle> {
        let text: String =
            anchors.iter().map(|one| format!("# {one}\n{}", pem::encode("CERTIFICATE", one.as_bytes()))).collect();
        let value =
            json!({"metadata": {"name": name, "labels": labels}, "spec": {"signerName": signer, "trustBundle": text}});
        Arc::new(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn bundles_are_chosen_and_joined() {
        let bundles = [
            bundle("x.y:z:1", "x.y/z", &json!({"alive": "true"}), &["a", "b", "a"]),
            bundle("x.y:z:2", "x.y/z", &json!({"alive": "true"}), &["b", "c"]),
            bundle("x.y:z:3", "x.y/z", &json!({"alive": "false"}), &["d"]),
            bundle("x.y:other:1", "x.y/other", &json!({"alive": "true"}), &["e"]),
            bundle("plain", "", &json!({}), &["f"]),
        ];
        let missing = "while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io \"no\" not found";
        let nothing = "combination of signerName and labelSelector matched zero ClusterTrustBundles";
        let neither = "ClusterTrustBundle projection requires either name or signerName to be set";
        let bad = "while parsing label selector: \"Like\" is not a valid label selector operator";
        let cases: [(Value, Result<&str, &str>); 13] = [
            (json!({"name": "plain"}), Ok("f")),
            (json!({"name": "x.y:z:1"}), Ok("ab")),
            (json!({"name": "no"}), Err(missing)),
            (json!({"name": "no", "optional": false}), Err(missing)),
            (json!({"name": "no", "optional": true}), Ok("")),
            (json!({"signerName": "x.y/z", "labelSelector": {}}), Ok("abcd")),
            (json!({"signerName": "x.y/z", "labelSelector": {"matchLabels": {"alive": "true"}}}), Ok("abc")),
            (
                json!({"signerName": "x.y/z", "labelSelector": {"matchExpressions": [{"key": "alive", "operator": "NotIn", "values": ["true"]}]}}),
                Ok("d"),
            ),
            (json!({"signerName": "x.y/z"}), Err(nothing)),
            (json!({"signerName": "x.y/z", "optional": true}), Ok("")),
            (json!({"signerName": "x.y/none", "labelSelector": {}}), Err(nothing)),
            (json!({}), Err(neither)),
            (
                json!({"signerName": "x.y/z", "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}),
                Err(bad),
            ),
        ];
        for (mut source, expected) in cases {
            source["path"] = json!("p");
            let source: ClusterTrustBundleProjection = serde_json::from_value(source).unwrap();
            let got = anchors(Some(&bundles), &source, 1).map(|file| {
                let mut anchors = pem::decode(&String::from_utf8(file).unwrap());
                anchors.sort();
                String::from_utf8(anchors.concat()).unwrap()
            });
            assert_eq!(got.as_deref().map_err(String::as_str), expected, "{source:?}");
            assert_eq!(anchors(None, &source, 1).unwrap_err(), "ClusterTrustBundle informer has not yet synced");
        }
    }

    #[test]
    fn the_order_is_stable_but_nobodys_business() {
        let names: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (mut backwards, half) = (names.clone(), &names[10..]);
        backwards.reverse();
        let source: ClusterTrustBundleProjection =
            serde_json::from_value(json!({"signerName": "x.y/z", "labelSelector": {}, "path": "p"})).unwrap();
        let of = |lists: &[&[&str]], order| {
            let bundles: Vec<_> = lists.iter().map(|list| bundle("b", "x.y/z", &json!({}), list)).collect();
            anchors(Some(&bundles), &source, order).unwrap()
        };
        assert_eq!(of(&[&names], 1), of(&[&backwards, half], 1));
        assert_ne!(of(&[&names], 1), of(&[&names], 2));
    }
}
