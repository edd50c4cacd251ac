//! CertificateApproval, CertificateSigning, CertificateSubjectRestriction: who may decide about certificates and sign them, and which nobody may ask for.

use std::sync::Arc;

use apimachinery::status::Status;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::{creates, refuse, updates};
use crate::{
    contract::{Admission, Attributes, Authorizer, Decision, Job, RequestInfo},
    strategies::json::{list, text},
};

const GROUP: &str = "certificates.k8s.io";

/// The three plugins in one: they look at the same kind.
pub struct Certificates {
    authorizer: Arc<dyn Authorizer>,
}

impl Certificates {
    pub fn new(authorizer: Arc<dyn Authorizer>) -> Self {
        Self { authorizer }
    }

    /// For a signer, or for all signers of its domain.
    fn may(&self, attributes: &Attributes<'_>, verb: &'static str, signer: &str) -> bool {
        let domain = signer.split('/').next().unwrap_or_default();
        [signer.to_owned(), format!("{domain}/*")].into_iter().any(|name| {
            let request = RequestInfo {
                verb,
                is_resource: true,
                group: GROUP.into(),
                version: "*".into(),
                resource: "signers".into(),
                name,
                ..RequestInfo::default()
            };
            self.authorizer.authorize(attributes.user, &request) == Decision::Allow
        })
    }

    fn check(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        if !attributes.resource.is(GROUP, "CertificateSigningRequest") {
            return Ok(());
        }
        let signer = text(object, "/spec/signerName");
        let no = |what: &str| {
            Err(refuse(
                attributes,
                object,
                &format!("user not permitted to {what} requests with signerName {signer:?}"),
            ))
        };
        match attributes.info.subresource.as_str() {
            "approval" if updates(attributes) && !self.may(attributes, "approve", signer) => no("approve"),
            "status" if updates(attributes) && signs(attributes, object) && !self.may(attributes, "sign", signer) => {
                no("sign")
            }
            "" if creates(attributes) && signer == "kubernetes.io/kube-apiserver-client" => subject(attributes, object),
            _ => Ok(()),
        }
    }
}

/// The update issues or fails the certificate.
fn signs(attributes: &Attributes<'_>, object: &Value) -> bool {
    let failed = |o: &Value| list(o, "/status/conditions").iter().any(|c| c["type"] == "Failed");
    let Some(old) = attributes.old else { return false };
    text(object, "/status/certificate") != text(old, "/status/certificate") || failed(object) != failed(old)
}

/// Looks at the certificate request in an object.
///
/// # Errors
/// Why there is none, as upstream's parser says it.
pub(super) fn with_request<T>(
    object: &Value,
    look: impl FnOnce(&X509CertificationRequest<'_>) -> T,
) -> Result<T, &'static str> {
    let text = STANDARD.decode(text(object, "/spec/request")).map_err(|_| "illegal base64 data")?;
    let no_block = "PEM block type must be CERTIFICATE REQUEST";
    let (_, pem) = x509_parser::pem::parse_x509_pem(&text).map_err(|_| no_block)?;
    let parsed = X509CertificationRequest::from_der(&pem.contents);
    let (_, request) = parsed.map_err(|_| "x509: malformed certificate request")?;
    Ok(look(&request))
}

/// Nobody becomes a superuser by asking for it.
fn subject(attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
    let masters = with_request(object, |request| {
        let mut organizations = request.certification_request_info.subject.iter_organization();
        organizations.any(|o| o.as_str() == Ok("system:masters"))
    });
    let message = match masters {
        Ok(false) => return Ok(()),
        Ok(true) => "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed".into(),
        Err(error) => format!("failed to parse CSR: {error}"),
    };
    Err(refuse(attributes, object, &message))
}

impl Admission for Certificates {
    fn name(&self) -> &'static str {
        "CertificateApproval"
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let answer = self.check(attributes, object);
        Box::pin(async { answer })
    }
}
