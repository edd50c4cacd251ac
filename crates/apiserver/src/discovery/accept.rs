//! Which form of a discovery document a client takes.

use http::{HeaderMap, header};

use crate::protobuf;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One document per group and version.
    Plain,
    /// All in one, in this version of the format.
    Aggregated(&'static str),
}

impl Form {
    /// Its media type, as clients expect to find it in the answer.
    #[must_use]
    pub fn media(self, messages: bool) -> &'static str {
        match self {
            Form::Plain if messages => protobuf::MEDIA,
            Form::Aggregated(_) if messages => {
                "application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            }
            Form::Plain => "application/json",
            Form::Aggregated("v2beta1") => "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
            Form::Aggregated(_) => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        }
    }
}

/// The first form in the client's list that there is, and whether it is to be protobuf; `None`: it takes nothing of this. The aggregated
/// form exists at the roots only.
#[must_use]
pub fn choose(headers: &HeaderMap, root: bool) -> Option<(Form, bool)> {
    let mut asked = false;
    for value in headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok()) {
        for clause in value.split(',').map(str::trim).filter(|c| !c.is_empty()) {
            asked = true;
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let messages = media == protobuf::MEDIA;
            if !messages && !matches!(media, "application/json" | "application/*" | "*/*") {
                continue;
            }
            let parameters: Vec<(&str, &str)> = parts.filter_map(|p| p.split_once('=')).collect();
            let of = |key: &str| parameters.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
            match (of("as"), of("g"), of("v")) {
                (None, ..) => return Some((Form::Plain, messages)),
                (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io"), Some("v2")) if root => {
                    return Some((Form::Aggregated("v2"), messages));
                }
                (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io"), Some("v2beta1")) if root && !messages => {
                    return Some((Form::Aggregated("v2beta1"), false));
                }
                _ => {}
            }
        }
    }
    (!asked).then_some((Form::Plain, false))
}
