//! Certificate requests (PKCS#10), read: what the signers' rules ask about. Pure.

use std::net::IpAddr;

use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition};
use x509_parser::{
    certification_request::X509CertificationRequest,
    extensions::{GeneralName, ParsedExtension},
    pem::parse_x509_pem,
    prelude::FromDer,
};

/// Kubernetes' signer of serving certificates for kubelets.
pub const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
/// Kubernetes' signer of kubelets' client certificates.
pub const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// Kubernetes' signer of other client certificates.
pub const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
/// How the names of nodes' users begin.
pub const NODE_USER: &str = "system:node:";
/// The group of nodes.
pub const NODES: &str = "system:nodes";

/// What a request asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Common name.
    pub common_name: String,
    /// Organisations, in their order.
    pub organizations: Vec<String>,
    /// DNS names.
    pub dns_names: Vec<String>,
    /// IP addresses.
    pub addresses: Vec<IpAddr>,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
    /// The subject as it came (DER).
    pub subject: Vec<u8>,
    /// The public key as it came (DER).
    pub public_key: Vec<u8>,
}

/// A request that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No PEM, or PEM of something else.
    #[error("PEM block type must be CERTIFICATE REQUEST")]
    Pem,
    /// Not PKCS#10.
    #[error("x509: malformed certificate request: {0}")]
    Malformed(String),
    /// Whoever sent it does not have the key.
    #[error("x509: the request's signature does not fit its key: {0}")]
    Signature(String),
}

/// Reads a request and checks that its sender has the key.
///
/// # Errors
/// See [`RequestError`].
pub fn parse(pem: &[u8]) -> Result<Request, RequestError> {
    let (_, pem) = parse_x509_pem(pem).map_err(|_| RequestError::Pem)?;
    if pem.label != "CERTIFICATE REQUEST" {
        return Err(RequestError::Pem);
    }
    let malformed = |e: String| RequestError::Malformed(e);
    let (_, parsed) = X509CertificationRequest::from_der(&pem.contents).map_err(|e| malformed(e.to_string()))?;
    parsed.verify_signature().map_err(|e| RequestError::Signature(e.to_string()))?;
    let info = &parsed.certification_request_info;
    let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| value.as_str().unwrap_or_default().to_owned();
    let mut request = Request {
        common_name: info.subject.iter_common_name().last().map(text).unwrap_or_default(),
        organizations: info.subject.iter_organization().map(text).collect(),
        subject: info.subject.as_raw().to_vec(),
        public_key: info.subject_pki.raw.to_vec(),
        ..Request::default()
    };
    for extension in parsed.requested_extensions().into_iter().flatten() {
        if let ParsedExtension::SubjectAlternativeName(names) = extension {
            names.general_names.iter().try_for_each(|name| take(&mut request, name))?;
        }
    }
    Ok(request)
}

fn take(request: &mut Request, name: &GeneralName<'_>) -> Result<(), RequestError> {
    match name {
        GeneralName::DNSName(name) => request.dns_names.push((*name).to_owned()),
        GeneralName::RFC822Name(name) => request.emails.push((*name).to_owned()),
        GeneralName::URI(name) => request.uris.push((*name).to_owned()),
        GeneralName::IPAddress(bytes) => request.addresses.push(
            address(bytes).ok_or_else(|| RequestError::Malformed("an IP address of a strange length".to_owned()))?,
        ),
        // As in upstream, other kinds of names are not taken over.
        _ => {}
    }
    Ok(())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Why a request does not fit its signer, in upstream's words.
pub type Unfit = Result<(), String>;

fn usages_are(usages: &[String], purpose: &str) -> Unfit {
    let has = |usage: &str| usages.iter().any(|u| u == usage);
    let known = |usage: &String| [purpose, "digital signature", "key encipherment"].contains(&usage.as_str());
    if has(purpose) && has("digital signature") && usages.iter().all(known) {
        return Ok(());
    }
    let mut wanted = ["digital signature", "key encipherment", purpose];
    wanted.sort_unstable();
    Err(format!("usages did not match [{}]", wanted.join(" ")))
}

fn is_of_nodes(request: &Request) -> Unfit {
    if request.organizations == [NODES] { Ok(()) } else { Err("subject organization is not system:nodes".to_owned()) }
}

fn is_node(request: &Request) -> Unfit {
    let named = request.common_name.starts_with(NODE_USER);
    named.then_some(()).ok_or_else(|| "subject common name does not begin with system:node:".to_owned())
}

fn has_none(names: bool, kind: &str) -> Unfit {
    if names { Ok(()) } else { Err(format!("{kind} subjectAltNames are not allowed")) }
}

/// Whether it is a request for a kubelet's client certificate.
///
/// # Errors
/// Why it is none.
pub fn kubelet_client(request: &Request, usages: &[String]) -> Unfit {
    is_of_nodes(request)?;
    has_none(request.dns_names.is_empty(), "DNS")?;
    has_none(request.emails.is_empty(), "Email")?;
    has_none(request.addresses.is_empty(), "IP")?;
    has_none(request.uris.is_empty(), "URI")?;
    is_node(request)?;
    usages_are(usages, "client auth")
}

/// Whether it is a request for a kubelet's serving certificate.
///
/// # Errors
/// Why it is none.
pub fn kubelet_serving(request: &Request, usages: &[String]) -> Unfit {
    is_of_nodes(request)?;
    if request.dns_names.is_empty() && request.addresses.is_empty() {
        return Err("DNS or IP subjectAltName is required".to_owned());
    }
    has_none(request.emails.is_empty(), "Email")?;
    has_none(request.uris.is_empty(), "URI")?;
    usages_are(usages, "server auth")?;
    is_node(request)
}

/// Whether the usages are those of a client.
///
/// # Errors
/// Which one is not.
pub fn client(usages: &[String]) -> Unfit {
    let mut is_client = false;
    for usage in usages {
        match usage.as_str() {
            "digital signature" | "key encipherment" => {}
            "client auth" => is_client = true,
            other => return Err(format!("invalid usage for client certificate: {other}")),
        }
    }
    is_client.then_some(()).ok_or_else(|| "missing required usage for client certificate: client auth".to_owned())
}

/// The conditions of a request.
#[must_use]
pub fn conditions(request: &CertificateSigningRequest) -> &[CertificateSigningRequestCondition] {
    request.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default()
}

/// Whether a condition is there.
#[must_use]
pub fn has(request: &CertificateSigningRequest, condition: &str) -> bool {
    conditions(request).iter().any(|c| c.type_ == condition)
}

/// Whether there is a certificate.
#[must_use]
pub fn is_issued(request: &CertificateSigningRequest) -> bool {
    request.status.as_ref().and_then(|s| s.certificate.as_ref()).is_some_and(|c| !c.0.is_empty())
}
