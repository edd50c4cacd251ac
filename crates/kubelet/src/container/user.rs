//! Who a container runs as, in numbers, for its status: looked up in the image's own files.

use std::{fs, path::PathBuf};

use cri::runtime::User;
use k8s_openapi::api::core::v1::{ContainerUser, LinuxContainerUser};

/// The numbers, where they can be found out without starting anything.
pub(crate) fn identity(user: &User, layers: &[PathBuf]) -> Option<ContainerUser> {
    let passwd = read(layers, "etc/passwd");
    let (name, group) = match user.spec.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (user.spec.as_str(), None),
    };
    let entry = |wanted: &dyn Fn(&[&str]) -> bool| {
        passwd
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.len() >= 4 && wanted(fields))
    };
    let found = match (user.uid, name) {
        (Some(uid), _) => entry(&|fields| fields[2] == uid.to_string()),
        (None, "") => entry(&|fields| fields[2] == "0"),
        (None, name) => entry(&|fields| fields[0] == name || fields[2] == name),
    };
    let uid = match (user.uid, name) {
        (Some(uid), _) => i64::from(uid),
        (None, "") => 0,
        (None, name) => name.parse().ok().or_else(|| found.as_ref()?[2].parse().ok())?,
    };
    let groups = read(layers, "etc/group");
    let named_group = |name: &str| {
        groups
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.len() >= 3 && (fields[0] == name))
            .and_then(|fields| fields[2].parse().ok())
    };
    let gid = match (user.gid, group) {
        (Some(gid), _) => i64::from(gid),
        (None, Some(group)) if user.uid.is_none() => group.parse().ok().or_else(|| named_group(group))?,
        _ => found.as_ref().and_then(|fields| fields[3].parse().ok()).unwrap_or(0),
    };
    let mut all = vec![gid];
    if !user.strict_groups
        && let Some(name) = found.as_ref().map(|fields| fields[0])
    {
        let member = |fields: &Vec<&str>| fields.len() >= 4 && fields[3].split(',').any(|member| member == name);
        all.extend(
            groups
                .lines()
                .map(|line| line.split(':').collect::<Vec<_>>())
                .filter(member)
                .filter_map(|fields| fields[2].parse::<i64>().ok()),
        );
    }
    all.extend(user.additional_gids.iter().map(|gid| i64::from(*gid)));
    let mut unique = Vec::new();
    for gid in all {
        if !unique.contains(&gid) {
            unique.push(gid);
        }
    }
    Some(ContainerUser { linux: Some(LinuxContainerUser { uid, gid, supplemental_groups: Some(unique) }) })
}

/// A file of the image: from its highest layer that has it. Links are not followed (they could lead out of the layer).
fn read(layers: &[PathBuf], path: &str) -> String {
    const MOST: u64 = 1 << 20;
    for layer in layers {
        let file = layer.join(path);
        match fs::symlink_metadata(&file) {
            Ok(meta) if meta.is_file() && meta.len() <= MOST => return fs::read_to_string(file).unwrap_or_default(),
            Ok(_) => return String::new(),
            Err(_) => {}
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_from_the_image() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("etc")).unwrap();
        fs::write(dir.path().join("etc/passwd"), "root:x:0:0::/:/bin/sh\nnginx:x:101:102::/:/bin/sh\n").unwrap();
        fs::write(dir.path().join("etc/group"), "root:x:0:\nwheel:x:10:root\nnginx:x:102:\n").unwrap();
        let layers = [dir.path().to_owned()];
        let of = |spec: &str, uid: Option<u32>| {
            let found =
                identity(&User { spec: spec.into(), uid, additional_gids: vec![7], ..User::default() }, &layers)?
                    .linux?;
            Some((found.uid, found.gid, found.supplemental_groups?))
        };
        assert_eq!(of("", None), Some((0, 0, vec![0, 10, 7])));
        assert_eq!(of("nginx", None), Some((101, 102, vec![102, 7])));
        assert_eq!(of("nginx", Some(1000)), Some((1000, 0, vec![0, 7])));
        assert_eq!(of("nobody", None), None);
    }
}
