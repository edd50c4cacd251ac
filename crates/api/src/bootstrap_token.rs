//! Bootstrap tokens: what a machine shows that is to become a node. They are Secrets in `kube-system`, as Kubernetes'
//! documentation describes them.

use jiff::Timestamp;

/// Namespace of the Secrets.
pub const NAMESPACE: &str = "kube-system";
/// Type of the Secrets.
pub const TYPE: &str = "bootstrap.kubernetes.io/token";
/// How the names of the Secrets begin; the token's id follows.
pub const PREFIX: &str = "bootstrap-token-";
/// Group of everybody who shows such a token.
pub const GROUP: &str = "system:bootstrappers";
/// Users are called so, followed by the token's id.
pub const USER_PREFIX: &str = "system:bootstrap:";

/// Length of a token's id and of its secret.
const LENGTHS: (usize, usize) = (6, 16);
const LONGEST_GROUP: usize = 256;

fn plain(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Id and secret of a token, `abcdef.0123456789abcdef`; `None`: it is none.
#[must_use]
pub fn parse(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.split_once('.')?;
    (plain(id, LENGTHS.0) && plain(secret, LENGTHS.1)).then_some((id, secret))
}

/// The id in the name of a Secret.
#[must_use]
pub fn id_of(secret_name: &str) -> Option<&str> {
    secret_name.strip_prefix(PREFIX).filter(|id| plain(id, LENGTHS.0))
}

/// When a token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    Never,
    /// Then.
    At(Timestamp),
    /// It says something that is no time: it has ended.
    Unreadable,
}

impl Expiry {
    /// Whether it has ended.
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        match self {
            Self::Never => false,
            Self::At(at) => at <= now,
            Self::Unreadable => true,
        }
    }
}

/// What the Secret of a token holds.
#[derive(Clone, PartialEq, Eq)]
pub struct BootstrapToken {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: String,
    /// Its end.
    pub expiry: Expiry,
    /// It proves who somebody is.
    pub authentication: bool,
    /// It signs the config map `cluster-info`.
    pub signing: bool,
    /// Further groups, separated by commas.
    pub extra_groups: String,
    /// For people.
    pub description: String,
}

impl std::fmt::Debug for BootstrapToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BootstrapToken").field("id", &self.id).field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

impl BootstrapToken {
    /// From the data of a Secret, decoded; what is missing is empty.
    #[must_use]
    pub fn from_data(get: impl Fn(&str) -> Option<String>) -> Self {
        let text = |key: &str| get(key).unwrap_or_default();
        let expiration = text("expiration");
        Self {
            id: text("token-id"),
            secret: text("token-secret"),
            expiry: match apimachinery::time::parse(&expiration) {
                _ if expiration.is_empty() => Expiry::Never,
                Some(at) => Expiry::At(at),
                None => Expiry::Unreadable,
            },
            authentication: text("usage-bootstrap-authentication") == "true",
            signing: text("usage-bootstrap-signing") == "true",
            extra_groups: text("auth-extra-groups"),
            description: text("description"),
        }
    }

    /// All groups of who shows it, sorted; `None` where one of the further groups is not below `system:bootstrappers:`.
    #[must_use]
    pub fn groups(&self) -> Option<Vec<String>> {
        let mut groups = vec![GROUP.to_owned()];
        for group in self.extra_groups.split(',').filter(|_| !self.extra_groups.is_empty()) {
            let rest = group.strip_prefix("system:bootstrappers:")?;
            let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b':' || b == b'-';
            let ends = rest.bytes().last().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            if !ends || rest.len() > LONGEST_GROUP || !rest.bytes().all(good) {
                return None;
            }
            groups.push(group.to_owned());
        }
        groups.sort();
        groups.dedup();
        Some(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_names() {
        assert_eq!(parse("abcdef.0123456789abcdef"), Some(("abcdef", "0123456789abcdef")));
        for bad in
            ["", "abcdef", "abcde.0123456789abcdef", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcde", "a.b.c"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(
            (id_of("bootstrap-token-abcdef"), id_of("bootstrap-token-abc"), id_of("x")),
            (Some("abcdef"), None, None)
        );
    }

    #[test]
    fn ends_and_groups() {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        let token = |key: &'static str, value: &'static str| {
            BootstrapToken::from_data(move |k| (k == key).then(|| value.to_owned()))
        };
        for (text, over) in
            [("", false), ("2020-01-01T00:00:00Z", true), ("2100-01-01T00:00:00Z", false), ("soon", true)]
        {
            assert_eq!(token("expiration", text).expiry.is_over(now), over, "{text}");
        }
        for (text, groups) in [
            ("", Some(1)),
            ("system:bootstrappers:b,system:bootstrappers:a:c", Some(3)),
            ("system:masters", None),
            ("system:bootstrappers:A", None),
            ("system:bootstrappers:a-", None),
        ] {
            assert_eq!(token("auth-extra-groups", text).groups().map(|g| g.len()), groups, "{text}");
        }
    }
}
