//! Makes certificates from requests, with the cluster's key. The subject and the key go from the request into the certificate
//! as they are; only what the rules of Kubernetes' signers decide is written anew.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use x509_parser::{extensions::ParsedExtension, prelude::FromDer, prelude::X509Certificate};

use crate::certificate::Request;

/// Certificates begin so long before they are made: clocks differ.
const BACKDATE: SignedDuration = SignedDuration::from_mins(5);
/// Those that live shorter get their whole time nevertheless.
const SHORT: SignedDuration = SignedDuration::from_hours(8);

/// What is wrong with an authority, or with what it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// Its certificate.
    #[error("the authority's certificate cannot be read: {0}")]
    Certificate(String),
    /// Its key.
    #[error("the authority's key cannot be used: {0}")]
    Key(String),
    /// It has ended.
    #[error("refusing to sign a certificate that expired in the past: NotAfter={0}")]
    Expired(Timestamp),
    /// Usages that no certificate has.
    #[error("unrecognized usage values: {0:?}")]
    Usages(Vec<String>),
    /// No randomness, or a key that does not sign.
    #[error("failed to sign certificate")]
    Sign,
}

/// A certificate authority with an ECDSA P-256 key.
pub struct Authority {
    key: EcdsaKeyPair,
    subject: Vec<u8>,
    key_id: Option<Vec<u8>>,
    not_after: Timestamp,
    random: SystemRandom,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

impl Authority {
    /// From a certificate (DER) and its key (PKCS#8 DER).
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn new(certificate: &[u8], key: &[u8]) -> Result<Self, AuthorityError> {
        let bad = |e: String| AuthorityError::Certificate(e);
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|e| bad(e.to_string()))?;
        let end = parsed.validity().not_after.timestamp();
        let random = SystemRandom::new();
        Ok(Self {
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key, &random)
                .map_err(|e| AuthorityError::Key(e.to_string()))?,
            subject: parsed.subject().as_raw().to_vec(),
            key_id: parsed.iter_extensions().find_map(|e| match e.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                _ => None,
            }),
            not_after: Timestamp::from_second(end).map_err(|e| bad(e.to_string()))?,
            random,
        })
    }

    /// A certificate (DER) for a request: as long as asked for, but not beyond the authority's own end.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn sign(
        &self,
        request: &Request,
        usages: &[String],
        life: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<u8>, AuthorityError> {
        if now >= self.not_after {
            return Err(AuthorityError::Expired(self.not_after));
        }
        let (begin, end) = validity(life, now, self.not_after);
        let mut serial = [0; 16];
        self.random.fill(&mut serial).map_err(|_| AuthorityError::Sign)?;
        // Positive, and without leading zeros.
        serial[0] = serial[0] & 0x7f | 0x40;
        let algorithm = tlv(SEQUENCE, &tlv(OID, ECDSA_WITH_SHA256));
        let body = [
            tlv(0xa0, &tlv(INTEGER, &[2])),
            tlv(INTEGER, &serial),
            algorithm.clone(),
            self.subject.clone(),
            tlv(SEQUENCE, &[time(begin), time(end)].concat()),
            request.subject.clone(),
            request.public_key.clone(),
            tlv(0xa3, &tlv(SEQUENCE, &self.extensions(request, usages)?)),
        ];
        let body = tlv(SEQUENCE, &body.concat());
        let signature = self.key.sign(&self.random, &body).map_err(|_| AuthorityError::Sign)?;
        let signature = tlv(BIT_STRING, &[&[0], signature.as_ref()].concat());
        Ok(tlv(SEQUENCE, &[body, algorithm, signature].concat()))
    }

    fn extensions(&self, request: &Request, usages: &[String]) -> Result<Vec<u8>, AuthorityError> {
        let (bits, purposes) = usage_values(usages)?;
        let mut all = Vec::new();
        if bits != 0 {
            all.extend(extension(15, true, &key_usage(bits)));
        }
        if !purposes.is_empty() {
            let list: Vec<u8> = purposes.iter().flat_map(|oid| tlv(OID, oid)).collect();
            all.extend(extension(37, false, &tlv(SEQUENCE, &list)));
        }
        all.extend(extension(19, true, &tlv(SEQUENCE, &[])));
        if let Some(id) = &self.key_id {
            all.extend(extension(35, false, &tlv(SEQUENCE, &tlv(0x80, id))));
        }
        let names = alternative_names(request);
        if !names.is_empty() {
            // Without a subject the names are all there is.
            let nameless = request.subject == [SEQUENCE, 0];
            all.extend(extension(17, nameless, &tlv(SEQUENCE, &names)));
        }
        Ok(all)
    }
}

