//! Certificates of a joined node on its disk, and when they are renewed.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use x509_parser::pem::parse_x509_pem;

use crate::instance::{set_mode, write_private};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To the API, as the node.
    Client,
    /// To whoever asks the kubelet.
    Serving,
}

impl Kind {
    fn file(self) -> &'static str {
        match self {
            Self::Client => "kubelet-client",
            Self::Serving => "kubelet",
        }
    }
}

/// A certificate and its key, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads them; `None` where there are none.
    pub fn read(dir: &Path, kind: Kind) -> Option<Self> {
        let text = |end: &str| std::fs::read_to_string(path(dir, kind, end)).ok();
        Some(Self { certificate: text("crt")?, key: text("key")? })
    }

    /// Writes them: the key first, so that a certificate is never without its key.
    pub fn write(&self, dir: &Path, kind: Kind) -> anyhow::Result<()> {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        set_mode(dir, 0o700)?;
        write_private(&path(dir, kind, "key"), self.key.as_bytes(), 0o600)?;
        write_private(&path(dir, kind, "crt"), self.certificate.as_bytes(), 0o644)
    }

    /// Begin and end of the certificate.
    pub fn validity(&self) -> anyhow::Result<(Timestamp, Timestamp)> {
        let (_, pem) = parse_x509_pem(self.certificate.as_bytes()).context("the node's certificate")?;
        let parsed = pem.parse_x509().context("the node's certificate")?;
        let at = |time: &x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp());
        Ok((at(&parsed.validity().not_before)?, at(&parsed.validity().not_after)?))
    }

    /// It names this node and this address.
    pub fn is_for(&self, node: &str, address: std::net::IpAddr) -> bool {
        let held = crate::certs::names(&self.certificate);
        held.iter().any(|name| name == node) && held.contains(&address.to_string())
    }

    /// It has not ended.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.validity().is_ok_and(|(_, end)| now < end)
    }
}

fn path(dir: &Path, kind: Kind, end: &str) -> PathBuf {
    dir.join(format!("{}.{end}", kind.file()))
}

/// When a certificate is renewed: after 70 to 90 hundredths of its life (`chance` from 0 to 1 chooses), as kubelets do, so
/// that many nodes do not come at once.
pub fn renewal(begin: Timestamp, end: Timestamp, chance: f64) -> Timestamp {
    let life = end.duration_since(begin).max(SignedDuration::ZERO);
    let part = 0.7 + 0.2 * chance.clamp(0.0, 1.0);
    let wait = SignedDuration::from_secs((life.as_secs_f64() * part).round() as i64);
    begin.checked_add(wait).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewed_in_the_last_third() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (chance, second) in [(0.0, 700), (0.5, 800), (1.0, 900), (7.0, 900)] {
            assert_eq!(renewal(at(0), at(1000), chance), at(second));
        }
        assert_eq!(renewal(at(10), at(0), 0.5), at(10));
    }

    #[test]
    fn kept_with_a_private_key() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        assert!(Credentials::read(dir.path(), Kind::Client).is_none());
        let pair = Credentials { certificate: "c".into(), key: "k".into() };
        pair.write(dir.path(), Kind::Client).unwrap();
        assert_eq!(Credentials::read(dir.path(), Kind::Client).unwrap(), pair);
        assert!(Credentials::read(dir.path(), Kind::Serving).is_none());
        assert!(!pair.is_good(Timestamp::UNIX_EPOCH));
        let mode = std::fs::metadata(dir.path().join("kubelet-client.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
