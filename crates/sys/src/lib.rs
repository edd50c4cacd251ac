//! The only room with `unsafe`: safe functions over the system calls that neither the standard library nor rustix
//! offers safely. Nothing here decides anything.
#![allow(unsafe_code)]

pub mod cgroup;
pub mod code;
pub mod device;
pub mod fdpass;
pub mod iface;
pub mod mount;
pub mod netlink;
pub mod process;
pub mod seccomp;
pub mod signal;