/// Begin and end.
fn validity(life: SignedDuration, now: Timestamp, last: Timestamp) -> (Timestamp, Timestamp) {
    let begin = now.checked_sub(BACKDATE).unwrap_or(now);
    let wanted = if life < SHORT { life } else { life - BACKDATE };
    (begin, now.checked_add(wanted).unwrap_or(last).min(last))
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// Tag, length, content, as DER has it.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let digits = &length[length.iter().take_while(|b| **b == 0).count()..];
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

/// As RFC 5280 wants it: two digits of the year until 2049, then four.
fn time(at: Timestamp) -> Vec<u8> {
    let at = at.to_zoned(TimeZone::UTC);
    if at.year() < 2050 {
        tlv(0x17, at.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())
    } else {
        tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
    }
}

/// An extension of X.509 itself, by the last number of its name.
fn extension(id: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { vec![0x01, 0x01, 0xff] } else { Vec::new() };
    tlv(SEQUENCE, &[tlv(OID, &[0x55, 0x1d, id]), critical, tlv(OCTETS, value)].concat())
}

/// The bits in the order of X.509, the first is the highest; zeros at the end are left out.
fn key_usage(bits: u16) -> Vec<u8> {
    let unused = u8::try_from(bits.trailing_zeros()).unwrap_or(0);
    let bytes = bits.to_be_bytes();
    let content = if bits & 0xff == 0 { vec![unused - 8, bytes[0]] } else { vec![unused, bytes[0], bytes[1]] };
    tlv(BIT_STRING, &content)
}

fn alternative_names(request: &Request) -> Vec<u8> {
    let text = |tag: u8| move |name: &String| tlv(tag, name.as_bytes());
    let octets = |ip: &std::net::IpAddr| match ip {
        std::net::IpAddr::V4(ip) => tlv(0x87, &ip.octets()),
        std::net::IpAddr::V6(ip) => tlv(0x87, &ip.octets()),
    };
    let names = request.dns_names.iter().map(text(0x82)).chain(request.emails.iter().map(text(0x81)));
    names.chain(request.addresses.iter().map(octets)).chain(request.uris.iter().map(text(0x86))).flatten().collect()
}

/// Usages of keys: their bit.
const BITS: [(&str, u16); 10] = [
    ("signing", 15),
    ("digital signature", 15),
    ("content commitment", 14),
    ("key encipherment", 13),
    ("data encipherment", 12),
    ("key agreement", 11),
    ("cert sign", 10),
    ("crl sign", 9),
    ("encipher only", 8),
    ("decipher only", 7),
];

/// Purposes of certificates, by their object identifiers.
const PURPOSES: [(&str, &[u8]); 13] = [
    ("any", &[0x55, 0x1d, 0x25, 0x00]),
    ("server auth", &[0x2b, 6, 1, 5, 5, 7, 3, 1]),
    ("client auth", &[0x2b, 6, 1, 5, 5, 7, 3, 2]),
    ("code signing", &[0x2b, 6, 1, 5, 5, 7, 3, 3]),
    ("email protection", &[0x2b, 6, 1, 5, 5, 7, 3, 4]),
    ("s/mime", &[0x2b, 6, 1, 5, 5, 7, 3, 4]),
    ("ipsec end system", &[0x2b, 6, 1, 5, 5, 7, 3, 5]),
    ("ipsec tunnel", &[0x2b, 6, 1, 5, 5, 7, 3, 6]),
    ("ipsec user", &[0x2b, 6, 1, 5, 5, 7, 3, 7]),
    ("timestamping", &[0x2b, 6, 1, 5, 5, 7, 3, 8]),
    ("ocsp signing", &[0x2b, 6, 1, 5, 5, 7, 3, 9]),
    ("microsoft sgc", &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3]),
    ("netscape sgc", &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1]),
];

fn usage_values(usages: &[String]) -> Result<(u16, Vec<&'static [u8]>), AuthorityError> {
    let (mut bits, mut purposes, mut strange) = (0u16, Vec::new(), Vec::new());
    for usage in usages {
        let bit = BITS.iter().find(|(name, _)| name == usage);
        let purpose = PURPOSES.iter().find(|(name, _)| name == usage);
        match (bit, purpose) {
            (Some((_, bit)), _) => bits |= 1 << bit,
            (None, Some((_, oid))) if !purposes.contains(oid) => purposes.push(*oid),
            (None, Some(_)) => {}
            (None, None) => strange.push(usage.clone()),
        }
    }
    if strange.is_empty() { Ok((bits, purposes)) } else { Err(AuthorityError::Usages(strange)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_bits_are_der() {
        assert_eq!(tlv(4, &[1]), [4, 1, 1]);
        assert_eq!(tlv(4, &[0; 200])[..4], [4, 0x81, 200, 0]);
        assert_eq!(tlv(4, &[0; 300])[..5], [4, 0x82, 1, 44, 0]);
        let bits = |usages: &[&str]| {
            let usages: Vec<String> = usages.iter().map(|u| (*u).to_owned()).collect();
            key_usage(usage_values(&usages).expect("known usages").0)
        };
        assert_eq!(bits(&["digital signature", "key encipherment"]), [3, 2, 5, 0xa0]);
        assert_eq!(bits(&["digital signature"]), [3, 2, 7, 0x80]);
        assert_eq!(bits(&["decipher only"]), [3, 3, 7, 0, 0x80]);
        assert_eq!(usage_values(&["x".into()]), Err(AuthorityError::Usages(vec!["x".into()])));
    }

    #[test]
    fn times() {
        let at = |second: i64| Timestamp::from_second(second).expect("a time");
        assert_eq!(time(at(1_800_000_000)), [&[0x17, 13], &b"270115080000Z"[..]].concat());
        assert_eq!(time(at(2_600_000_000)), [&[0x18, 15], &b"20520522141320Z"[..]].concat());
        let (now, last) = (at(1_800_000_000), at(1_900_000_000));
        let span = |life| {
            let (begin, end) = validity(SignedDuration::from_secs(life), now, last);
            (now.as_second() - begin.as_second(), end.as_second() - now.as_second())
        };
        assert_eq!((span(3600), span(86_400), span(1 << 40)), ((300, 3600), (300, 86_100), (300, 100_000_000)));
    }
}
