//! Lines of a log in CRI format: `STAMP stdout|stderr F|P content`.

use jiff::Timestamp;

use super::{Options, Stream};

/// A line, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) stamp: &'a str,
    pub(crate) stream: Stream,
    /// The program's line goes on in the next one.
    pub(crate) partial: bool,
    pub(crate) content: &'a [u8],
}

/// Parses a line without its newline; `None` for what is no log line.
pub(crate) fn parse(line: &[u8]) -> Option<Line<'_>> {
    let mut parts = line.splitn(4, |byte| *byte == b' ');
    let stamp = std::str::from_utf8(parts.next()?).ok()?;
    let stream = match parts.next()? {
        b"stdout" => Stream::Stdout,
        b"stderr" => Stream::Stderr,
        _ => return None,
    };
    let partial = parts.next()?.first() == Some(&b'P');
    Some(Line { stamp, stream, partial, content: parts.next().unwrap_or_default() })
}

/// Turns lines into what the client sees; keeps in mind whether a line is unfinished, and how much may still be said.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    options: Options,
    in_line: bool,
    left: Option<u64>,
}

impl Printer {
    pub(crate) fn new(options: &Options) -> Self {
        Self { options: options.clone(), in_line: false, left: options.limit_bytes }
    }

    /// Nothing more may be said.
    pub(crate) fn is_full(&self) -> bool {
        self.left == Some(0)
    }

    /// Adds a line's text to `out`.
    pub(crate) fn print(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        let Some(line) = parse(raw) else { return };
        if self.options.stream.is_some_and(|stream| stream != line.stream) {
            return;
        }
        if let Some(since) = self.options.since
            && line.stamp.parse::<Timestamp>().is_ok_and(|stamp| stamp < since)
        {
            return;
        }
        let from = out.len();
        if self.options.timestamps && !self.in_line {
            out.extend_from_slice(line.stamp.as_bytes());
            out.push(b' ');
        }
        out.extend_from_slice(line.content);
        if !line.partial {
            out.push(b'\n');
        }
        self.in_line = line.partial;
        if let Some(left) = &mut self.left {
            let added = (out.len() - from) as u64;
            if added > *left {
                out.truncate(from + usize::try_from(*left).unwrap_or(usize::MAX));
            }
            *left = left.saturating_sub(added);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing() {
        let log = [
            &b"2026-11-21T10:00:00.000000001Z stdout F one"[..],
            b"2026-11-21T10:00:01.000000001Z stderr F two",
            b"2026-11-21T10:00:02.000000001Z stdout P thr",
            b"2026-11-21T10:00:02.000000002Z stdout F ee",
            b"broken",
            b"2026-11-21T10:00:03.000000001Z stdout P no newline",
        ];
        let all = |options: Options| {
            let mut printer = Printer::new(&options);
            let mut out = Vec::new();
            for line in log {
                printer.print(line, &mut out);
            }
            String::from_utf8(out).unwrap()
        };
        assert_eq!(all(Options::default()), "one\ntwo\nthree\nno newline");
        assert_eq!(all(Options { stream: Some(Stream::Stderr), ..Options::default() }), "two\n");
        assert_eq!(all(Options { limit_bytes: Some(6), ..Options::default() }), "one\ntw");
        assert_eq!(
            all(Options {
                since: Some("2026-11-21T10:00:02Z".parse().unwrap()),
                timestamps: true,
                ..Options::default()
            }),
            "2026-11-21T10:00:02.000000001Z three\n2026-11-21T10:00:03.000000001Z no newline"
        );
    }
}
