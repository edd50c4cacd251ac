//! Which objects the volumes of a pod need.

use k8s_openapi::api::core::v1::Pod;

use crate::{objects::References, pods::spec};

/// Of all volumes of the pod.
pub(crate) fn references(pod: &Pod) -> References {
    let mut found = References::default();
    for volume in spec::spec(pod).volumes.iter().flatten() {
        found.config_maps.extend(volume.config_map.iter().map(|source| source.name.clone()));
        found.secrets.extend(volume.secret.iter().filter_map(|source| source.secret_name.clone()));
        for part in volume.projected.iter().flat_map(|source| source.sources.iter().flatten()) {
            found.config_maps.extend(part.config_map.iter().map(|source| source.name.clone()));
            found.secrets.extend(part.secret.iter().map(|source| source.name.clone()));
            found.bundles |= part.cluster_trust_bundle.is_some();
            found.certificates |= part.pod_certificate.is_some();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named() {
        let pod = |volumes: serde_json::Value| -> Pod {
            serde_json::from_value(serde_json::json!({"spec": {"containers": [], "volumes": volumes}})).unwrap()
        };
        assert_eq!(references(&pod(serde_json::json!([{"name": "e", "emptyDir": {}}]))), References::default());
        let all = references(&pod(serde_json::json!([
            {"name": "c", "configMap": {"name": "a"}},
            {"name": "s", "secret": {"secretName": "b"}},
            {"name": "p", "projected": {"sources": [
                {"configMap": {"name": "c"}},
                {"secret": {"name": "d"}},
                {"clusterTrustBundle": {"name": "e", "path": "p"}},
                {"podCertificate": {"signerName": "x.y/z", "keyType": "ED25519"}},
            ]}},
        ])));
        let expected = References {
            config_maps: vec!["a".into(), "c".into()],
            secrets: vec!["b".into(), "d".into()],
            bundles: true,
            certificates: true,
        };
        assert_eq!(all, expected);
    }
}
