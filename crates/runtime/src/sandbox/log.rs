//! The CRI log format: `time stream tag line`.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Longest piece of a line.
pub(crate) const MOST_BYTES: usize = 16 * 1024;

/// An open log file.
pub(crate) struct Log {
    path: PathBuf,
    file: Option<File>,
}

impl Log {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_path_buf(), file: Some(open(path)?) })
    }

    /// Goes on in a new file at the same path.
    pub(crate) fn reopen(&mut self) -> io::Result<()> {
        self.file = Some(open(&self.path)?);
        Ok(())
    }

    /// Nothing more comes.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    /// Appends whole records. A full disk loses them, which is better than a container that stands still.
    pub(crate) fn append(&mut self, records: &[u8]) {
        if let Some(file) = &mut self.file {
            let _ = file.write_all(records);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    File::options().append(true).create(true).mode(0o640).open(path)
}

/// Cuts a stream into records. Keeps an unfinished line until its end comes or it is too long.
#[derive(Default)]
pub(crate) struct Cutter {
    rest: Vec<u8>,
}

impl Cutter {
    /// Adds what was read; complete records go to `out`.
    pub(crate) fn feed(&mut self, stream: &str, mut data: &[u8], now_ns: i64, out: &mut Vec<u8>) {
        while let Some(end) = data.iter().position(|byte| *byte == b'\n') {
            let line = &data[..end];
            if self.rest.is_empty() {
                self.pieces(stream, line, now_ns, out);
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(line);
                self.pieces(stream, &whole, now_ns, out);
            }
            data = &data[end + 1..];
        }
        self.rest.extend_from_slice(data);
        let whole = self.rest.len() / MOST_BYTES * MOST_BYTES;
        if whole > 0 {
            for piece in self.rest[..whole].chunks(MOST_BYTES) {
                record(stream, b'P', piece, now_ns, out);
            }
            self.rest.drain(..whole);
        }
        if self.rest.is_empty() {
            self.rest = Vec::new();
        }
    }

    /// A whole line, in pieces where it is too long.
    fn pieces(&self, stream: &str, line: &[u8], now_ns: i64, out: &mut Vec<u8>) {
        let mut line = line;
        while line.len() > MOST_BYTES {
            record(stream, b'P', &line[..MOST_BYTES], now_ns, out);
            line = &line[MOST_BYTES..];
        }
        record(stream, b'F', line, now_ns, out);
    }

    /// The stream ended: what is left is a line that nobody finished, and readers add no newline to it.
    pub(crate) fn finish(&mut self, stream: &str, now_ns: i64, out: &mut Vec<u8>) {
        if !self.rest.is_empty() {
            record(stream, b'P', &std::mem::take(&mut self.rest), now_ns, out);
        }
    }
}

fn record(stream: &str, tag: u8, line: &[u8], now_ns: i64, out: &mut Vec<u8>) {
    stamp(now_ns, out);
    out.push(b' ');
    out.extend_from_slice(stream.as_bytes());
    out.extend_from_slice(&[b' ', tag, b' ']);
    out.extend_from_slice(line);
    out.push(b'\n');
}

/// `2026-01-02T15:04:05.123456789Z`, without a time zone table in every sandbox.
fn stamp(now_ns: i64, out: &mut Vec<u8>) {
    let seconds = now_ns.div_euclid(1_000_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days to a date in years that start in March, so that the leap day is the last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    let nanos = now_ns.rem_euclid(1_000_000_000);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{nanos:09}Z", second % 60);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_agree_with_a_calendar() {
        for seconds in [0i64, 951_782_400, 951_868_799, 1_767_366_245, 4_107_542_399, -1] {
            let mut out = Vec::new();
            stamp(seconds * 1_000_000_000 + 5, &mut out);
            let expected = jiff::Timestamp::from_nanosecond(i128::from(seconds) * 1_000_000_000 + 5).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{expected:.9}"));
        }
    }

    fn cut(parts: &[&[u8]]) -> Vec<(char, usize)> {
        let (mut cutter, mut out) = (Cutter::default(), Vec::new());
        for part in parts {
            cutter.feed("stdout", part, 0, &mut out);
        }
        cutter.finish("stdout", 0, &mut out);
        out.split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                let line = std::str::from_utf8(line).unwrap();
                let mut fields = line.splitn(4, ' ').skip(1);
                assert_eq!(fields.next(), Some("stdout"));
                (fields.next().unwrap().chars().next().unwrap(), fields.next().unwrap().len())
            })
            .collect()
    }

    #[test]
    fn lines_become_records() {
        assert_eq!(cut(&[b"a\nbc\n"]), [('F', 1), ('F', 2)]);
        assert_eq!(cut(&[b"a", b"b", b"c\n\n"]), [('F', 3), ('F', 0)]);
        assert_eq!(cut(&[b"no newline"]), [('P', 10)]);
        let long = vec![b'x'; 2 * MOST_BYTES + 7];
        assert_eq!(cut(&[&long, b"\n"]), [('P', MOST_BYTES), ('P', MOST_BYTES), ('F', 7)]);
        let exact = [vec![b'x'; MOST_BYTES], b"\n".to_vec()].concat();
        assert_eq!(cut(&[&exact]), [('F', MOST_BYTES)]);
    }
}
