//! What the proxy changes in answers: a page behind it believes to be at the root of its host, so the links in it, and redirects,
//! get the proxy's path in front. Compressed pages are passed on as they are.

use futures_util::{StreamExt, stream};
use http::{HeaderValue, Response, header};
use http_body_util::BodyExt;

use crate::body::{Body, BodyError};

/// Attributes that hold an address, by tag.
const ADDRESSES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("applet", &["codebase"]),
    ("area", &["href"]),
    ("audio", &["src"]),
    ("base", &["href"]),
    ("blockquote", &["cite"]),
    ("body", &["background"]),
    ("button", &["formaction"]),
    ("command", &["icon"]),
    ("del", &["cite"]),
    ("embed", &["src"]),
    ("form", &["action"]),
    ("frame", &["longdesc", "src"]),
    ("head", &["profile"]),
    ("html", &["manifest"]),
    ("iframe", &["longdesc", "src"]),
    ("img", &["longdesc", "src", "usemap"]),
    ("input", &["src", "usemap", "formaction"]),
    ("ins", &["cite"]),
    ("link", &["href"]),
    ("object", &["classid", "codebase", "data", "usemap"]),
    ("q", &["cite"]),
    ("script", &["src"]),
    ("source", &["src"]),
    ("video", &["poster", "src"]),
];
/// A tag that is longer is passed on unread.
const TAG_BYTES: usize = 64 << 10;

/// Where a page seems to be, and where it is.
#[derive(Debug, Clone)]
pub struct Way {
    /// The proxy's path, without a slash at its end.
    pub prefix: String,
    /// Hosts by which the page may call itself: the address behind the proxy, and the `Host` that the client asked for.
    pub hosts: Vec<String>,
}

impl Way {
    /// The address through the proxy; `None` where it needs no change: relative, elsewhere, or changed already.
    #[must_use]
    pub fn through(&self, address: &str) -> Option<String> {
        let rest = ["http://", "https://", "//"].iter().find_map(|scheme| address.strip_prefix(scheme));
        let path = match rest {
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                if !self.hosts.iter().any(|h| h == host) {
                    return None;
                }
                path
            }
            None if address.starts_with('/') => address,
            None => return None,
        };
        (!path.starts_with(&self.prefix)).then(|| format!("{}{path}", self.prefix))
    }
}

/// The answer as the client must see it.
#[must_use]
pub fn response(mut response: Response<Body>, way: Way) -> Response<Body> {
    let text = |response: &Response<Body>, name| {
        response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    };
    let location = text(&response, header::LOCATION);
    if !location.is_empty() {
        if let Some(value) = way.through(&location).and_then(|l| HeaderValue::from_str(&l).ok()) {
            response.headers_mut().insert(header::LOCATION, value);
        }
        return response;
    }
    let page = text(&response, header::CONTENT_TYPE).split(';').next().is_some_and(|t| t.trim() == "text/html");
    if !page || !text(&response, header::CONTENT_ENCODING).is_empty() {
        return response;
    }
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.map(|body| {
        let pieces = body.into_data_stream().map(Some).chain(stream::once(async { None }));
        let mut page = Page::new(way);
        Body::Stream(Box::pin(pieces.map(move |piece| {
            let mut out = Vec::new();
            match piece.transpose()? {
                Some(piece) => page.feed(&piece, &mut out),
                None => page.end(&mut out),
            }
            Ok::<_, BodyError>(out.into())
        })))
    })
}

/// A page that goes by, tag by tag.
struct Page {
    way: Way,
    /// A tag that is not complete.
    tag: Vec<u8>,
    /// Within a tag: the quote that is open.
    quote: Option<u8>,
    /// Within `script` or `style`, where nothing but its end is a tag.
    raw: Option<&'static str>,
}

impl Page {
    fn new(way: Way) -> Self {
        Self { way, tag: Vec::new(), quote: None, raw: None }
    }

    fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for &byte in piece {
            if self.tag.is_empty() {
                if byte == b'<' {
                    self.tag.push(byte)
                } else {
                    out.push(byte)
                }
                continue;
            }
            if self.tag.len() >= TAG_BYTES {
                self.end(out);
                out.push(byte);
                continue;
            }
            if byte == b'<' && self.quote.is_none() {
                self.end(out); // the one before was none
            }
            self.tag.push(byte);
            match (self.quote, byte) {
                (None, b'"' | b'\'') if self.tag.contains(&b'=') && self.raw.is_none() => self.quote = Some(byte),
                (Some(open), _) if open == byte => self.quote = None,
                (None, b'>') => self.tag_ends(out),
                _ => {}
            }
        }
    }

    /// What is incomplete goes on as it is.
    fn end(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.tag);
        self.quote = None;
    }

    fn tag_ends(&mut self, out: &mut Vec<u8>) {
        let bytes = std::mem::take(&mut self.tag);
        let Ok(tag) = std::str::from_utf8(&bytes) else { return out.extend_from_slice(&bytes) };
        let body = &tag[1..tag.len() - 1];
        let name = body.split(|c: char| c.is_ascii_whitespace() || c == '>').next().unwrap_or_default();
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        if let Some(raw) = self.raw {
            if name.strip_prefix('/') == Some(raw) {
                self.raw = None;
            }
            return out.extend_from_slice(&bytes);
        }
        self.raw = ["script", "style"].into_iter().find(|raw| *raw == name);
        match ADDRESSES.iter().find(|(tag, _)| *tag == name) {
            Some((_, attributes)) => out.extend_from_slice(self.with_addresses(tag, attributes).as_bytes()),
            None => out.extend_from_slice(&bytes),
        }
    }

    /// The tag with its addresses through the proxy.
    fn with_addresses(&self, tag: &str, attributes: &[&str]) -> String {
        let mut out = String::with_capacity(tag.len() + self.way.prefix.len());
        let mut rest = tag;
        while let Some(equals) = rest.find('=') {
            let (before, after) = rest.split_at(equals + 1);
            out.push_str(before);
            let space = after.len() - after.trim_start().len();
            out.push_str(&after[..space]);
            let after = &after[space..];
            let (value, quote) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => (after[1..].split(quote).next().unwrap_or_default(), 1),
                _ => (after.split(|c: char| c.is_ascii_whitespace() || c == '>').next().unwrap_or_default(), 0),
            };
            let name = before[..equals].trim_end().rsplit(|c: char| c.is_ascii_whitespace() || c == '/').next();
            let known = name.is_some_and(|n| attributes.iter().any(|a| n.eq_ignore_ascii_case(a)));
            let changed = if known { self.way.through(value) } else { None };
            let length = (value.len() + 2 * quote).min(after.len());
            match changed {
                Some(value) => out.push_str(&format!("{}{value}{}", &after[..quote], &after[..quote])),
                None => out.push_str(&after[..length]),
            }
            rest = &after[length..];
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way() -> Way {
        Way { prefix: "/api/v1/namespaces/n/pods/p/proxy".into(), hosts: vec!["10.0.0.1:80".into()] }
    }

    fn page(text: &str, piece: usize) -> String {
        let (mut page, mut out) = (Page::new(way()), Vec::new());
        text.as_bytes().chunks(piece).for_each(|p| page.feed(p, &mut out));
        page.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn addresses() {
        let p = "/api/v1/namespaces/n/pods/p/proxy";
        for (address, wanted) in [
            ("/x?a=b", Some(format!("{p}/x?a=b"))),
            ("/", Some(format!("{p}/"))),
            ("x/y", None),
            ("#top", None),
            ("http://10.0.0.1:80/x", Some(format!("{p}/x"))),
            ("//10.0.0.1:80", Some(p.to_owned())),
            ("https://elsewhere/x", None),
            ("/api/v1/namespaces/n/pods/p/proxy/x", None),
        ] {
            assert_eq!(way().through(address), wanted, "{address}");
        }
    }

    #[test]
    fn pages_are_changed_in_their_tags_only_however_they_are_cut() {
        let text = "<!DOCTYPE html><p title=\"<a href='/no'>\">it's 1 < 2 <a class=x href = \"/yes\">/no</a> <IMG SRC='/yes' alt=\"/no\"/>\
                    <script src=/yes>if (a<b) '<a href=\"/no\">'</script><a href=\"rel\">é</a> <a href=\"/cut";
        let p = "/api/v1/namespaces/n/pods/p/proxy/yes";
        let wanted = text
            .replace("\"/yes\"", &format!("\"{p}\""))
            .replace("'/yes'", &format!("'{p}'"))
            .replace("=/yes", &format!("={p}"));
        for piece in [1, 3, 1000] {
            assert_eq!(page(text, piece), wanted, "{piece}");
        }
    }
}
