//! The cluster's certificates and keys: made once, kept in `DATA_DIR/pki`, leaf certificates renewed at start when they
//! are old or the host's addresses changed.

use std::{fs, net::IpAddr, path::Path};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};

use crate::instance::{set_mode, write_private};

/// Leaf certificates live this long and are renewed when less than a third is left.
const LEAF_DAYS: i64 = 365;
const CA_DAYS: i64 = 3650;

/// A certificate with its key, as PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Certificate.
    pub cert: String,
    /// Private key, PKCS#8.
    pub key: String,
}

/// Everything that a node with a control plane needs.
pub struct Pki {
    /// The cluster's authority.
    pub ca: Pair,
    /// The API server's serving certificate.
    pub apiserver: Pair,
    /// The administrator's client certificate (`kubernetes-admin`, group `system:masters`).
    pub admin: Pair,
    /// The kubelet's serving certificate.
    pub kubelet: Pair,
    /// The API server's client certificate towards kubelets.
    pub kubelet_client: Pair,
    /// Signs service-account tokens (ECDSA P-256, PKCS#8 PEM).
    pub service_account_key: String,
}

/// A leaf certificate to make: file name, subject, names.
struct Leaf<'a> {
    file: &'a str,
    common_name: String,
    organization: Option<&'a str>,
    names: Vec<SanType>,
    usage: ExtendedKeyUsagePurpose,
}

/// Reads what is there and makes what is missing or about to expire.
pub fn ensure(
    dir: &Path,
    node: &str,
    addresses: &[IpAddr],
    extra: &[String],
    now: jiff::Timestamp,
) -> anyhow::Result<Pki> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    set_mode(dir, 0o700)?;
    let ca = match read(dir, "ca") {
        Some(pair) => pair,
        None => make_ca(dir, now)?,
    };
    // The same subject and key as in pki/ca.crt: that is all an issuer is known by.
    let issuer = Issuer::new(ca_params(now)?, KeyPair::from_pem(&ca.key).context("pki/ca.key")?);
    let mut names = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ]
    .into_iter()
    .map(|n| Ok(SanType::DnsName(n.try_into()?)))
    .collect::<anyhow::Result<Vec<_>>>()?;
    names.push(SanType::DnsName(node.try_into()?));
    names.extend(addresses.iter().map(|a| SanType::IpAddress(*a)));
    for name in extra {
        names.push(match name.parse::<IpAddr>() {
            Ok(ip) => SanType::IpAddress(ip),
            Err(_) => SanType::DnsName(name.as_str().try_into().with_context(|| format!("--tls-san {name:?}"))?),
        });
    }
    let mut node_names = vec![SanType::DnsName(node.try_into()?)];
    node_names.extend(addresses.iter().map(|a| SanType::IpAddress(*a)));
    let leaf = |l: &Leaf<'_>| make_leaf(dir, &issuer, l, now);
    let server = ExtendedKeyUsagePurpose::ServerAuth;
    Ok(Pki {
        apiserver: leaf(&Leaf {
            file: "apiserver",
            common_name: "kube-apiserver".into(),
            organization: None,
            names,
            usage: server.clone(),
        })?,
        kubelet: leaf(&Leaf {
            file: "kubelet",
            common_name: format!("system:node:{node}"),
            organization: Some("system:nodes"),
            names: node_names,
            usage: server,
        })?,
        kubelet_client: leaf(&Leaf {
            file: "apiserver-kubelet-client",
            common_name: "kube-apiserver-kubelet-client".into(),
            organization: Some("system:masters"),
            names: Vec::new(),
            usage: ExtendedKeyUsagePurpose::ClientAuth,
        })?,
        admin: leaf(&Leaf {
            file: "admin",
            common_name: "kubernetes-admin".into(),
            organization: Some("system:masters"),
            names: Vec::new(),
            usage: ExtendedKeyUsagePurpose::ClientAuth,
        })?,
        service_account_key: service_account_key(dir)?,
        ca,
    })
}

fn read(dir: &Path, name: &str) -> Option<Pair> {
    let cert = fs::read_to_string(dir.join(format!("{name}.crt"))).ok()?;
    let key = fs::read_to_string(dir.join(format!("{name}.key"))).ok()?;
    Some(Pair { cert, key })
}

fn store(dir: &Path, name: &str, pair: &Pair) -> anyhow::Result<()> {
    write_private(&dir.join(format!("{name}.key")), pair.key.as_bytes(), 0o600)?;
    write_private(&dir.join(format!("{name}.crt")), pair.cert.as_bytes(), 0o644)
}

