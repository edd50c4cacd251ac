//! What is in a backup beside the datastore, and putting one in place: first everything beside the present state, then by renaming,
//! so that an end at any moment leaves either the old state or the new one.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use storage::{Attachment, Snapshot};

use crate::instance::{Instance, set_mode, write_private};

/// Name of the attachment with [`About`].
const ABOUT: &str = "backup.json";
/// Names of attachments with certificates and keys begin so.
const PKI: &str = "pki/";
/// What a backup replaces, as names in the data directory.
const PARTS: [&str; 2] = ["store", "pki"];

/// What a backup says about itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// Version of the program that made it.
    pub podium: String,
    /// When, RFC 3339.
    pub taken: jiff::Timestamp,
    /// The node that it was made on.
    pub node: String,
}

/// Everything of an instance that belongs into a backup beside the datastore.
pub fn attachments(instance: &Instance, about: &About) -> anyhow::Result<Vec<Attachment>> {
    let mut found = vec![Attachment { name: ABOUT.to_owned(), bytes: serde_json::to_vec(about)? }];
    let dir = instance.pki();
    for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|_| entry.file_type().is_ok_and(|t| t.is_file())) else { continue };
        let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {}", entry.path().display()))?;
        found.push(Attachment { name: format!("{PKI}{name}"), bytes });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// What a backup says about itself.
pub fn about(snapshot: &Snapshot) -> anyhow::Result<About> {
    let found = snapshot.attachments.iter().find(|a| a.name == ABOUT);
    serde_json::from_slice(&found.context("it is a snapshot of a datastore, but no backup of a cluster")?.bytes)
        .context("what the backup says about itself cannot be read")
}

/// Whether a data directory holds a cluster.
pub fn in_use(instance: &Instance) -> bool {
    PARTS.iter().any(|part| instance.dir.join(part).exists())
}

/// Where a restored state waits until it is put in place.
fn stage_dir(instance: &Instance) -> PathBuf {
    instance.dir.join("restore")
}

/// Its sign that it is whole.
fn sign(instance: &Instance) -> PathBuf {
    stage_dir(instance).join("COMPLETE")
}

/// Where the state goes that a backup replaces.
pub fn before(instance: &Instance) -> PathBuf {
    instance.dir.join("before-restore")
}

/// Unpacks a backup beside the present state, which stays as it is until [`finish`].
pub fn stage(instance: &Instance, snapshot: &Snapshot) -> anyhow::Result<()> {
    unstage(instance)?;
    let dir = stage_dir(instance);
    let pki = dir.join("pki");
    fs::create_dir_all(&pki).with_context(|| format!("cannot make {}", pki.display()))?;
    set_mode(&dir, 0o700)?;
    set_mode(&pki, 0o700)?;
    for attachment in &snapshot.attachments {
        let Some(name) = attachment.name.strip_prefix(PKI) else { continue };
        // Never a path that leads elsewhere.
        anyhow::ensure!(!name.contains('/') && !name.starts_with('.'), "the backup holds a file of the name {name:?}");
        let mode = if name.ends_with(".key") { 0o600 } else { 0o644 };
        write_private(&pki.join(name), &attachment.bytes, mode)?;
    }
    if !pki.join("ca.key").exists() {
        bail!("the backup has no certificates: it is not one of a whole cluster");
    }
    snapshot.restore(&dir.join("store"))?;
    sync(&pki)?;
    // The state before the last restore makes way for the one that is replaced now.
    remove(&before(instance))?;
    write_private(&sign(instance), b"", 0o600)?;
    sync(&dir)?;
    sync(&instance.dir)
}

/// Throws a staged state away.
pub fn unstage(instance: &Instance) -> anyhow::Result<()> {
    let sign = sign(instance);
    // First the sign: an end between the two must not leave half a state that looks whole.
    if sign.exists() {
        fs::remove_file(&sign).with_context(|| format!("cannot remove {}", sign.display()))?;
        sync(&stage_dir(instance))?;
    }
    remove(&stage_dir(instance))
}

