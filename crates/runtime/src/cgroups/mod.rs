//! Cgroups of an instance: version 1, version 2, or both side by side, all below a directory of the instance's.

mod devices;
mod kill;
mod limits;
mod stats;

use std::{
    io,
    path::{Path, PathBuf},
};

use cri::runtime::{Device, Resources};
use sys::cgroup::Host;

use crate::{proto::Place, spec::CgroupView};

/// What went wrong with a group.
#[derive(Debug, thiserror::Error)]
#[error("{tried} {path}: {source}", path = path.display())]
pub(crate) struct Error {
    tried: &'static str,
    path: PathBuf,
    source: io::Error,
}

fn failed(tried: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error { tried, path: path.to_path_buf(), source }
}

/// The instance's groups on this host.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    host: Host,
    root: String,
}

impl Groups {
    pub(crate) fn new(root: &str) -> io::Result<Self> {
        Ok(Self { host: Host::detect()?, root: root.to_owned() })
    }

    /// The directory of a group in every hierarchy, version 1 first.
    fn directories(&self, group: &str) -> Vec<PathBuf> {
        let mounts = self.host.legacy.iter().map(|hierarchy| &hierarchy.mount).chain(&self.host.unified);
        mounts.map(|mount| mount.join(&self.root).join(group)).collect()
    }

    fn unified(&self, group: &str) -> Option<PathBuf> {
        self.host.unified.as_ref().map(|mount| mount.join(&self.root).join(group))
    }

    fn legacy(&self, controller: &str, group: &str) -> Option<PathBuf> {
        self.host.legacy(controller).map(|mount| mount.join(&self.root).join(group))
    }

    /// Makes a group in every hierarchy and sets its limits.
    pub(crate) fn create(&self, group: &str, resources: &Resources) -> Result<(), Error> {
        for hierarchy in &self.host.legacy {
            let cpuset = hierarchy.controllers.iter().any(|controller| controller == "cpuset");
            self.each_level(
                &hierarchy.mount,
                group,
                |directory| {
                    if cpuset { inherit_cpuset(directory) } else { Ok(()) }
                },
            )?;
        }
        if let Some(mount) = &self.host.unified {
            let wanted = self.host.is_unified() || !resources.hugepages_bytes.is_empty();
            if wanted {
                enable(mount);
            }
            let last = mount.join(&self.root).join(group);
            // An empty group that `cgroup.kill` ended before must not be used again: the kernel compares kill counters when a
            // process is cloned into a group, and ends it at once where those of the two groups differ. One in use stays.
            let _ = std::fs::remove_dir(&last);
            self.each_level(mount, group, |directory| {
                // A group with processes of its own cannot pass controllers on, so not the last one.
                if wanted && directory != last {
                    enable(directory);
                }
                Ok(())
            })?;
        }
        self.limit(group, resources)
    }

