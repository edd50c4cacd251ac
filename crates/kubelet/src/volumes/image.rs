//! `image` volumes: the layers of an image as a read-only directory.
//!
//! They are mounted when a container starts, not with the other volumes: that is when images are pulled, and a container
//! that starts anew sees the image as it is then. All go with the pod.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::mount::{MountFlags, UnmountFlags};

/// What overlayfs takes: options are one page.
const MOST_OPTIONS: usize = 4096;
/// An overlay without a writable layer wants two: this one is empty.
const BELOW: &str = "below";

/// Below the directory of a pod.
fn home(pod_dir: &Path) -> PathBuf {
    pod_dir.join("volumes/kubernetes.io~image")
}

/// Mounts the image of a volume, or finds it mounted; where.
pub(crate) fn mount(pod_dir: &Path, volume: &str, id: &str, layers: &[PathBuf]) -> io::Result<PathBuf> {
    let home = home(pod_dir).join(volume);
    let (dir, below) = (home.join(id.rsplit(':').next().unwrap_or_default()), home.join(BELOW));
    fs::create_dir_all(&dir)?;
    // An image may be empty.
    if layers.is_empty() || super::setup::is_mount_point(&dir)? {
        return Ok(dir);
    }
    fs::create_dir_all(&below)?;
    let options = options(layers, &below)?;
    let flags = MountFlags::RDONLY | MountFlags::NOEXEC | MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount("overlay", &dir, "overlay", flags, options.as_c_str())?;
    Ok(dir)
}

fn options(layers: &[PathBuf], below: &Path) -> io::Result<std::ffi::CString> {
    let escape = |path: &Path| path.to_string_lossy().replace('\\', "\\\\").replace(':', "\\:").replace(',', "\\,");
    let all: Vec<String> = layers.iter().map(PathBuf::as_path).chain([below]).map(escape).collect();
    let text = format!("lowerdir={}", all.join(":"));
    if text.len() >= MOST_OPTIONS {
        let message =
            format!("{} layers need {} bytes of mount options, the kernel takes 4095", layers.len(), text.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(std::ffi::CString::new(text)?)
}

/// Takes all image volumes of a pod away; their empty directories stay.
pub(super) fn release(pod_dir: &Path) -> io::Result<()> {
    let list = |dir: &Path| -> Vec<PathBuf> {
        fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    for dir in list(&home(pod_dir)).iter().flat_map(|volume| list(volume)) {
        // Containers that start at the same time may have mounted it more than once.
        while super::setup::is_mount_point(&dir).unwrap_or(false) {
            rustix::mount::unmount(&dir, UnmountFlags::DETACH)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_name_the_uppermost_layer_first() {
        let layers = [PathBuf::from("/l/2"), PathBuf::from("/l/a:b,c")];
        let text = options(&layers, Path::new("/p/below")).unwrap();
        assert_eq!(text.to_str().unwrap(), "lowerdir=/l/2:/l/a\\:b\\,c:/p/below");
        let many = vec![PathBuf::from("/l/".to_owned() + &"x".repeat(100)); 40];
        assert!(options(&many, Path::new("/p/below")).unwrap_err().to_string().starts_with("40 layers need"));
    }

    #[test]
    fn an_empty_image_is_an_empty_directory() {
        let dir = tempfile::tempdir().unwrap();
        let at = mount(dir.path(), "v", "sha256:00", &[]).unwrap();
        assert_eq!(at, dir.path().join("volumes/kubernetes.io~image/v/00"));
        assert_eq!(fs::read_dir(&at).unwrap().count(), 0);
        release(dir.path()).unwrap();
    }

    #[test]
    fn layers_are_read_only_and_go_with_the_pod() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        // One layer alone, and two with a file in both.
        let (low, high, pod) = (dir.path().join("low"), dir.path().join("high"), dir.path().join("pod"));
        for (layer, text) in [(&low, "low"), (&high, "high")] {
            fs::create_dir_all(layer.join("d")).unwrap();
            fs::write(layer.join("d/same"), text).unwrap();
            fs::write(layer.join(text), text).unwrap();
        }
        let one = mount(&pod, "one", "sha256:01", std::slice::from_ref(&low)).unwrap();
        let two = mount(&pod, "two", "sha256:02", &[high, low]).unwrap();
        let read = |path: PathBuf| fs::read_to_string(path).unwrap();
        assert_eq!(read(one.join("d/same")), "low");
        assert_eq!((read(two.join("d/same")), read(two.join("low"))), ("high".into(), "low".into()));
        let refused = fs::write(one.join("new"), "").unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(rustix::io::Errno::ROFS.raw_os_error()));
        let flags = rustix::fs::statvfs(&one).unwrap().f_flag;
        assert!(flags.contains(rustix::fs::StatVfsMountFlags::NOEXEC | rustix::fs::StatVfsMountFlags::RDONLY));
        // Again it is the same mount, not one above.
        assert_eq!(mount(&pod, "one", "sha256:01", &[]).unwrap(), one);
        mount(&pod, "one", "sha256:01", &[dir.path().join("high")]).unwrap();
        assert_eq!(read(one.join("d/same")), "low");
        release(&pod).unwrap();
        assert!(!one.join("low").exists() && !two.join("low").exists());
        fs::remove_dir_all(&pod).unwrap();
    }
}
