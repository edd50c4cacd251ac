//! A copy of the store at one revision, in a file that says whether it is whole.
//!
//! Layout: magic, version, revision; the number of attachments, each with the lengths of its name and content before them; then per
//! key the record's length, its revision and the record; then a length of `END`, the number of keys and the SHA-256 of everything
//! before it. Numbers are little-endian.

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
    disk::{Home, damaged, io_error, other_version, sync_directory},
    log::{Log, sealed},
    options::Options,
    port::{Attachment, Entry, Error, Revision},
    record::Record,
    shared::Shared,
};

const MAGIC: &[u8; 8] = b"PODSNAP\n";
const VERSION: u32 = 2;
const END: u32 = u32::MAX;
/// No record is longer: redb takes no more either.
const LONGEST: u32 = 1 << 30;
/// No attachment is longer.
const ATTACHED: u64 = 64 << 20;
/// There are no more attachments, and their names are no longer.
const ATTACHMENTS: u32 = 4096;
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
pub(crate) fn write(shared: &Arc<Shared>, to: &Path, with: &[Attachment]) -> Result<Revision, Error> {
    // Not the datastore's own disk, perhaps: never `NoSpace`.
    let fail =
        |e: io::Error| Error::Io { tried: "write the snapshot", path: to.display().to_string(), reason: e.to_string() };
    if to.try_exists().map_err(fail)? {
        return Err(fail(io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial).map_err(fail)?;
    let done = write_into(shared, file, with).and_then(|(revision, file)| {
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

fn write_into(shared: &Arc<Shared>, file: File, with: &[Attachment]) -> Result<(Revision, File), Failed> {
    let pin = shared.pin(Revision(0)).map_err(Failed::Store)?;
    let mut out = Sum { to: BufWriter::with_capacity(1 << 20, file), sum: Sha256::new() };
    out.put(MAGIC)?;
    out.put(&VERSION.to_le_bytes())?;
    out.put(&pin.revision.to_le_bytes())?;
    out.put(&u32::try_from(with.len()).unwrap_or(u32::MAX).to_le_bytes())?;
    for attachment in with {
        out.put(&u32::try_from(attachment.name.len()).unwrap_or(u32::MAX).to_le_bytes())?;
        out.put(&(attachment.bytes.len() as u64).to_le_bytes())?;
        out.put(attachment.name.as_bytes())?;
        out.put(&attachment.bytes)?;
    }
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

/// A snapshot's file, read through and found whole.
#[derive(Debug)]
pub struct Snapshot {
    path: PathBuf,
    /// The revision that it is a picture of.
    pub revision: Revision,
    /// How many keys it has.
    pub keys: u64,
    /// What was put in with it.
    pub attachments: Vec<Attachment>,
}

impl Snapshot {
    /// Reads a file to its end and checks all of it.
    ///
    /// # Errors
    /// It cannot be read, is no snapshot, is of another version, cut short or damaged.
    pub fn open(path: &Path) -> Result<Self, Error> {
        read(path, |_, _| Ok(()))
    }

    /// Makes a new store in directory `to`. Revisions go on far above those of the snapshot, and its history counts as compacted:
    /// whoever saw later states of the old store lists again instead of mixing the two.
    ///
    /// # Errors
    /// There is a store already, or it cannot be written; then there is none.
    pub fn restore(&self, to: &Path) -> Result<Revision, Error> {
        let revision = self.revision.0 + JUMP;
        let home = Home::open(to)?;
        if home.file().try_exists().map_err(|e| io_error("look for the datastore", to, &e))? {
            return Err(io_error("restore the snapshot", &home.file(), &io::Error::from(io::ErrorKind::AlreadyExists)));
        }
        let mut log = Log::create(&home.cradle(), &Options::default())?;
        let (mut records, mut bytes, mut place) = (Vec::new(), 0, 0u32);
        read(&self.path, |modified, record| {
            bytes += record.len();
            // Several keys may have been changed by one commit; the place only has to tell them apart.
            let id = (modified, place);
            records.push((id, sealed(id, &record)));
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
}

/// A snapshot's file with the sum of what was read.
struct Source<'a> {
    path: &'a Path,
    file: BufReader<File>,
    sum: Sha256,
}

impl Source<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        self.file.read_exact(buffer).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => damaged(self.path, "the snapshot is cut short"),
            _ => io_error("read the snapshot", self.path, &e),
        })?;
        self.sum.update(&*buffer);
        Ok(())
    }

    fn u32(&mut self) -> Result<u32, Error> {
        let mut number = [0; 4];
        self.fill(&mut number)?;
        Ok(u32::from_le_bytes(number))
    }

    fn u64(&mut self) -> Result<u64, Error> {
        let mut number = [0; 8];
        self.fill(&mut number)?;
        Ok(u64::from_le_bytes(number))
    }

    /// So many bytes; memory is taken as they come, because a damaged length must not be believed.
    fn bytes(&mut self, length: u64, buffer: &mut Vec<u8>) -> Result<(), Error> {
        buffer.clear();
        while (buffer.len() as u64) < length {
            let begun = buffer.len();
            let part = (length - begun as u64).min(1 << 20) as usize;
            buffer.resize(begun + part, 0);
            self.fill(&mut buffer[begun..])?;
        }
        Ok(())
    }

    fn attachments(&mut self) -> Result<Vec<Attachment>, Error> {
        let wrong = |path| damaged(path, "the list of the snapshot's attachments makes no sense");
        let count = self.u32()?;
        let mut found = Vec::new();
        for _ in 0..count {
            let (name_length, length) = (self.u32()?, self.u64()?);
            if count > ATTACHMENTS || name_length > ATTACHMENTS || length > ATTACHED {
                return Err(wrong(self.path));
            }
            let (mut name, mut bytes) = (Vec::new(), Vec::new());
            self.bytes(name_length.into(), &mut name)?;
            self.bytes(length, &mut bytes)?;
            found.push(Attachment { name: String::from_utf8(name).map_err(|_| wrong(self.path))?, bytes });
        }
        Ok(found)
    }
}

/// Reads a snapshot through and hands out its records; the answer only comes back if all of it was in order.
fn read(path: &Path, mut each: impl FnMut(u64, Record<'_>) -> Result<(), Error>) -> Result<Snapshot, Error> {
    let file = File::open(path).map_err(|e| io_error("read the snapshot", path, &e))?;
    let mut from = Source { path, file: BufReader::with_capacity(1 << 20, file), sum: Sha256::new() };
    let mut magic = [0; 8];
    from.fill(&mut magic)?;
    if &magic != MAGIC {
        return Err(damaged(path, "it is not a snapshot of a Podium datastore"));
    }
    let version = from.u32()?;
    if version != VERSION {
        return Err(other_version(path, version, VERSION));
    }
    let revision = Revision(from.u64()?);
    let attachments = from.attachments()?;
    let (mut buffer, mut keys) = (Vec::new(), 0u64);
    let expected = loop {
        let (length, number) = (from.u32()?, from.u64()?);
        if length == END {
            break number;
        }
        if length > LONGEST {
            return Err(damaged(path, "a record of the snapshot is too long"));
        }
        from.bytes(length.into(), &mut buffer)?;
        let record = Record::decode(&buffer).map_err(|problem| damaged(path, problem))?;
        each(number, record)?;
        keys += 1;
    };
    let (mut stored, computed) = ([0; 32], from.sum.finalize_reset());
    from.fill(&mut stored)?;
    if stored[..] != computed[..] || keys != expected {
        return Err(damaged(path, "the snapshot's checksum does not match"));
    }
    let more = from.file.read(&mut [0]).map_err(|e| io_error("read the snapshot", path, &e))?;
    if more > 0 {
        return Err(damaged(path, "something follows the end of the snapshot"));
    }
    Ok(Snapshot { path: path.to_owned(), revision, keys, attachments })
}
