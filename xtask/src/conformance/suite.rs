//! The suite's programs, images and list of tests, each made once and kept outside the repository.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use serde::Deserialize;

/// One conformance test as the suite itself lists it.
#[derive(Clone, Debug, Deserialize)]
pub struct Test {
    /// Its full name.
    #[serde(rename = "codename")]
    pub name: String,
    /// Source file in kubernetes/kubernetes.
    pub file: String,
}

impl Test {
    /// The special interest group in front of the name, such as `sig-apps`.
    pub fn sig(&self) -> &str {
        sig(&self.name)
    }
}

/// The special interest group in front of a test's name.
pub fn sig(name: &str) -> &str {
    name.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or("none", |(sig, _)| sig)
}

/// The folder of everything that is built once: programs, images, and the clusters' working places.
pub fn cache() -> PathBuf {
    std::env::var_os("PODIUM_CONFORMANCE_CACHE").map_or_else(|| "/var/tmp/podium-conformance".into(), PathBuf::from)
}

/// The built suite.
pub struct Suite {
    /// Folder of `e2e.test`, `ginkgo`, `kubectl` and what goes into images.
    pub programs: PathBuf,
    source: PathBuf,
}

impl Suite {
    /// Builds what is missing with the `build` script of `conformance/`; its progress goes to standard error.
    pub fn build(root: &Path) -> anyhow::Result<Self> {
        let source = root.join("conformance");
        let out = Command::new(source.join("build"))
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("conformance/build")?;
        anyhow::ensure!(out.status.success(), "conformance/build failed ({})", out.status);
        let programs = PathBuf::from(String::from_utf8(out.stdout)?.trim());
        Ok(Self { programs, source })
    }

    /// A program of the suite.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// All conformance tests, in the suite's order, which is by name.
    pub fn tests(&self) -> anyhow::Result<Vec<Test>> {
        let list = self.programs.join("tests.yaml");
        if !list.exists() {
            let out = Command::new(self.program("e2e.test")).arg("--list-conformance-tests").output()?;
            anyhow::ensure!(out.status.success(), "e2e.test --list-conformance-tests failed ({})", out.status);
            std::fs::write(&list, out.stdout)?;
        }
        let mut tests: Vec<Test> = serde_saphyr::from_str(&std::fs::read_to_string(&list)?)?;
        tests.sort_by(|a, b| a.name.cmp(&b.name));
        tests.dedup_by(|a, b| a.name == b.name);
        Ok(tests)
    }

    /// The folder of a registry that holds the images; made by `images.py` with a registry of its own on first demand.
    pub fn images(&self) -> anyhow::Result<PathBuf> {
        let script = self.source.join("images.py");
        let key = key(&[&std::fs::read(&script)?, self.programs.as_os_str().as_encoded_bytes()]);
        let folder = cache().join(format!("images-{key}"));
        if folder.join("complete").exists() {
            return Ok(folder.join("registry"));
        }
        #[expect(clippy::print_stderr, reason = "a development task tells what it waits for")]
        {
            eprintln!("building the images");
        }
        std::fs::create_dir_all(&folder)?;
        let config = folder.join("registry.yml");
        std::fs::write(&config, registry_config(&folder.join("registry"), "127.0.0.1:5001"))?;
        // In a network namespace of its own: the port is free there, and it ends with the script.
        let script = format!(
            "ip link set lo up; docker-registry serve '{}' >'{}' 2>&1 & r=$!; trap 'kill $r' EXIT; \
             {KNOCK}; '{}' '{}' '{}' 127.0.0.1:5001",
            config.display(),
            folder.join("registry.log").display(),
            self.fetch()?.display(),
            self.programs.display(),
            cache().display(),
        );
        let status = Command::new("unshare").args(["--net", "bash", "-ec", &script]).status()?;
        anyhow::ensure!(status.success(), "conformance/images.py failed ({status})");
        std::fs::write(folder.join("complete"), "")?;
        Ok(folder.join("registry"))
    }

    /// What comes over the network (Debian packages, busybox) is fetched before the namespace is entered. Answers the script.
    fn fetch(&self) -> anyhow::Result<PathBuf> {
        let script = self.source.join("images.py");
        let status = Command::new(&script).arg("--fetch").arg(cache()).status().context("conformance/images.py")?;
        anyhow::ensure!(status.success(), "conformance/images.py --fetch failed ({status})");
        Ok(script)
    }
}

/// Shell (bash) that waits until the registry takes connections.
pub const KNOCK: &str =
    "i=0; until { : >/dev/tcp/127.0.0.1/5001; } 2>/dev/null; do i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.1; done";

/// The configuration of Debian's docker-registry with its blobs in `folder`.
pub fn registry_config(folder: &Path, address: &str) -> String {
    format!(
        "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{address}\"}}\n",
        folder.display()
    )
}

/// A short name for contents (FNV-1a): it tells versions of our own files apart and guards nothing.
fn key(parts: &[&[u8]]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|p| p.iter().chain(&[0])) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::sig;

    #[test]
    fn the_group_is_in_front_of_the_name() {
        assert_eq!(sig("[sig-apps] Deployment should [Conformance]"), "sig-apps");
        assert_eq!(sig("a test of nobody"), "none");
    }
}
