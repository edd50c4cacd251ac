//! What names, labels and their like may look like. Each check gives the list of what is wrong, in the words that
//! Kubernetes' clients know.

/// The longest DNS label.
pub const LABEL_MAX: usize = 63;
/// The longest DNS name.
pub const SUBDOMAIN_MAX: usize = 253;

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_TEXT: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const SUBDOMAIN_TEXT: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const UNDERSCORED: &str = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
const UNDERSCORED_TEXT: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
const LABEL_1035: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const LABEL_1035_TEXT: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const WILDCARD_TEXT: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
const KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const KEY_TEXT: &str =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const VALUE_TEXT: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const C_IDENTIFIER: &str = "[A-Za-z_][A-Za-z0-9_]*";
const C_IDENTIFIER_TEXT: &str = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
const CONFIG_KEY_TEXT: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const ENV_TEXT: &str = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
const RELAXED_ENV_TEXT: &str =
    "a valid environment variable name must consist only of printable ASCII characters other than '='";

/// "must be no more than N characters".
#[must_use]
pub fn max_length(max: usize) -> String {
    format!("must be no more than {max} characters")
}

/// Newer checks count in bytes.
fn max_bytes(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

/// "must be between A and B, inclusive".
#[must_use]
pub fn range(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

/// A message that ends with examples and the expression.
#[must_use]
pub fn regex(text: &str, expression: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{text} (regex used for validation is '{expression}')");
    }
    let examples: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    format!("{text} (e.g. {}regex used for validation is '{expression}')", examples.join(" or "))
}

fn lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn is_label(s: &str) -> bool {
    let b = s.as_bytes();
    !b.is_empty() && lower(b[0]) && lower(b[b.len() - 1]) && b.iter().all(|&c| lower(c) || c == b'-')
}

fn is_subdomain(s: &str) -> bool {
    s.split('.').all(is_label)
}

fn is_underscored_label(s: &str) -> bool {
    let b = s.strip_prefix('_').unwrap_or(s).as_bytes();
    !b.is_empty() && lower(b[0]) && lower(b[b.len() - 1]) && b.iter().all(|&c| lower(c) || c == b'-' || c == b'_')
}

fn is_key(s: &str) -> bool {
    let b = s.as_bytes();
    !b.is_empty()
        && b[0].is_ascii_alphanumeric()
        && b[b.len() - 1].is_ascii_alphanumeric()
        && b.iter().all(|&c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
}

/// A DNS label (RFC 1123).
#[must_use]
pub fn dns1123_label(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(max_length(LABEL_MAX));
    }
    if !is_label(value) {
        if is_subdomain(value) {
            errors.push("must not contain dots".to_owned());
        } else {
            errors.push(regex(LABEL_TEXT, LABEL, &["my-name", "123-abc"]));
        }
    }
    errors
}

/// A DNS name (RFC 1123).
#[must_use]
pub fn dns1123_subdomain(value: &str) -> Vec<String> {
    subdomain(value, max_length)
}

fn subdomain(value: &str, too_long: fn(usize) -> String) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(too_long(SUBDOMAIN_MAX));
    }
    if !is_subdomain(value) {
        errors.push(regex(SUBDOMAIN_TEXT, SUBDOMAIN, &["example.com"]));
    }
    errors
}

/// A DNS name whose labels may have underscores.
#[must_use]
pub fn dns1123_subdomain_with_underscore(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_length(SUBDOMAIN_MAX));
    }
    if !value.split('.').all(is_underscored_label) {
        errors.push(regex(UNDERSCORED_TEXT, UNDERSCORED, &["example.com"]));
    }
    errors
}

/// A DNS label (RFC 1035): starts with a letter.
#[must_use]
pub fn dns1035_label(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(max_length(LABEL_MAX));
    }
    if !(is_label(value) && value.as_bytes()[0].is_ascii_lowercase()) {
        errors.push(regex(LABEL_1035_TEXT, LABEL_1035, &["my-name", "abc-123"]));
    }
    errors
}

/// `*.example.com`.
#[must_use]
pub fn wildcard_dns1123_subdomain(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_length(SUBDOMAIN_MAX));
    }
    if !value.strip_prefix("*.").is_some_and(is_subdomain) {
        errors.push(regex(WILDCARD_TEXT, &format!("\\*\\.{SUBDOMAIN}"), &["*.example.com"]));
    }
    errors
}

