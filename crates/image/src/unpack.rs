//! A layer's archive into a directory for overlayfs: owners, modes, extended attributes, whiteouts.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    os::fd::{AsFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use sha2::Digest;

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// Opens an archive, compressed (gzip, zstd) or not: decided by its first bytes.
pub fn decompress(file: File) -> io::Result<Box<dyn Read + Send>> {
    let mut magic = [0u8; 4];
    let mut read = BufReader::with_capacity(128 << 10, file);
    let known = {
        use io::BufRead;
        let seen = read.fill_buf()?;
        let n = seen.len().min(4);
        magic[..n].copy_from_slice(&seen[..n]);
        n
    };
    Ok(match (known, magic) {
        (4, [0x1f, 0x8b, ..]) => Box::new(flate2::bufread::MultiGzDecoder::new(read)),
        (4, [0x28, 0xb5, 0x2f, 0xfd]) => Box::new(zstd::stream::read::Decoder::with_buffer(read)?),
        _ => Box::new(read),
    })
}

/// Hashes what passes.
struct Hashing<R> {
    inner: R,
    hash: sha2::Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}

/// Unpacks the archive in `file` below `to`; returns the digest of the unpacked stream (the layer's diff id) and its bytes of content.
pub fn layer(file: File, to: &Path) -> io::Result<(String, u64)> {
    let mut archive = tar::Archive::new(Hashing { inner: decompress(file)?, hash: sha2::Sha256::new() });
    archive.set_preserve_ownerships(true);
    archive.set_preserve_permissions(true);
    archive.set_unpack_xattrs(true);
    archive.set_overwrite(true);
    archive.set_preserve_mtime(true);
    let root = rustix::fs::open(to, OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        bytes += entry.size();
        let path = entry.path()?.into_owned();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            whiteout(&root, &path, name, hidden)?;
        } else if let Some(kind) = device(entry.header().entry_type()) {
            node(&root, &path, kind, entry.header())?;
        } else {
            entry.unpack_in(to)?;
        }
    }
    // What follows the archive's end belongs to the digest too.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink())?;
    Ok((crate::hex_digest(&rest.hash.finalize()), bytes))
}

fn device(kind: tar::EntryType) -> Option<FileType> {
    match kind {
        tar::EntryType::Char => Some(FileType::CharacterDevice),
        tar::EntryType::Block => Some(FileType::BlockDevice),
        tar::EntryType::Fifo => Some(FileType::Fifo),
        _ => None,
    }
}

/// The folder of an entry, made where it is missing, never outside of the root and never through a link out of it.
fn parent(root: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let folder: PathBuf =
        path.parent().into_iter().flat_map(Path::components).filter(|c| matches!(c, Component::Normal(_))).collect();
    let open = |p: &Path| {
        let p = if p.as_os_str().is_empty() { Path::new(".") } else { p };
        rustix::fs::openat2(
            root,
            p,
            OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::IN_ROOT,
        )
    };
    if let Ok(fd) = open(&folder) {
        return Ok(fd);
    }
    let mut made = PathBuf::new();
    for part in folder.components() {
        let above = open(&made)?;
        match rustix::fs::mkdirat(&above, Path::new(part.as_os_str()), Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => made.push(part),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(open(&folder)?)
}

/// What a lower layer has is hidden: a file by a character device 0/0, a folder's content by a mark on the folder.
fn whiteout(root: &OwnedFd, path: &Path, name: &str, hidden: &str) -> io::Result<()> {
    let folder = parent(root, path)?;
    if name == OPAQUE {
        rustix::fs::fsetxattr(folder.as_fd(), "trusted.overlay.opaque", b"y", rustix::fs::XattrFlags::empty())?;
        return Ok(());
    }
    if hidden.is_empty() || hidden.starts_with(WHITEOUT) {
        return Ok(()); // other marks of aufs: nothing to do
    }
    match rustix::fs::mknodat(&folder, hidden, FileType::CharacterDevice, Mode::empty(), 0) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

fn node(root: &OwnedFd, path: &Path, kind: FileType, header: &tar::Header) -> io::Result<()> {
    let folder = parent(root, path)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidData)?;
    let device = rustix::fs::makedev(header.device_major()?.unwrap_or(0), header.device_minor()?.unwrap_or(0));
    let mode = Mode::from_raw_mode(header.mode()? & 0o7777);
    let _ = rustix::fs::unlinkat(&folder, Path::new(name), rustix::fs::AtFlags::empty());
    rustix::fs::mknodat(&folder, Path::new(name), kind, mode, device)?;
    let owner = |id: u64| u32::try_from(id).map_err(|_| io::Error::from(io::ErrorKind::InvalidData));
    let (uid, gid) =
        (rustix::fs::Uid::from_raw(owner(header.uid()?)?), rustix::fs::Gid::from_raw(owner(header.gid()?)?));
    rustix::fs::chownat(&folder, Path::new(name), Some(uid), Some(gid), rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o640);
            header.set_uid(1234);
            header.set_gid(0);
            header.set_entry_type(tar::EntryType::Regular);
            // Names that tar::Builder itself would refuse are what the test is about.
            let field = &mut header.as_old_mut().name;
            field[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, text.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn unpack(data: &[u8]) -> (tempfile::TempDir, io::Result<(String, u64)>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("root")).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(data).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let result = layer(file, &dir.path().join("root"));
        (dir, result)
    }

    #[test]
    fn every_compression_gives_the_same_layer() {
        let plain = archive(&[("etc/a", "hello"), ("etc/.wh.gone", ""), ("opt/.wh..wh..opq", "")]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
        for data in [plain.clone(), gzip.finish().unwrap(), zstd] {
            let (dir, result) = unpack(&data);
            assert_eq!(result.unwrap().0, crate::digest(&plain));
            let root = dir.path().join("root");
            let a = std::fs::metadata(root.join("etc/a")).unwrap();
            assert_eq!((a.uid(), a.mode() & 0o777), (1234, 0o640));
            assert!(std::fs::symlink_metadata(root.join("etc/gone")).unwrap().file_type().is_char_device());
            let mut value = [0u8; 4];
            assert_eq!(rustix::fs::getxattr(root.join("opt"), "trusted.overlay.opaque", &mut value).unwrap(), 1);
        }
    }

    #[test]
    fn nothing_leaves_the_folder() {
        let (dir, _) = unpack(&archive(&[("../outside", "x"), ("../.wh.outside", ""), ("/absolute", "y")]));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(dir.path().join("root/absolute").exists());
    }
}