    fn each_level(
        &self,
        mount: &Path,
        group: &str,
        mut step: impl FnMut(&Path) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut directory = mount.to_path_buf();
        for part in Path::new(&self.root).join(group).components() {
            directory.push(part);
            match std::fs::create_dir(&directory) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed("making the cgroup", &directory)(error));
                }
                _ => {}
            }
            step(&directory)?;
        }
        Ok(())
    }

    /// Sets the limits that are given and leaves the others.
    pub(crate) fn limit(&self, group: &str, resources: &Resources) -> Result<(), Error> {
        if self.host.is_unified() {
            let Some(directory) = self.unified(group) else { return Ok(()) };
            return limits::unified(resources).into_iter().try_for_each(|(file, value)| set(&directory, &file, &value));
        }
        for (controller, file, value) in limits::legacy(resources) {
            if let Some(directory) = self.legacy(controller, group) {
                set(&directory, &file, &value)?;
            }
        }
        if let (Some(bytes), Some(directory)) = (resources.memory_limit_bytes, self.legacy("memory", group)) {
            limits::memory(&directory, bytes).map_err(failed("limiting memory of", &directory))?;
        }
        let pages = limits::hugepages(resources, self.host.legacy("hugetlb").is_some());
        let directory = self.legacy("hugetlb", group).or_else(|| self.unified(group));
        directory
            .map_or(Ok(()), |directory| pages.into_iter().try_for_each(|(file, value)| set(&directory, &file, &value)))
    }

    /// Lets a container use the default devices and those given; all when privileged.
    pub(crate) fn allow_devices(&self, group: &str, devices: &[Device], privileged: bool) -> Result<(), Error> {
        if privileged {
            return Ok(());
        }
        let rules = devices::rules(devices);
        if let Some(directory) = self.legacy("devices", group) {
            set(&directory, "devices.deny", "a")?;
            return rules.iter().try_for_each(|rule| set(&directory, "devices.allow", &rule.text()));
        }
        if let Some(directory) = self.unified(group) {
            let open = std::fs::File::open(&directory).map_err(failed("opening", &directory))?;
            let result = sys::device::restrict(std::os::fd::AsFd::as_fd(&open), &rules);
            return result.map_err(failed("restricting devices of", &directory));
        }
        Ok(())
    }

    /// One more thing of version 2: a group in which memory ran out ends as a whole.
    pub(crate) fn end_together(&self, group: &str) {
        if let (true, Some(directory)) = (self.host.is_unified(), self.unified(group)) {
            let _ = sys::cgroup::write(&directory, "memory.oom.group", "1");
        }
    }

    /// Where a process of the group is put.
    pub(crate) fn place(&self, group: &str) -> Place {
        let legacy = self.host.legacy.iter().map(|h| h.mount.join(&self.root).join(group)).collect();
        Place { unified: self.unified(group), legacy }
    }

    /// What a container of the group sees. Where controllers are version 1, only a privileged container, which may divide
    /// its group, sees the version 2 hierarchy beside them: to programs that look, its mount means version 2.
    pub(crate) fn view(&self, group: &str, privileged: bool) -> CgroupView {
        if self.host.legacy.is_empty() {
            return CgroupView { unified: self.unified(group), ..CgroupView::default() };
        }
        let mut view = CgroupView::default();
        let unified = self.host.unified.iter().filter(|_| privileged);
        for (mount, directory) in self.host.legacy.iter().map(|h| &h.mount).chain(unified).zip(self.directories(group))
        {
            let Some(name) = mount.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
            if name.contains(',') {
                view.links.extend(name.split(',').map(|part| (part.to_owned(), name.clone())));
            }
            view.hierarchies.push((name, directory));
        }
        view
    }

    /// The file that counts what the out-of-memory killer ended.
    pub(crate) fn oom_counter(&self, group: &str) -> Option<PathBuf> {
        if let Some(directory) = self.legacy("memory", group) {
            return Some(directory.join("memory.oom_control"));
        }
        self.unified(group).map(|directory| directory.join("memory.events"))
    }

    /// Puts a process into a group.
    pub(crate) fn enter(&self, group: &str, pid: i32) -> Result<(), Error> {
        self.directories(group).into_iter().try_for_each(|directory| set(&directory, "cgroup.procs", &pid.to_string()))
    }
}

/// Writes a value; a file that this kernel does not have is skipped.
fn set(directory: &Path, file: &str, value: &str) -> Result<(), Error> {
    match sys::cgroup::write(directory, file, value) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && directory.is_dir() => Ok(()),
        result => result.map_err(failed("writing", &directory.join(file))),
    }
}

/// A new group of version 1 has no processors and no memory nodes until it is given some.
fn inherit_cpuset(directory: &Path) -> Result<(), Error> {
    let Some(parent) = directory.parent() else { return Ok(()) };
    for file in ["cpuset.cpus", "cpuset.mems"] {
        let read = |group: &Path| std::fs::read_to_string(group.join(file)).map(|text| text.trim().to_owned());
        if let (Ok(value), Ok(own)) = (read(parent), read(directory))
            && own.is_empty()
        {
            set(directory, file, &value)?;
        }
    }
    Ok(())
}

/// Passes every controller on to the groups below. What cannot be passed on shows when a limit is set.
fn enable(directory: &Path) {
    let read = |file: &str| std::fs::read_to_string(directory.join(file)).unwrap_or_default();
    let (have, on) = (read("cgroup.controllers"), read("cgroup.subtree_control"));
    for controller in have.split_whitespace().filter(|name| !on.split_whitespace().any(|other| other == *name)) {
        let _ = sys::cgroup::write(directory, "cgroup.subtree_control", &format!("+{controller}"));
    }
}
