//! A copy of the store at one revision, in a file that says whether it is whole.
//!
//! Layout: magic, version, revision; then per key its length, revision and record; then a length of `END`, the number of
//! keys and the SHA-256 of everything before it.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use crate::{
    core::STEPS,
    disk::{Home, damaged, io_error, sync_directory},
    log::Log,
    options::Options,
    port::{Entry, Error, Revision},
    record::Record,
    shared::Shared,
};

const MAGIC: &[u8; 8] = b"PODSNAP\n";
const VERSION: u32 = 1;
const END: u32 = u32::MAX;
/// No record is longer: redb takes no more either.
const LONGEST: u32 = 1 << 30;
/// How far revisions jump in a restored store; more than a cluster can have written since the snapshot.
const JUMP: u64 = 1_000_000_000;

struct Sum<W> {
    to: W,
    sum: Sha256,
}

impl<W: Write> Sum<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.to.write_all(bytes)
    }
}

/// Writes the present state to `to`, which must not exist, while commits go on.
pub(crate) fn write(shared: &Arc<Shared>, to: &Path) -> Result<Revision, Error> {
    let fail = |e: io::Error| io_error("write the snapshot", to, &e);
    if to.try_exists().map_err(fail)? {
        return Err(fail(io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial).map_err(fail)?;
    let done = write_into(shared, file).and_then(|(revision, file)| {
        file.sync_all().map_err(Failed::Io)?;
        std::fs::rename(&partial, to).map_err(Failed::Io)?;
        Ok(revision)
    });
    let revision = match done {
        Ok(revision) => revision,
        Err(failed) => {
            // Best effort: the error that matters is the first.
            let _ = std::fs::remove_file(&partial);
            return Err(match failed {
                Failed::Io(e) => fail(e),
                Failed::Store(e) => e,
            });
        }
    };
    sync_directory(to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    Ok(revision)
}

enum Failed {
    Io(io::Error),
    Store(Error),
}

impl From<io::Error> for Failed {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

fn write_into(shared: &Arc<Shared>, file: File) -> Result<(Revision, File), Failed> {
    let pin = shared.pin(Revision(0)).map_err(Failed::Store)?;
    let mut out = Sum { to: BufWriter::with_capacity(1 << 20, file), sum: Sha256::new() };
    out.put(MAGIC)?;
    out.put(&VERSION.to_le_bytes())?;
    out.put(&pin.revision.to_le_bytes())?;
    let (mut from, mut count, mut buffer) = (Some(Arc::<str>::from("")), 0u64, Vec::new());
    while let Some(at) = from {
        let entries: Vec<(Entry, u64)> = {
            let core = shared.core.read();
            let slice = core.index.slice("", &at, pin.revision, usize::MAX, STEPS);
            from = slice.next;
            slice
                .entries
                .into_iter()
                .map(|e| (core.index.expires_at(&e.key, pin.revision), e))
                .map(|(x, e)| (e, x))
                .collect()
        };
        for (entry, expires) in entries {
            let record = Record { created: entry.created.0, expires, key: &entry.key, value: Some(&entry.value) };
            buffer.resize(record.len(), 0);
            record.encode(&mut buffer);
            out.put(&u32::try_from(buffer.len()).unwrap_or(LONGEST).to_le_bytes())?;
            out.put(&entry.modified.0.to_le_bytes())?;
            out.put(&buffer)?;
            count += 1;
        }
    }
    out.put(&END.to_le_bytes())?;
    out.put(&count.to_le_bytes())?;
    let sum = out.sum.finalize();
    out.to.write_all(&sum)?;
    let file = out.to.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((Revision(pin.revision), file))
}

/// Reads a snapshot through and hands out its records; the revision only comes back if all of it was in order.
fn read(from: &Path, mut each: impl FnMut(u64, Record<'_>) -> Result<(), Error>) -> Result<u64, Error> {
    let fail = |e: io::Error| match e.kind() {
        io::ErrorKind::UnexpectedEof => damaged(from, "the snapshot is cut short"),
        _ => io_error("read the snapshot", from, &e),
    };
    let mut file = BufReader::with_capacity(1 << 20, File::open(from).map_err(fail)?);
    let mut sum = Sha256::new();
    let mut take = |sum: &mut Sha256, buffer: &mut [u8]| -> Result<(), Error> {
        file.read_exact(buffer).map_err(fail)?;
        sum.update(&*buffer);
        Ok(())
    };
    let (mut head, mut length, mut number) = ([0; 12], [0; 4], [0; 8]);
    take(&mut sum, &mut head)?;
    if &head[..8] != MAGIC {
        return Err(damaged(from, "it is not a snapshot of a Podium datastore"));
    }
    let version = head[8..12].try_into().map_or(0, u32::from_le_bytes);
    if version != VERSION {
        return Err(damaged(from, format!("the snapshot has version {version}; this Podium reads version {VERSION}")));
    }
    take(&mut sum, &mut number)?;
    let revision = u64::from_le_bytes(number);
    let (mut buffer, mut count) = (Vec::new(), 0u64);
    loop {
        take(&mut sum, &mut length)?;
        let length = u32::from_le_bytes(length);
        take(&mut sum, &mut number)?;
        if length == END {
            break;
        }
        if length > LONGEST {
            return Err(damaged(from, "a record of the snapshot is too long"));
        }
        buffer.resize(length as usize, 0);
        take(&mut sum, &mut buffer)?;
        let record = Record::decode(&buffer).map_err(|problem| damaged(from, problem))?;
        each(u64::from_le_bytes(number), record)?;
        count += 1;
    }
    let (mut stored, computed) = ([0; 32], sum.finalize_reset());
    take(&mut sum, &mut stored)?;
    if stored[..] != computed[..] || count != u64::from_le_bytes(number) {
        return Err(damaged(from, "the snapshot's checksum does not match"));
    }
    Ok(revision)
}

/// See [`crate::Embedded::restore`].
pub(crate) fn restore(from: &Path, to: &Path) -> Result<Revision, Error> {
    // First to the end without writing anything: a damaged snapshot must not become half a store.
    let revision = read(from, |_, _| Ok(()))? + JUMP;
    let home = Home::open(to)?;
    if home.file().try_exists().map_err(|e| io_error("look for the datastore", to, &e))? {
        return Err(io_error("restore the snapshot", &home.file(), &io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    let mut log = Log::create(&home.cradle(), &Options::default())?;
    let (mut records, mut bytes, mut place) = (Vec::new(), 0, 0u32);
    read(from, |modified, record| {
        bytes += record.len();
        let mut encoded = vec![0; record.len()];
        record.encode(&mut encoded);
        // Several keys may have been changed by one commit; the place only has to tell them apart.
        records.push(((modified, place), encoded));
        place = place.wrapping_add(1);
        if bytes > 8 << 20 {
            bytes = 0;
            log.import(&std::mem::take(&mut records), revision)?;
        }
        Ok(())
    })?;
    log.import(&records, revision)?;
    drop(log);
    home.settle()?;
    Ok(Revision(revision))
}
