//! Who a connection is, remembered: a certificate is read once per connection and some seconds, not once per request.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use http::HeaderMap;
use parking_lot::Mutex;

use crate::contract::{Caller, User};

/// A certificate is looked at again after this many seconds, so that its end is noticed.
const SECONDS: i64 = 10;
/// Connections that are remembered; beyond it everything is forgotten, which only costs time.
const CONNECTIONS: usize = 4096;

struct Known {
    certificate: Weak<[u8]>,
    user: Arc<User>,
    at: i64,
}

/// Users by connection.
#[derive(Default)]
pub struct Identities(Mutex<HashMap<usize, Known>>);

/// The certificate, where nothing else in the request could say who asks.
fn only_certificate<'a>(caller: &'a Caller, headers: &HeaderMap) -> Option<&'a Arc<[u8]>> {
    let Caller::Connection { client_certificate: Some(certificate), .. } = caller else { return None };
    let plain = !headers.contains_key(http::header::AUTHORIZATION) && !headers.contains_key("impersonate-user");
    plain.then_some(certificate)
}

impl Identities {
    /// The user of a connection, if it was seen a moment ago.
    #[must_use]
    pub fn find(&self, caller: &Caller, headers: &HeaderMap, now: jiff::Timestamp) -> Option<Arc<User>> {
        let certificate = only_certificate(caller, headers)?;
        let known = self.0.lock();
        let known = known.get(&address(certificate))?;
        // The address may have been used again: only the living certificate itself counts.
        let same = known.certificate.upgrade().is_some_and(|c| Arc::ptr_eq(&c, certificate));
        (same && now.as_second() - known.at < SECONDS).then(|| known.user.clone())
    }

    /// Remembers a user.
    pub fn keep(&self, caller: &Caller, headers: &HeaderMap, now: jiff::Timestamp, user: &Arc<User>) {
        let Some(certificate) = only_certificate(caller, headers) else { return };
        let mut known = self.0.lock();
        if known.len() >= CONNECTIONS {
            known.clear();
        }
        let entry = Known { certificate: Arc::downgrade(certificate), user: user.clone(), at: now.as_second() };
        known.insert(address(certificate), entry);
    }
}

fn address(certificate: &Arc<[u8]>) -> usize {
    Arc::as_ptr(certificate).cast::<u8>() as usize
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
        let mut other = HeaderMap::new();
        other.insert(http::header::AUTHORIZATION, "Bearer x".parse().expect("header"));
        assert!(identities.find(&a, &other, at(105)).is_none());
    }
}
