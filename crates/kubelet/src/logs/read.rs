//! Reads log files: the rotated ones first, from where the tail begins.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

const BLOCK: u64 = 64 * 1024;

/// Files of a log, oldest first: `0.log.20261121-100000`, `0.log`.
pub(crate) fn files(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut rotated: Vec<PathBuf> = path
        .parent()
        .and_then(|dir| fs::read_dir(dir).ok())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| {
            file.file_name().is_some_and(|file| {
                file.to_string_lossy().strip_prefix(&name).is_some_and(|rest| rest.starts_with('.'))
            })
        })
        .collect();
    rotated.sort();
    rotated.push(path.to_owned());
    rotated
}

/// Where a tail begins: index of the file and offset in it.
pub(crate) fn tail_start(files: &[PathBuf], lines: u64) -> io::Result<(usize, u64)> {
    if lines == 0 {
        let last = files.len().saturating_sub(1);
        return Ok((last, files.last().map_or(Ok(0), |file| length(file))?));
    }
    let mut missing = lines;
    for (index, file) in files.iter().enumerate().rev() {
        match back(file, missing)? {
            Ok(offset) => return Ok((index, offset)),
            Err(found) => missing -= found,
        }
    }
    Ok((0, 0))
}

fn length(file: &Path) -> io::Result<u64> {
    match fs::metadata(file) {
        Ok(meta) => Ok(meta.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Offset of the `lines`th line from the end, or how many lines there are.
fn back(path: &Path, lines: u64) -> io::Result<Result<u64, u64>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Err(0)),
        Err(error) => return Err(error),
    };
    let end = file.metadata()?.len();
    let (mut at, mut found, mut block) = (end, 0, Vec::new());
    while at > 0 {
        let size = at.min(BLOCK);
        at -= size;
        file.seek(SeekFrom::Start(at))?;
        block.clear();
        (&mut file).take(size).read_to_end(&mut block)?;
        for (index, byte) in block.iter().enumerate().rev() {
            let offset = at + index as u64;
            // The newline at the very end closes the last line; every other one precedes a line.
            if *byte == b'\n' && offset + 1 != end {
                found += 1;
                if found == lines {
                    return Ok(Ok(offset + 1));
                }
            }
        }
    }
    let total = if end > 0 { found + 1 } else { 0 };
    Ok(if total == lines { Ok(0) } else { Err(total) })
}

/// Complete lines of a file from an offset on.
pub(crate) struct Lines {
    reader: BufReader<File>,
    /// A line whose end is not written yet.
    unfinished: Vec<u8>,
}

impl Lines {
    pub(crate) fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { reader: BufReader::with_capacity(64 * 1024, file), unfinished: Vec::new() })
    }

    /// The next line without its newline; `false` at the present end of the file.
    pub(crate) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        self.reader.read_until(b'\n', &mut self.unfinished)?;
        if self.unfinished.last() != Some(&b'\n') {
            return Ok(false);
        }
        self.unfinished.pop();
        line.clear();
        std::mem::swap(line, &mut self.unfinished);
        Ok(true)
    }

    /// The file that is being read is not the one at the path any more.
    pub(crate) fn was_rotated(&self, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let inode = |meta: io::Result<fs::Metadata>| meta.map(|meta| meta.ino()).ok();
        let there = inode(fs::metadata(path));
        there.is_some() && there != inode(self.reader.get_ref().metadata())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_over_rotated_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        fs::write(dir.path().join("0.log.20260101-000000"), "a\nb\nc\n").unwrap();
        fs::write(&path, "d\ne\n").unwrap();
        fs::write(dir.path().join("10.log"), "x\n").unwrap();
        let files = files(&path);
        assert_eq!(files.len(), 2);
        for (lines, expected) in [(0, (1, 4)), (1, (1, 2)), (2, (1, 0)), (3, (0, 4)), (5, (0, 0)), (9, (0, 0))] {
            assert_eq!(tail_start(&files, lines).unwrap(), expected, "{lines}");
        }
        let mut lines = Lines::open(&path, 2).unwrap();
        let mut line = Vec::new();
        assert!(lines.next(&mut line).unwrap() && line == b"e" && !lines.next(&mut line).unwrap());
        fs::write(&path, "d\ne\nf").unwrap();
        assert!(!lines.next(&mut line).unwrap(), "unfinished");
        fs::write(&path, "d\ne\nfg\n").unwrap();
        assert!(lines.next(&mut line).unwrap() && line == b"fg");
    }
}