/// Puts a staged state in place, also one whose restore was interrupted. Says where the state before it is now; `None`: there was nothing to do.
pub fn finish(instance: &Instance) -> anyhow::Result<Option<PathBuf>> {
    let (dir, old) = (stage_dir(instance), before(instance));
    if !sign(instance).exists() {
        // A restore that never came to its end.
        remove(&dir)?;
        return Ok(None);
    }
    fs::create_dir_all(&old).with_context(|| format!("cannot make {}", old.display()))?;
    set_mode(&old, 0o700)?;
    for part in PARTS {
        let (staged, current) = (dir.join(part), instance.dir.join(part));
        // Already there: an earlier run came so far.
        if !staged.exists() {
            continue;
        }
        if current.exists() {
            rename(&current, &old.join(part))?;
        }
        rename(&staged, &current)?;
    }
    sync(&old)?;
    sync(&instance.dir)?;
    remove(&dir)?;
    Ok(Some(old))
}

fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))
}

fn remove(dir: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e).with_context(|| format!("cannot remove {}", dir.display())),
        _ => Ok(()),
    }
}

fn sync(dir: &Path) -> anyhow::Result<()> {
    File::open(dir).and_then(|d| d.sync_all()).with_context(|| format!("cannot sync {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use storage::{Change, Embedded, Options, Store};

    use super::*;

    struct Bench {
        dir: tempfile::TempDir,
    }

    impl Bench {
        fn instance(&self) -> Instance {
            Instance { dir: self.dir.path().join("data"), id: "x".into() }
        }

        /// A state with this value, and a backup of it.
        fn state(&self, value: &'static str) -> Snapshot {
            let instance = self.instance();
            fs::create_dir_all(instance.pki()).unwrap();
            for (name, content) in [("ca.key", value), ("ca.crt", "certificate")] {
                fs::write(instance.pki().join(name), content).unwrap();
            }
            let file = self.dir.path().join(value);
            let store = Embedded::open(instance.dir.join("store"), Options::default()).unwrap();
            let about = About { podium: "0".into(), taken: jiff::Timestamp::from_second(1).unwrap(), node: "n".into() };
            let with = attachments(&instance, &about).unwrap();
            let run = tokio::runtime::Builder::new_current_thread().build().unwrap();
            run.block_on(async {
                let change = Change::Put { key: "/k".into(), value: value.into(), ttl_seconds: None };
                store.commit(vec![], vec![change]).await.unwrap();
                store.snapshot(&file, with).await.unwrap();
            });
            Snapshot::open(&file).unwrap()
        }

        fn found(&self) -> (String, String) {
            let instance = self.instance();
            let store = Embedded::open(instance.dir.join("store"), Options::default()).unwrap();
            let run = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let entry = run.block_on(store.get("/k")).unwrap().unwrap();
            (
                String::from_utf8(entry.value.to_vec()).unwrap(),
                fs::read_to_string(instance.pki().join("ca.key")).unwrap(),
            )
        }
    }

    fn pair(value: &str) -> (String, String) {
        (value.to_owned(), value.to_owned())
    }

    #[test]
    fn an_interrupted_restore_leaves_one_state_or_the_other() {
        let bench = Bench { dir: tempfile::tempdir().unwrap() };
        let instance = bench.instance();
        let first = bench.state("first");
        bench.state("second");
        assert_eq!(about(&first).unwrap().node, "n");
        assert_eq!(finish(&instance).unwrap(), None);
        // Without its sign a staged state is thrown away.
        stage(&instance, &first).unwrap();
        fs::remove_file(sign(&instance)).unwrap();
        assert_eq!(finish(&instance).unwrap(), None);
        stage(&instance, &first).unwrap();
        unstage(&instance).unwrap();
        assert_eq!(finish(&instance).unwrap(), None);
        assert_eq!(bench.found(), pair("second"));
        // With it, it gets in place from wherever the renaming ended.
        for ended in 0..4 {
            stage(&instance, &first).unwrap();
            fs::create_dir_all(before(&instance)).unwrap();
            let current = |part: &str| instance.dir.join(part);
            if ended > 0 {
                rename(&current("store"), &before(&instance).join("store")).unwrap();
            }
            if ended > 1 {
                rename(&stage_dir(&instance).join("store"), &current("store")).unwrap();
            }
            if ended > 2 {
                rename(&current("pki"), &before(&instance).join("pki")).unwrap();
            }
            assert_eq!(finish(&instance).unwrap(), Some(before(&instance)), "ended at {ended}");
            assert_eq!(bench.found(), pair("first"), "ended at {ended}");
            assert!(!stage_dir(&instance).exists() && before(&instance).join("store/store").exists());
            assert_eq!(finish(&instance).unwrap(), None);
        }
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| fs::metadata(instance.pki().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("ca.key"), mode("ca.crt")), (0o600, 0o644));
    }
}