/// A label's key: a name, with or without a DNS prefix and a slash.
#[must_use]
pub fn qualified_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let examples = ["MyName", "my.name", "123-abc"];
    let (prefix, name) = match value.split_once('/') {
        None => (None, value),
        Some((_, name)) if name.contains('/') => {
            let text = regex(KEY_TEXT, KEY, &examples);
            return vec![format!(
                "a valid label key {text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some((prefix, name)) => (Some(prefix), name),
    };
    match prefix {
        Some("") => errors.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            errors.extend(subdomain(prefix, max_bytes).into_iter().map(|e| format!("prefix part {e}")));
        }
        None => {}
    }
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        errors.push(format!("name part {}", max_bytes(LABEL_MAX)));
    }
    if !is_key(name) {
        errors.push(format!("name part {}", regex(KEY_TEXT, KEY, &examples)));
    }
    errors
}

/// A label's value.
#[must_use]
pub fn label_value(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(max_bytes(LABEL_MAX));
    }
    if !value.is_empty() && !is_key(value) {
        errors.push(regex(VALUE_TEXT, VALUE, &["MyValue", "my_value", "12345"]));
    }
    errors
}

/// Fits into a path of the API. Empty and long names are not looked at.
#[must_use]
pub fn path_segment(value: &str) -> Vec<String> {
    if value == "." || value == ".." {
        return vec![format!("may not be '{value}'")];
    }
    ["/", "%"].into_iter().filter(|c| value.contains(c)).map(|c| format!("may not contain '{c}'")).collect()
}

/// A key of a config map or secret.
#[must_use]
pub fn config_map_key(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_length(SUBDOMAIN_MAX));
    }
    let sound = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if value.is_empty() || !value.bytes().all(sound) {
        errors.push(regex(CONFIG_KEY_TEXT, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    errors.extend(upward(value));
    errors
}

/// An environment variable's name.
#[must_use]
pub fn env_var_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let sound = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if value.is_empty() || value.as_bytes()[0].is_ascii_digit() || !value.bytes().all(sound) {
        errors.push(regex(ENV_TEXT, "[-._a-zA-Z][-._a-zA-Z0-9]*", &["my.env-name", "MY_ENV.NAME", "MyEnvName1"]));
    }
    errors.extend(upward(value));
    errors
}

/// An environment variable's name, as relaxed since 1.30.
#[must_use]
pub fn relaxed_env_var_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.is_empty() {
        errors.push("environment variable name must be non-empty".to_owned());
    }
    if !value.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=') {
        errors.push(RELAXED_ENV_TEXT.to_owned());
    }
    errors
}

fn upward(value: &str) -> Option<String> {
    match value {
        "." | ".." => Some(format!("must not be '{value}'")),
        v if v.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

/// An identifier of the C language.
#[must_use]
pub fn c_identifier(value: &str) -> Vec<String> {
    let b = value.as_bytes();
    let word = |c: &u8| c.is_ascii_alphanumeric() || *c == b'_';
    if b.is_empty() || b[0].is_ascii_digit() || !b.iter().all(word) {
        return vec![regex(C_IDENTIFIER_TEXT, C_IDENTIFIER, &["my_name", "MY_NAME", "MyName"])];
    }
    Vec::new()
}

/// A port's number.
#[must_use]
pub fn port_number(value: i64) -> Vec<String> {
    in_range(value, 1, 65535)
}

/// A number from `low` to `high`.
#[must_use]
pub fn in_range(value: i64, low: i64, high: i64) -> Vec<String> {
    if (low..=high).contains(&value) { Vec::new() } else { vec![range(low, high)] }
}

/// A port's name (IANA service name).
#[must_use]
pub fn port_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let mut wrong = |is: bool, text: String| {
        if is {
            errors.push(text);
        }
    };
    wrong(value.len() > 15, max_length(15));
    wrong(
        value.is_empty() || !value.bytes().all(|b| lower(b) || b == b'-'),
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
    );
    wrong(!value.bytes().any(|b| b.is_ascii_lowercase()), "must contain at least one letter (a-z)".to_owned());
    wrong(value.contains("--"), "must not contain consecutive hyphens".to_owned());
    wrong(value.starts_with('-') || value.ends_with('-'), "must not begin or end with a hyphen".to_owned());
    errors
}

/// `25%`.
#[must_use]
pub fn percent(value: &str) -> Vec<String> {
    match value.strip_suffix('%') {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => Vec::new(),
        _ => vec![regex(
            "a valid percent string must be a numeric string followed by an ending '%'",
            "[0-9]+%",
            &["1%", "93%"],
        )],
    }
}

/// The name of an HTTP header.
#[must_use]
pub fn http_header_name(value: &str) -> Vec<String> {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Vec::new();
    }
    vec![regex(
        "a valid HTTP header must consist of alphanumeric characters or '-'",
        "[-A-Za-z0-9]+",
        &["X-Header-Name"],
    )]
}

