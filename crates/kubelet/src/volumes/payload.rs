//! What the files of a ConfigMap, Secret, downward API or projected volume are: pure, from objects to paths and bytes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Container, DownwardAPIVolumeFile, KeyToPath, Pod, Secret};

use crate::env::fields::{Facts, field, resource};

/// A file to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) data: Vec<u8>,
    pub(crate) mode: u32,
}

/// Files by path relative to the volume.
pub(crate) type Files = BTreeMap<String, File>;

fn mode(item: Option<i32>, default: u32) -> u32 {
    item.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(default) & 0o777
}

fn select(
    all: &BTreeMap<String, Vec<u8>>,
    items: Option<&[KeyToPath]>,
    default: u32,
    optional: bool,
    missing: &dyn Fn(&str) -> String,
) -> Result<Files, String> {
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        return Ok(all.iter().map(|(key, data)| (key.clone(), File { data: data.clone(), mode: default })).collect());
    };
    let mut out = Files::new();
    for item in items {
        match all.get(&item.key) {
            Some(data) => {
                out.insert(checked(&item.path)?, File { data: data.clone(), mode: mode(item.mode, default) });
            }
            None if optional => {}
            None => return Err(missing(&item.key)),
        }
    }
    Ok(out)
}

/// A path must stay inside the volume.
fn checked(path: &str) -> Result<String, String> {
    let bad = path.is_empty()
        || path.starts_with('/')
        || path.split('/').any(|part| part == ".." || part.is_empty())
        || path.starts_with("..");
    if bad { Err(format!("invalid path: {path:?}")) } else { Ok(path.to_owned()) }
}

/// Of a ConfigMap.
pub(crate) fn config_map(
    object: &ConfigMap,
    items: Option<&[KeyToPath]>,
    default: u32,
    optional: bool,
) -> Result<Files, String> {
    let mut all: BTreeMap<String, Vec<u8>> =
        object.data.iter().flatten().map(|(key, text)| (key.clone(), text.clone().into_bytes())).collect();
    all.extend(object.binary_data.iter().flatten().map(|(key, data)| (key.clone(), data.0.clone())));
    select(&all, items, default, optional, &|key| format!("configmap references non-existent config key: {key}"))
}

/// Of a Secret.
pub(crate) fn secret(
    object: &Secret,
    items: Option<&[KeyToPath]>,
    default: u32,
    optional: bool,
) -> Result<Files, String> {
    let all: BTreeMap<String, Vec<u8>> =
        object.data.iter().flatten().map(|(key, data)| (key.clone(), data.0.clone())).collect();
    select(&all, items, default, optional, &|key| format!("references non-existent secret key: {key}"))
}

/// Of the downward API.
pub(crate) fn downward(
    pod: &Pod,
    items: &[DownwardAPIVolumeFile],
    default: u32,
    facts: &Facts,
) -> Result<Files, String> {
    let mut out = Files::new();
    for item in items {
        let text = if let Some(reference) = &item.field_ref {
            field(pod, &reference.field_path, facts)?
        } else if let Some(reference) = &item.resource_field_ref {
            resource(pod, &Container::default(), reference, facts)?
        } else {
            continue;
        };
        out.insert(checked(&item.path)?, File { data: text.into_bytes(), mode: mode(item.mode, default) });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_items_and_modes() {
        let map = ConfigMap {
            data: Some([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())].into()),
            ..ConfigMap::default()
        };
        assert_eq!(config_map(&map, None, 0o644, false).unwrap().len(), 2);
        let item = |key: &str, path: &str| KeyToPath {
            key: key.into(),
            path: path.into(),
            mode: Some(0o400),
            ..KeyToPath::default()
        };
        let some = config_map(&map, Some(&[item("a", "x/y")]), 0o644, false).unwrap();
        assert_eq!(some["x/y"], File { data: b"1".to_vec(), mode: 0o400 });
        assert_eq!(
            config_map(&map, Some(&[item("c", "z")]), 0o644, false).unwrap_err(),
            "configmap references non-existent config key: c"
        );
        assert!(config_map(&map, Some(&[item("c", "z")]), 0o644, true).unwrap().is_empty());
        for path in ["", "/x", "../x", "a/../b", "..x"] {
            assert!(config_map(&map, Some(&[item("a", path)]), 0o644, false).is_err(), "{path}");
        }
    }
}
