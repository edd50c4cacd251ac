//! Registry authentication: the challenge, and the token that answers it.

/// What a registry wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Challenge {
    /// User and password with every request.
    Basic,
    /// A token from `realm`.
    Bearer {
        /// URL of the token server.
        realm: String,
        /// `service` parameter.
        service: String,
        /// `scope` parameter.
        scope: String,
    },
}

impl Challenge {
    /// Parses a `WWW-Authenticate` header.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let value = |name: &str| parameters(rest).into_iter().find(|(n, _)| n == name).map(|(_, v)| v);
        Some(Self::Bearer {
            realm: value("realm")?,
            service: value("service").unwrap_or_default(),
            scope: value("scope").unwrap_or_default(),
        })
    }
}

/// `a="b c",d=e` → pairs.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, tail) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').map_or((after, ""), |(v, _)| (v, &after[v.len()..])),
        };
        found.push((name.trim_start_matches([',', ' ']).trim().to_lowercase(), value.to_owned()));
        rest = tail;
    }
    found
}

/// The token in a token server's answer.
#[must_use]
pub fn token(body: &[u8]) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    ["token", "access_token"].iter().find_map(|k| answer.get(k)?.as_str().map(str::to_owned))
}

/// The value of an `Authorization: Basic` header.
#[must_use]
pub fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

/// Percent-encodes a query value.
#[must_use]
pub fn encode(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut s, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            s.push(b as char);
        } else {
            let _ = write!(s, "%{b:02X}");
        }
        s
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        for (header, want) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push""#,
                Some(Challenge::Bearer {
                    realm: "https://auth.docker.io/token".into(),
                    service: "registry.docker.io".into(),
                    scope: "repository:library/nginx:pull,push".into(),
                }),
            ),
            (
                r#"bearer realm=https://x/t, service=a"#,
                Some(Challenge::Bearer { realm: "https://x/t".into(), service: "a".into(), scope: String::new() }),
            ),
            (r#"Basic realm="r""#, Some(Challenge::Basic)),
            ("Negotiate", None),
            ("Bearer service=\"x\"", None),
        ] {
            assert_eq!(Challenge::parse(header), want, "{header}");
        }
        assert_eq!(token(br#"{"access_token":"t"}"#).as_deref(), Some("t"));
        assert_eq!(encode("a b/c:d"), "a%20b%2Fc%3Ad");
    }
}
