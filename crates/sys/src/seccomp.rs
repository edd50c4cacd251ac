//! Loading of system call filters.

use std::io;

/// One instruction of a filter program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// Operation.
    pub code: u16,
    /// Jump when true.
    pub jump_true: u8,
    /// Jump when false.
    pub jump_false: u8,
    /// Constant.
    pub constant: u32,
}

const _: () = assert!(size_of::<Instruction>() == size_of::<libc::sock_filter>());

/// Loads a filter for this process and all that it starts. Needs no-new-privileges or CAP_SYS_ADMIN.
/// `log`: refused calls are logged by the kernel.
pub fn load(program: &[Instruction], log: bool) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut().cast() };
    let flags = if log { libc::SECCOMP_FILTER_FLAG_LOG } else { 0 };
    // SAFETY: filter points to `length` instructions of the kernel's layout (size asserted above, same field order);
    // the kernel copies and verifies them.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