/// `generateName`: the check sees the prefix as if something followed its last dash.
#[must_use]
pub fn mask_trailing_dash(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        // One character more goes: this is how Kubernetes does it, and a one-letter difference can be seen in messages.
        Some(rest) if !rest.is_empty() => {
            let mut masked = rest.to_owned();
            masked.pop();
            masked.push('a');
            masked
        }
        _ => prefix.to_owned(),
    }
}

/// The part of a generated name that fits, with a random suffix of five characters.
#[must_use]
pub fn generate(prefix: &str, mut random: impl FnMut(u32) -> u32) -> String {
    // No vowels and no look-alikes, so that no words come out.
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    const SUFFIX: usize = 5;
    let mut end = prefix.len().min(LABEL_MAX - SUFFIX);
    while !prefix.is_char_boundary(end) {
        end -= 1;
    }
    let mut name = prefix[..end].to_owned();
    for _ in 0..SUFFIX {
        let index = random(LETTERS.len() as u32) as usize % LETTERS.len();
        name.push(LETTERS[index] as char);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str) -> Vec<String>;

    #[test]
    fn accepts_and_refuses() {
        let long = "a".repeat(64);
        let cases: &[(&str, Check, &[&str], &[&str])] = &[
            ("label", dns1123_label, &["a", "ab-1", "1"], &["", "A", "a.b", "-a", "a-", "a_b", &long, "a b"]),
            ("subdomain", dns1123_subdomain, &["a", "a.b", "1.2-3"], &["", "a..b", ".a", "a.", "A.b", "a_b"]),
            ("1035", dns1035_label, &["a", "a1-b"], &["", "1a", "a-", "A"]),
            ("key", qualified_name, &["a", "A.b_c-1", "x.y/Z"], &["", "/a", "a/", "a/b/c", "-a", "X/y", &long]),
            ("value", label_value, &["", "a", "A.b_1"], &["-a", "a-", "a b", &long]),
            ("wildcard", wildcard_dns1123_subdomain, &["*.a", "*.a.b"], &["*", "*.", "a.b", "*.*.a"]),
            ("segment", path_segment, &["a", "", "a:b"], &[".", "..", "a/b", "a%b"]),
            ("config", config_map_key, &["a", ".a", "a.b", "..."], &["", ".", "..", "..a", "a b"]),
            ("env", env_var_name, &["a", "A.b-c", "_"], &["", "1a", "a b", ".."]),
            ("relaxed", relaxed_env_var_name, &["a b", "1", "@"], &["", "a=b", "ä", "\t"]),
            ("port", port_name, &["http", "a-1"], &["", "1", "-a", "a-", "a--b", "abcdefghijklmnop", "A"]),
            ("percent", percent, &["1%", "100%"], &["%", "1", "a%"]),
            ("identifier", c_identifier, &["a", "_1"], &["", "1a", "a-b"]),
            ("header", http_header_name, &["X-A"], &["", "X A"]),
        ];
        for (name, check, good, bad) in cases {
            for value in *good {
                let config_upward = *name == "config" && *value == "...";
                assert_eq!(check(value).is_empty(), !config_upward, "{name} {value:?}");
            }
            for value in *bad {
                assert!(!check(value).is_empty(), "{name} {value:?}");
            }
        }
    }

    #[test]
    fn words() {
        assert_eq!(
            dns1123_subdomain("A"),
            [
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            ]
        );
        assert_eq!(
            label_value("-"),
            [
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            ]
        );
        assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
    }

    #[test]
    fn generated_names_fit() {
        assert_eq!(generate("web-", |_| 0), "web-bbbbb");
        assert_eq!(generate(&"x".repeat(80), |n| n - 1).len(), 63);
        assert_eq!(mask_trailing_dash("ab-"), "aa");
        assert_eq!(mask_trailing_dash("-"), "-");
    }
}
