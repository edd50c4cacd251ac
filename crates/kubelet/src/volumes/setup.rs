//! Makes the volumes of a pod, or brings them up to date: doing it twice changes nothing.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, Pod, Volume};

use super::{
    Failure, Map, Mounted, atomic, host_path, ownership,
    payload::{self, Files},
    projected,
    token::Tokens,
};
use crate::{
    certificates::Certificates,
    container::resources,
    context::Context,
    env::{
        build::{Missing, Objects},
        fields::Facts,
    },
    objects::Snapshot,
    pods::spec,
};

/// What it is made from.
pub(crate) struct Job {
    pub(crate) context: Arc<Context>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) objects: Snapshot,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) facts: Facts,
}

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) map: Map,
    pub(crate) failures: Vec<Failure>,
    /// When tokens and certificates are to be renewed.
    pub(crate) refresh_at: Option<Timestamp>,
}

impl Outcome {
    /// Something is to be renewed then.
    pub(super) fn refresh(&mut self, at: Option<Timestamp>) {
        self.refresh_at = [self.refresh_at, at].into_iter().flatten().min();
    }
}

/// All volumes of the pod.
pub(crate) async fn set_up(job: &Job) -> Outcome {
    let mut outcome = Outcome::default();
    for volume in spec::spec(&job.pod).volumes.iter().flatten() {
        match one(job, volume, &mut outcome).await {
            Ok(Some(mounted)) => {
                outcome.map.insert(volume.name.clone(), mounted);
            }
            Ok(None) => {}
            Err(reason) => outcome.failures.push(Failure { volume: volume.name.clone(), reason }),
        }
    }
    outcome
}

async fn one(job: &Job, volume: &Volume, outcome: &mut Outcome) -> Result<Option<Mounted>, String> {
    if let Some(source) = &volume.host_path {
        host_path::check(&source.path, source.type_.as_deref().unwrap_or_default())?;
        return Ok(Some(Mounted { path: PathBuf::from(&source.path), read_only: false }));
    }
    if let Some(source) = &volume.empty_dir {
        return empty_dir(job, &volume.name, source).map(Some).map_err(|error| error.to_string());
    }
    if let Some(source) = &volume.config_map {
        let default = file_mode(source.default_mode);
        let optional = source.optional == Some(true);
        let files = match found(job.objects.config_map(&source.name), optional)? {
            Some(object) => payload::config_map(&object, source.items.as_deref(), default, optional)?,
            None => Files::new(),
        };
        return write(job, &volume.name, "kubernetes.io~configmap", &files, None).map(Some);
    }
    if let Some(source) = &volume.secret {
        let default = file_mode(source.default_mode);
        let optional = source.optional == Some(true);
        let files = match found(job.objects.secret(source.secret_name.as_deref().unwrap_or_default()), optional)? {
            Some(object) => payload::secret(&object, source.items.as_deref(), default, optional)?,
            None => Files::new(),
        };
        return write(job, &volume.name, "kubernetes.io~secret", &files, None).map(Some);
    }
    if let Some(source) = &volume.downward_api {
        let files = payload::downward(
            &job.pod,
            source.items.as_deref().unwrap_or_default(),
            file_mode(source.default_mode),
            &job.facts,
        )?;
        return write(job, &volume.name, "kubernetes.io~downward-api", &files, None).map(Some);
    }
    if let Some(source) = &volume.projected {
        let files = projected::files(job, &volume.name, source, outcome).await?;
        return write(job, &volume.name, "kubernetes.io~projected", &files, token_user(&job.pod)).map(Some);
    }
    if volume.image.is_some() {
        // A matter of the containers that mount it, once they start.
        return Ok(None);
    }
    unsupported(volume)
}

fn unsupported(volume: &Volume) -> Result<Option<Mounted>, String> {
    let kind = if volume.persistent_volume_claim.is_some() {
        "persistentVolumeClaim"
    } else if volume.csi.is_some() || volume.ephemeral.is_some() {
        "CSI"
    } else if volume.nfs.is_some() {
        "NFS"
    } else {
        "this kind of"
    };
    Err(format!("{kind} volumes are not supported by this node yet"))
}

pub(super) fn file_mode(mode: Option<i32>) -> u32 {
    mode.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(0o644) & 0o777
}

