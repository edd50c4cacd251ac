use std::sync::Arc;

use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use parking_lot::Mutex;

use crate::informer::Informer;

fn object(name: &str, uid: &str, version: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some("default".to_owned()),
            uid: Some(uid.to_owned()),
            resource_version: Some(version.to_owned()),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    }
}

#[test]
fn handlers_see_every_change_once() {
    let informer = Informer::<ConfigMap>::new(None);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    informer.on(move |change| {
        let version = |k: Option<&Arc<ConfigMap>>| {
            k.map(|k| k.metadata.resource_version.clone().unwrap_or_default()).unwrap_or_default()
        };
        sink.lock().push(format!("{}>{}", version(change.old), version(change.new)));
    });
    informer.replace(vec![object("a", "1", "5"), object("b", "2", "6")]);
    informer.apply(object("a", "1", "7"));
    informer.apply(object("a", "1", "7"));
    informer.replace(vec![object("a", "3", "9")]);
    informer.forget("default", "a", None);
    informer.forget("default", "a", None);
    assert_eq!(*seen.lock(), [">5", ">6", "5>7", "7>", ">9", "6>", "9>"]);
    assert!(informer.is_synced() && informer.store().is_empty());
}

#[test]
fn indexes_follow_the_objects() {
    let informer = Informer::<ConfigMap>::new(None);
    informer.replace(vec![object("a", "1", "5"), object("b", "1", "6")]);
    informer.index("uid", |k| vec![k.metadata.uid.clone().unwrap_or_default()]);
    assert_eq!(informer.store().by_index("uid", "1").len(), 2);
    informer.apply(object("a", "2", "7"));
    assert_eq!(informer.store().by_index("uid", "1").len(), 1);
    informer.forget("default", "b", None);
    assert!(informer.store().by_index("uid", "1").is_empty());
}
