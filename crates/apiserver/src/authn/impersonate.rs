//! `Impersonate-*` headers: going on as somebody else, where the caller may.

use apimachinery::status::Status;
use http::HeaderMap;

use super::{ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, bearer};
use crate::{
    authz,
    contract::{Authorizer, Decision, RequestInfo, User},
};

const EXTRA_PREFIX: &str = "impersonate-extra-";

fn values<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect()
}

/// `%2F` and the like in the name of a header.
fn unescape(key: &str) -> String {
    let mut out = Vec::new();
    let bytes = key.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| key.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| key.to_owned())
}

/// The user to go on as; `None` where the request does not ask for it.
///
/// # Errors
/// The caller may not, or the headers make no sense.
pub fn impersonate(authorizer: &dyn Authorizer, user: &User, headers: &HeaderMap) -> Result<Option<User>, Status> {
    let name = values(headers, "impersonate-user").first().copied().unwrap_or_default();
    let groups = values(headers, "impersonate-group");
    let uid = values(headers, "impersonate-uid").first().copied().unwrap_or_default();
    let mut extras: Vec<(String, String)> = Vec::new();
    for header in headers.keys().filter(|k| k.as_str().starts_with(EXTRA_PREFIX)) {
        let key = unescape(&header.as_str()[EXTRA_PREFIX.len()..]);
        extras.extend(values(headers, header.as_str()).into_iter().map(|v| (key.clone(), v.to_owned())));
    }
    if name.is_empty() {
        if groups.is_empty() && extras.is_empty() && uid.is_empty() {
            return Ok(None);
        }
        return Err(Status::bad_request("requested groups, extra or uid without impersonating a user"));
    }
    let ask = |group: &str, resource: &str, subresource: &str, namespace: &str, name: &str| {
        let request = RequestInfo {
            verb: "impersonate",
            is_resource: true,
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..RequestInfo::default()
        };
        match authorizer.authorize(user, &request) {
            Decision::Allow => Ok(()),
            Decision::NoOpinion(reason) | Decision::Deny(reason) => Err(authz::forbidden(user, &request, &reason)),
        }
    };
    let mut other = User { name: name.to_owned(), uid: uid.to_owned(), ..User::default() };
    if let Some((namespace, account)) = bearer::split_service_account(name) {
        ask("", "serviceaccounts", "", namespace, account)?;
        if groups.is_empty() {
            other.groups = bearer::service_account(namespace, account, "").groups;
        }
    } else {
        ask("", "users", "", "", name)?;
    }
    for group in groups {
        ask("", "groups", "", "", group)?;
        other.groups.push(group.to_owned());
    }
    for (key, value) in extras {
        ask("authentication.k8s.io", "userextras", &key, "", &value)?;
        other.extra.entry(key).or_default().push(value);
    }
    if !uid.is_empty() {
        ask("authentication.k8s.io", "uids", "", "", uid)?;
    }
    let has = |g: &str| other.groups.iter().any(|x| x == g);
    if other.name == ANONYMOUS {
        if !has(UNAUTHENTICATED) {
            other.groups.push(UNAUTHENTICATED.to_owned());
        }
    } else if !has(AUTHENTICATED) && !has(UNAUTHENTICATED) {
        other.groups.push(AUTHENTICATED.to_owned());
    }
    Ok(Some(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Only(&'static [&'static str]);
    impl Authorizer for Only {
        fn authorize(&self, _user: &User, request: &RequestInfo) -> Decision {
            if self.0.contains(&request.resource.as_str()) {
                Decision::Allow
            } else {
                Decision::NoOpinion(String::new())
            }
        }
    }

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in list {
            map.append(*name, value.parse().expect("a header"));
        }
        map
    }

    #[test]
    fn who_one_becomes() {
        let all = Only(&["users", "groups", "serviceaccounts", "userextras", "uids"]);
        let me = User { name: "me".into(), ..User::default() };
        let become_one = |list: &[(&'static str, &str)]| impersonate(&all, &me, &headers(list)).expect("allowed");
        assert_eq!(become_one(&[]), None);
        assert_eq!(become_one(&[("impersonate-user", "jane")]).expect("jane").groups, ["system:authenticated"]);
        assert_eq!(
            become_one(&[("impersonate-user", "system:serviceaccount:n:a")]).expect("account").groups,
            ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"]
        );
        assert_eq!(
            become_one(&[
                ("impersonate-user", "jane"),
                ("impersonate-group", "devs"),
                ("impersonate-extra-a%2fb", "c")
            ])
            .expect("jane")
            .extra["a/b"],
            ["c"]
        );
        assert!(impersonate(&all, &me, &headers(&[("impersonate-group", "devs")])).is_err());
        let refused = impersonate(
            &Only(&["users"]),
            &me,
            &headers(&[("impersonate-user", "jane"), ("impersonate-group", "devs")]),
        )
        .expect_err("refused");
        assert_eq!(
            refused.message,
            "groups \"devs\" is forbidden: User \"me\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope"
        );
    }
}