pub(super) fn found<T>(object: Result<Arc<T>, Missing>, optional: bool) -> Result<Option<Arc<T>>, String> {
    match object {
        Ok(object) => Ok(Some(object)),
        Err(Missing::NotFound(_)) if optional => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn fs_group(pod: &Pod) -> Option<u32> {
    spec::spec(pod)
        .security_context
        .as_ref()
        .and_then(|context| context.fs_group)
        .and_then(|gid| u32::try_from(gid).ok())
}

/// The one user that all containers run as, if there is one: tokens then belong to it.
pub(super) fn token_user(pod: &Pod) -> Option<u32> {
    let shared = spec::spec(pod).security_context.as_ref().and_then(|context| context.run_as_user);
    let mut users = spec::spec(pod)
        .containers
        .iter()
        .chain(spec::init_containers(pod))
        .map(|container| container.security_context.as_ref().and_then(|own| own.run_as_user).or(shared));
    let first = users.next().flatten()?;
    users.all(|user| user == Some(first)).then_some(first).and_then(|user| u32::try_from(user).ok())
}

/// Files of small volumes live in memory: secrets never reach the disk.
fn write(job: &Job, name: &str, plugin: &str, files: &Files, user: Option<u32>) -> Result<Mounted, String> {
    let dir = job.context.config.memory_dir().join(spec::uid(&job.pod)).join(plugin).join(name);
    let group = fs_group(&job.pod);
    let prepare = |fresh: &Path| -> io::Result<()> {
        if let Some(gid) = group {
            ownership::apply(fresh, gid, true)?;
        }
        match user {
            Some(user) => own_private(fresh, user),
            None => Ok(()),
        }
    };
    let done = make_dir(&dir, 0o777).and_then(|()| match group {
        Some(gid) if !ownership::matches(&dir, gid, false) => {
            chown(&dir, None, Some(gid)).and_then(|()| set_mode(&dir, 0o2777))
        }
        _ => Ok(()),
    });
    done.and_then(|()| atomic::write(&dir, files, job.context.env.now(), &prepare))
        .map_err(|error| error.to_string())?;
    Ok(Mounted { path: dir, read_only: true })
}

/// Private files (tokens) belong to the user of the containers.
fn own_private(dir: &Path, user: u32) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        if meta.is_dir() {
            own_private(&entry.path(), user)?;
        } else if meta.permissions().mode() & 0o007 == 0 {
            chown(entry.path(), Some(user), None)?;
        }
    }
    Ok(())
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Makes a directory and its parents; its mode is as asked whatever the umask.
fn make_dir(dir: &Path, mode: u32) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::create_dir(dir) {
        Ok(()) => set_mode(dir, mode),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn empty_dir(job: &Job, name: &str, source: &EmptyDirVolumeSource) -> io::Result<Mounted> {
    let dir = job.context.config.pod_dir(spec::uid(&job.pod)).join("volumes/kubernetes.io~empty-dir").join(name);
    let mode = source.mode.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(0o777);
    let is_new = !dir.is_dir();
    make_dir(&dir, mode)?;
    let medium = source.medium.as_deref().unwrap_or_default();
    if !medium.is_empty() && !is_mount_point(&dir)? {
        mount_memory(job, &dir, medium, source)?;
        set_mode(&dir, mode)?;
    } else if !is_new {
        return Ok(Mounted { path: dir, read_only: false });
    }
    if let Some(gid) = fs_group(&job.pod) {
        ownership::apply(&dir, gid, false)?;
    }
    Ok(Mounted { path: dir, read_only: false })
}

fn mount_memory(job: &Job, dir: &Path, medium: &str, source: &EmptyDirVolumeSource) -> io::Result<()> {
    use rustix::mount::{MountFlags, mount};
    if let Some(page) = medium.strip_prefix("HugePages") {
        let option = match page.strip_prefix('-') {
            Some(size) => format!("pagesize={}", size.trim_end_matches('i')),
            None => String::new(),
        };
        let option = std::ffi::CString::new(option).unwrap_or_default();
        return Ok(mount("nodev", dir, "hugetlbfs", MountFlags::empty(), option.as_c_str())?);
    }
    let limit = source
        .size_limit
        .as_ref()
        .and_then(resources::parse)
        .map(|quantity| quantity.value())
        .filter(|bytes| *bytes > 0);
    let pod_limit = resources::pod_resources(&job.pod)
        .limits
        .as_ref()
        .and_then(|limits| limits.get("memory"))
        .and_then(resources::parse)
        .map(|quantity| quantity.value())
        .filter(|bytes| *bytes > 0);
    let size =
        [limit, pod_limit, Some(i128::from(job.context.facts.memory_bytes))].into_iter().flatten().min().unwrap_or(0);
    let option = std::ffi::CString::new(format!("size={size}")).unwrap_or_default();
    Ok(mount("tmpfs", dir, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, option.as_c_str())?)
}

/// A directory on another device than its parent.
pub(super) fn is_mount_point(dir: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let parent = dir.parent().unwrap_or(dir);
    Ok(fs::metadata(dir)?.dev() != fs::metadata(parent)?.dev())
}

/// Takes away everything that [`set_up`] made on this host for a pod.
pub(crate) fn tear_down(context: &Context, uid: &str) -> io::Result<()> {
    let pod_dir = context.config.pod_dir(uid);
    super::sub_path::release(&pod_dir.join("volume-subpaths"))?;
    super::image::release(&pod_dir)?;
    let empty_dirs = pod_dir.join("volumes/kubernetes.io~empty-dir");
    for entry in fs::read_dir(&empty_dirs).into_iter().flatten().flatten() {
        let path = entry.path();
        if is_mount_point(&path).unwrap_or(false) {
            rustix::mount::unmount(&path, rustix::mount::UnmountFlags::DETACH)?;
        }
    }
    remove(&context.config.memory_dir().join(uid))?;
    remove(&pod_dir.join("volumes"))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
