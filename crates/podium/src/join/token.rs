//! The token that `podium token create` prints: a bootstrap token, and the hash of the cluster's authority behind it, so that
//! whoever uses it knows the right server.

use std::fmt;

use anyhow::{Context, bail};

/// SHA-256 of the public key of an authority.
pub type Pin = [u8; 32];

const PIN_MARK: &str = "@sha256:";

/// A token, with the pin if it has one.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// The public half.
    pub id: String,
    secret: String,
    /// The authority to trust.
    pub pin: Option<Pin>,
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinToken").field("id", &self.id).finish_non_exhaustive()
    }
}

impl JoinToken {
    /// A new one; `random` must be fit for secrets.
    pub fn generate(random: &dyn Fn(&mut [u8]), pin: Option<Pin>) -> Self {
        Self { id: text(random, 6), secret: text(random, 16), pin }
    }

    /// Reads what `podium token create` printed, or a plain bootstrap token.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let text = text.trim();
        let (token, pin) = match text.split_once(PIN_MARK) {
            Some((token, hex)) => (token, Some(parse_pin(hex)?)),
            None => (text, None),
        };
        let Some((id, secret)) = api::bootstrap_token::parse(token) else {
            bail!(
                "the token is none: it looks like abcdef.0123456789abcdef@sha256:…, as `podium token create` prints it"
            );
        };
        Ok(Self { id: id.to_owned(), secret: secret.to_owned(), pin })
    }

    /// What is shown to the API.
    pub fn bearer(&self) -> String {
        format!("{}.{}", self.id, self.secret)
    }

    /// The secret half.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The whole text, pin included.
    pub fn whole(&self) -> String {
        match &self.pin {
            Some(pin) => format!("{}{PIN_MARK}{}", self.bearer(), hex(pin)),
            None => self.bearer(),
        }
    }
}

/// Hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn parse_pin(digits: &str) -> anyhow::Result<Pin> {
    let good = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    anyhow::ensure!(good, "the token's end is cut off: behind @sha256: come 64 hexadecimal digits");
    let mut pin = [0; 32];
    for (byte, at) in pin.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).context("the token's hash")?;
    }
    Ok(pin)
}

/// Letters and digits, all equally likely.
fn text(random: &dyn Fn(&mut [u8]), length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    // The largest multiple of the alphabet below 256: above it the first letters would come more often.
    const FAIR: u8 = 252;
    let mut out = String::with_capacity(length);
    while out.len() < length {
        let mut byte = [0];
        random(&mut byte);
        if byte[0] < FAIR {
            out.push(char::from(ALPHABET[usize::from(byte[0] % 36)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read() {
        let token = JoinToken::generate(&apiserver::config::system_random, Some([7; 32]));
        assert_eq!(JoinToken::parse(&format!(" {}\n", token.whole())).unwrap(), token);
        assert!(api::bootstrap_token::parse(&token.bearer()).is_some());
        assert!(!format!("{token:?}").contains(token.secret()));
        let plain = JoinToken::parse("abcdef.0123456789abcdef").unwrap();
        assert_eq!((plain.pin, plain.whole()), (None, "abcdef.0123456789abcdef".to_owned()));
    }

    #[test]
    fn what_is_none_is_refused() {
        for (text, words) in [
            ("", "the token is none"),
            ("abcdef", "the token is none"),
            ("abcdef.0123456789abcdef@sha256:00", "cut off"),
            (&format!("abcdef.0123456789abcdef@sha256:{}", "z".repeat(64)), "cut off"),
        ] {
            assert!(JoinToken::parse(text).unwrap_err().to_string().contains(words), "{text}");
        }
    }
}
