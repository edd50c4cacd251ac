//! Who asks, remembered for some seconds: a certificate is not read, nor a token's signature checked, once per request.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use http::{HeaderMap, header};
use parking_lot::Mutex;

use crate::contract::{Caller, User};

/// A credential is looked at again after this many seconds, as upstream's token cache does it: so its end is noticed.
const SECONDS: i64 = 10;
/// Credentials that are remembered; beyond it everything is forgotten, which only costs time.
const REMEMBERED: usize = 4096;

#[derive(PartialEq, Eq, Hash)]
enum Credential {
    /// Address of the certificate of a living connection.
    Certificate(usize),
    /// The whole header.
    Token(Box<[u8]>),
}

struct Known {
    /// For certificates: the address may be used again, only the certificate itself counts.
    certificate: Option<Weak<[u8]>>,
    user: Arc<User>,
    at: i64,
}

/// Users by credential.
#[derive(Default)]
pub struct Identities(Mutex<HashMap<Credential, Known>>);

/// The one thing in a request that says who asks; `None`: nothing, or several things.
fn credential(caller: &Caller, headers: &HeaderMap) -> Option<Credential> {
    let Caller::Connection { client_certificate, .. } = caller else { return None };
    if headers.keys().any(|name| name.as_str().starts_with("impersonate-")) {
        return None;
    }
    match (client_certificate, headers.get(header::AUTHORIZATION)) {
        (Some(certificate), None) => Some(Credential::Certificate(address(certificate))),
        (None, Some(value)) => Some(Credential::Token(value.as_bytes().into())),
        _ => None,
    }
}

fn address(certificate: &Arc<[u8]>) -> usize {
    Arc::as_ptr(certificate).cast::<u8>() as usize
}

fn certificate(caller: &Caller) -> Option<&Arc<[u8]>> {
    match caller {
        Caller::Connection { client_certificate, .. } => client_certificate.as_ref(),
        Caller::Component(_) => None,
    }
}

impl Identities {
    /// The user behind a credential that was good a moment ago.
    #[must_use]
    pub fn find(&self, caller: &Caller, headers: &HeaderMap, now: jiff::Timestamp) -> Option<Arc<User>> {
        let credential = credential(caller, headers)?;
        let all = self.0.lock();
        let known = all.get(&credential)?;
        let same = match &known.certificate {
            None => true,
            Some(weak) => weak.upgrade().zip(certificate(caller)).is_some_and(|(a, b)| Arc::ptr_eq(&a, b)),
        };
        (same && now.as_second() - known.at < SECONDS).then(|| known.user.clone())
    }

    /// Remembers a user. Who has no credential is nobody to remember.
    pub fn keep(&self, caller: &Caller, headers: &HeaderMap, now: jiff::Timestamp, user: &Arc<User>) {
        let Some(credential) = credential(caller, headers) else { return };
        let mut all = self.0.lock();
        if all.len() >= REMEMBERED {
            all.clear();
        }
        let certificate = certificate(caller).map(Arc::downgrade);
        all.insert(credential, Known { certificate, user: user.clone(), at: now.as_second() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_known_for_a_while() {
        let caller = |bytes: &[u8]| Caller::Connection {
            client_certificate: Some(bytes.into()),
            peer: ([127, 0, 0, 1], 1).into(),
        };
        let (a, b) = (caller(b"a"), caller(b"b"));
        let at = |second| jiff::Timestamp::from_second(second).expect("time");
        let (identities, none) = (Identities::default(), HeaderMap::new());
        let user = Arc::new(User { name: "x".into(), ..User::default() });
        identities.keep(&a, &none, at(100), &user);
        assert!(identities.find(&a, &none, at(105)).is_some());
        assert!(identities.find(&a, &none, at(110)).is_none());
        assert!(identities.find(&b, &none, at(105)).is_none());
        let mut token = HeaderMap::new();
        token.insert(header::AUTHORIZATION, "Bearer x".parse().expect("header"));
        assert!(identities.find(&a, &token, at(105)).is_none());
        let bare = Caller::Connection { client_certificate: None, peer: ([127, 0, 0, 1], 1).into() };
        identities.keep(&bare, &token, at(105), &user);
        assert!(identities.find(&bare, &token, at(106)).is_some());
        assert!(identities.find(&bare, &none, at(106)).is_none());
        token.insert("impersonate-user", "y".parse().expect("header"));
        assert!(identities.find(&bare, &token, at(106)).is_none());
    }
}
