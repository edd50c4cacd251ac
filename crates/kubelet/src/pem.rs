//! PEM as certificate files have it: blocks with anything between them.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Characters of a line, as everybody writes it.
const LINE: usize = 64;

/// The contents of all blocks, in order. What is between blocks, headers inside of them, and blocks that are none are
/// left out.
pub(crate) fn decode(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    let mut next = lines.next();
    while let Some(line) = next {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) else {
            next = lines.next();
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut body = String::new();
        next = lines.next();
        while let Some(line) = next.filter(|line| !line.starts_with("-----")) {
            // A header: base64 has no colon.
            if !line.contains(':') {
                body.push_str(line.trim());
            }
            next = lines.next();
        }
        if next == Some(end.as_str()) {
            found.extend(STANDARD.decode(&body));
            next = lines.next();
        }
    }
    found
}

/// One block.
pub(crate) fn encode(label: &str, data: &[u8]) -> String {
    let body = STANDARD.encode(data);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        let _ = writeln!(out, "{line}");
        rest = more;
    }
    let _ = writeln!(out, "-----END {label}-----");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_and_the_rest_is_left_out() {
        let long: Vec<u8> = (0..100).collect();
        let (one, two) = (encode("CERTIFICATE", &long), encode("CERTIFICATE", b"b"));
        assert!(one.lines().all(|line| line.len() <= LINE));
        let headed = "-----BEGIN CERTIFICATE-----\nA: b\n\nYw==\n-----END CERTIFICATE-----\n";
        for (text, expected) in [
            (String::new(), vec![]),
            (format!("{one}{two}"), vec![long.clone(), b"b".to_vec()]),
            (format!("said by somebody\n{two}\nand more\r\n{one}end"), vec![b"b".to_vec(), long.clone()]),
            (headed.to_owned(), vec![b"c".to_vec()]),
            (two.replace('\n', "\r\n"), vec![b"b".to_vec()]),
            // Never closed, or closed as something else: the next block counts.
            (format!("-----BEGIN CERTIFICATE-----\nYQ==\n{two}"), vec![b"b".to_vec()]),
            (format!("-----BEGIN CERTIFICATE-----\nYQ==\n-----END KEY-----\n{two}"), vec![b"b".to_vec()]),
            ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n".to_owned(), vec![]),
        ] {
            assert_eq!(decode(&text), expected, "{text}");
        }
    }
}