fn params(
    common_name: &str,
    organization: Option<&str>,
    days: i64,
    now: jiff::Timestamp,
) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    if let Some(o) = organization {
        name.push(DnType::OrganizationName, o);
    }
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    // An hour back: clocks of clients may be behind.
    params.not_before = time::OffsetDateTime::from_unix_timestamp(now.as_second() - 3600)?;
    params.not_after = time::OffsetDateTime::from_unix_timestamp(now.as_second() + days * 86_400)?;
    Ok(params)
}

fn ca_params(now: jiff::Timestamp) -> anyhow::Result<CertificateParams> {
    let mut params = params("kubernetes", None, CA_DAYS, now)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn make_ca(dir: &Path, now: jiff::Timestamp) -> anyhow::Result<Pair> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let pair = Pair { cert: ca_params(now)?.self_signed(&key)?.pem(), key: key.serialize_pem() };
    store(dir, "ca", &pair)?;
    Ok(pair)
}

fn make_leaf(dir: &Path, issuer: &Issuer<'_, KeyPair>, leaf: &Leaf<'_>, now: jiff::Timestamp) -> anyhow::Result<Pair> {
    if let Some(pair) = read(dir, leaf.file)
        && still_good(&pair.cert, &leaf.names, now)
    {
        return Ok(pair);
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = params(&leaf.common_name, leaf.organization, LEAF_DAYS, now)?;
    params.subject_alt_names = leaf.names.clone();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![leaf.usage.clone()];
    params.use_authority_key_identifier_extension = true;
    let pair = Pair { cert: params.signed_by(&key, issuer)?.pem(), key: key.serialize_pem() };
    store(dir, leaf.file, &pair)?;
    Ok(pair)
}

/// Covers all the names and has more than a third of its time left.
fn still_good(pem: &str, names: &[SanType], now: jiff::Timestamp) -> bool {
    let Ok((_, parsed)) = x509_parser::pem::parse_x509_pem(pem.as_bytes()) else { return false };
    let Ok(cert) = parsed.parse_x509() else { return false };
    if cert.validity().not_after.timestamp() - now.as_second() < LEAF_DAYS * 86_400 / 3 {
        return false;
    }
    let held = self::names(pem);
    names.iter().all(|n| match n {
        SanType::DnsName(d) => held.contains(&d.to_string()),
        SanType::IpAddress(a) => held.contains(&a.to_string()),
        _ => false,
    })
}

/// The DNS names and addresses of a certificate; none where it cannot be read.
pub fn names(pem: &str) -> Vec<String> {
    let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(pem.as_bytes()) else { return Vec::new() };
    let Ok(cert) = pem.parse_x509() else { return Vec::new() };
    let Ok(Some(extension)) = cert.subject_alternative_name() else { return Vec::new() };
    let text = |name: &x509_parser::extensions::GeneralName<'_>| match name {
        x509_parser::extensions::GeneralName::DNSName(d) => Some((*d).to_owned()),
        x509_parser::extensions::GeneralName::IPAddress(b) => address(b).map(|a| a.to_string()),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(text).collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

/// ES256: RSA keys cost 100 to 300 ms, and ring cannot make them.
fn service_account_key(dir: &Path) -> anyhow::Result<String> {
    let path = dir.join("sa.key");
    if let Ok(key) = fs::read_to_string(&path) {
        return Ok(key);
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    write_private(&path, key.serialize_pem().as_bytes(), 0o600)?;
    write_private(&dir.join("sa.pub"), key.public_key_pem().as_bytes(), 0o644)?;
    Ok(key.serialize_pem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_renewed_when_names_or_time_change() {
        let dir = tempfile::tempdir().unwrap();
        let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        let lo: IpAddr = "127.0.0.1".parse().unwrap();
        let first = ensure(dir.path(), "node", &[lo], &[], now).unwrap();
        let again = ensure(dir.path(), "node", &[lo], &[], now).unwrap();
        assert_eq!(
            (&first.ca.cert, &first.apiserver.cert, &first.service_account_key),
            (&again.ca.cert, &again.apiserver.cert, &again.service_account_key)
        );
        let moved =
            ensure(dir.path(), "node", &[lo, "10.1.2.3".parse().unwrap()], &["api.example".into()], now).unwrap();
        assert_eq!(moved.ca.cert, first.ca.cert);
        assert_ne!(moved.apiserver.cert, first.apiserver.cert);
        assert_eq!(moved.admin.cert, first.admin.cert);
        let later = jiff::Timestamp::from_second(1_800_000_000 + 300 * 86_400).unwrap();
        assert_ne!(ensure(dir.path(), "node", &[lo], &[], later).unwrap().admin.cert, first.admin.cert);
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(dir.path().join("sa.key")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
