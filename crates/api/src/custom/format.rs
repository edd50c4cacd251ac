//! Formats of strings and numbers that are checked; all others are ignored, as upstream does it.

use apimachinery::{names, time};
use base64::Engine as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Formats of strings, without their dashes.
const STRINGS: [&str; 26] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "datetime",
    "k8sshortname",
    "k8slongname",
];

/// Is the format one that values of this type are held against?
pub(crate) fn is_checked(kind: &str, format: &str) -> bool {
    match kind {
        "" | "string" => STRINGS.contains(&format.replace('-', "").as_str()),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    }
}

fn hex(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn uuid(text: &str, version: Option<u8>) -> bool {
    let bytes = text.as_bytes();
    let bare: String = match bytes.len() {
        32 => text.to_owned(),
        36 if [8, 13, 18, 23].iter().all(|i| bytes[*i] == b'-') => text.replace('-', ""),
        _ => return false,
    };
    let variant =
        matches!(version, None | Some(b'3')) || bare.as_bytes().get(16).is_some_and(|b| b"89abAB".contains(b));
    hex(&bare, &[32]) && variant && version.is_none_or(|v| bare.as_bytes()[12] == v)
}

fn cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let max = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|l| l <= max)
}

fn mac(text: &str) -> bool {
    let separator = if text.contains('-') { '-' } else { ':' };
    let parts: Vec<&str> = text.split(separator).collect();
    matches!(parts.len(), 6 | 8 | 20) && parts.iter().all(|p| hex(p, &[2]))
}

fn isbn(text: &str, lengths: &[usize]) -> bool {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| if c == 'X' || c == 'x' { 10 } else { c.to_digit(10).unwrap_or(99) })
        .collect();
    if !lengths.contains(&digits.len()) || digits.contains(&99) {
        return false;
    }
    let weigh = |weight: &dyn Fn(usize) -> u32| digits.iter().enumerate().map(|(i, d)| d * weight(i)).sum::<u32>();
    if digits.len() == 10 {
        weigh(&|i| 10 - i as u32).is_multiple_of(11)
    } else {
        weigh(&|i| if i % 2 == 0 { 1 } else { 3 }).is_multiple_of(10)
    }
}

fn uri(text: &str) -> bool {
    let scheme = text.split_once(':').is_some_and(|(s, _)| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    (scheme || text.starts_with('/')) && !text.contains(|c: char| c.is_ascii_control() || c == ' ')
}

fn email(text: &str) -> bool {
    let address = text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(text);
    let word = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>,;@".contains(c));
    address.rsplit_once('@').is_some_and(|(user, host)| word(user) && word(host) && !user.ends_with('.'))
}

fn date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn rgb(text: &str) -> bool {
    let inside = text.strip_prefix("rgb(").and_then(|t| t.strip_suffix(')'));
    inside.is_some_and(|t| {
        t.split(',').count() == 3 && t.split(',').all(|n| n.trim().parse::<u16>().is_ok_and(|n| n <= 255))
    })
}

fn credit_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let luhn: u32 =
        digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { *d } else { d * 2 / 10 + d * 2 % 10 }).sum();
    (13..=16).contains(&digits.len()) && luhn.is_multiple_of(10)
}

fn duration(text: &str) -> bool {
    let scala = |t: &str| {
        let end = t.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(0);
        end > 0
            && matches!(
                t[end..].trim().trim_end_matches('s'),
                "n" | "nano"
                    | "nanosecond"
                    | "u"
                    | "micro"
                    | "microsecond"
                    | "m"
                    | "milli"
                    | "millisecond"
                    | ""
                    | "sec"
                    | "second"
                    | "min"
                    | "minute"
                    | "h"
                    | "hr"
                    | "hour"
                    | "d"
                    | "day"
                    | "w"
                    | "week"
            )
    };
    apimachinery::duration::parse(text).is_ok() || scala(text)
}

/// Does a text have the format?
pub(super) fn holds(format: &str, text: &str) -> bool {
    match format.replace('-', "").as_str() {
        "bsonobjectid" => hex(text, &[24]),
        "uri" => uri(text),
        "email" => email(text),
        "hostname" => text.len() <= 255 && names::dns1123_subdomain(&text.to_lowercase()).is_empty(),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => cidr(text),
        "mac" => mac(text),
        "uuid" => uuid(text, None),
        "uuid3" => uuid(text, Some(b'3')),
        "uuid4" => uuid(text, Some(b'4')),
        "uuid5" => uuid(text, Some(b'5')),
        "isbn" => isbn(text, &[10, 13]),
        "isbn10" => isbn(text, &[10]),
        "isbn13" => isbn(text, &[13]),
        "creditcard" => credit_card(text),
        "ssn" => {
            let digits = text.replace(['-', ' '], "");
            digits.len() == 9 && digits.bytes().all(|b| b.is_ascii_digit())
        }
        "hexcolor" => hex(text.strip_prefix('#').unwrap_or(text), &[3, 6]),
        "rgbcolor" => rgb(text),
        "byte" => base64::engine::general_purpose::STANDARD.decode(text).is_ok(),
        "date" => date(text),
        "duration" => duration(text),
        "datetime" => text.is_empty() || time::parse(text).is_some(),
        "k8sshortname" => names::dns1123_label(text).is_empty(),
        "k8slongname" => names::dns1123_subdomain(text).is_empty(),
        _ => true,
    }
}
