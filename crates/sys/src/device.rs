//! Device rules of cgroup version 2: a BPF program instead of files.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

/// Devices that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every device.
    All,
    /// Block devices.
    Block,
    /// Character devices.
    Character,
}

/// One thing that is allowed; everything else is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Block or character.
    pub kind: Kind,
    /// Major number, `None` for every.
    pub major: Option<u32>,
    /// Minor number, `None` for every.
    pub minor: Option<u32>,
    /// May be opened for reading.
    pub read: bool,
    /// May be opened for writing.
    pub write: bool,
    /// Nodes may be made.
    pub make: bool,
}

impl Rule {
    /// As version 1's `devices.allow` takes it.
    pub fn text(&self) -> String {
        let kind = match self.kind {
            Kind::All => "a",
            Kind::Block => "b",
            Kind::Character => "c",
        };
        let number = |n: Option<u32>| n.map_or("*".into(), |n| n.to_string());
        let mut access = String::new();
        for (allowed, letter) in [(self.read, 'r'), (self.write, 'w'), (self.make, 'm')] {
            if allowed {
                access.push(letter);
            }
        }
        format!("{kind} {}:{} {access}", number(self.major), number(self.minor))
    }
}

/// An eBPF instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
struct Op {
    code: u8,
    registers: u8,
    offset: i16,
    immediate: i32,
}

const fn op(code: u8, destination: u8, source: u8, offset: i16, immediate: i32) -> Op {
    Op { code, registers: source << 4 | destination, offset, immediate }
}

/// The program for a list of rules. Context: access type (kind in the low half, access in the high half), major, minor.
fn program(rules: &[Rule]) -> Vec<Op> {
    const LOAD_WORD: u8 = 0x61;
    const AND: u8 = 0x54;
    const SHIFT_RIGHT: u8 = 0x74;
    const MOVE_REGISTER: u8 = 0xbc;
    const MOVE: u8 = 0xb4;
    const JUMP_NOT_EQUAL: u8 = 0x56;
    const JUMP_NOT_EQUAL_REGISTER: u8 = 0x5e;
    const EXIT: u8 = 0x95;
    // r2 kind, r3 access, r4 major, r5 minor
    let mut ops = vec![
        op(LOAD_WORD, 2, 1, 0, 0),
        op(AND, 2, 0, 0, 0xffff),
        op(LOAD_WORD, 3, 1, 0, 0),
        op(SHIFT_RIGHT, 3, 0, 0, 16),
        op(LOAD_WORD, 4, 1, 4, 0),
        op(LOAD_WORD, 5, 1, 8, 0),
    ];
    for rule in rules {
        let mut block = Vec::new();
        match rule.kind {
            Kind::All => {}
            Kind::Block => block.push(op(JUMP_NOT_EQUAL, 2, 0, 0, 1)),
            Kind::Character => block.push(op(JUMP_NOT_EQUAL, 2, 0, 0, 2)),
        }
        let allowed = i32::from(rule.make) | i32::from(rule.read) << 1 | i32::from(rule.write) << 2;
        if allowed != 7 {
            // The asked-for access must lie within the allowed one.
            block.push(op(MOVE_REGISTER, 6, 3, 0, 0));
            block.push(op(AND, 6, 0, 0, allowed));
            block.push(op(JUMP_NOT_EQUAL_REGISTER, 6, 3, 0, 0));
        }
        if let Some(major) = rule.major {
            block.push(op(JUMP_NOT_EQUAL, 4, 0, 0, major as i32));
        }
        if let Some(minor) = rule.minor {
            block.push(op(JUMP_NOT_EQUAL, 5, 0, 0, minor as i32));
        }
        block.push(op(MOVE, 0, 0, 0, 1));
        block.push(op(EXIT, 0, 0, 0, 0));
        let length = block.len();
        for (at, op) in block.iter_mut().enumerate() {
            if matches!(op.code, JUMP_NOT_EQUAL | JUMP_NOT_EQUAL_REGISTER) {
                op.offset = (length - at - 1) as i16;
            }
        }
        ops.extend(block);
    }
    ops.extend([op(MOVE, 0, 0, 0, 0), op(EXIT, 0, 0, 0, 0)]);
    ops
}

const PROGRAM_LOAD: libc::c_long = 5;
const PROGRAM_ATTACH: libc::c_long = 8;
const TYPE_CGROUP_DEVICE: u32 = 15;
const ATTACH_CGROUP_DEVICE: u32 = 6;
const ALLOW_MULTI: u32 = 2;

#[repr(C)]
#[derive(Default)]
struct Load {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buffer: u64,
    kernel_version: u32,
    flags: u32,
}

#[repr(C)]
#[derive(Default)]
struct Attach {
    target: u32,
    program: u32,
    kind: u32,
    flags: u32,
}

/// Lets the processes of a cgroup (version 2) use only the devices of the rules.
pub fn restrict(cgroup: BorrowedFd<'_>, rules: &[Rule]) -> io::Result<()> {
    let ops = program(rules);
    let load = Load {
        kind: TYPE_CGROUP_DEVICE,
        count: ops.len() as u32,
        instructions: ops.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
        ..Load::default()
    };
    // SAFETY: load points to `count` instructions and a terminated string that outlive the call; its size is passed.
    let result = unsafe { libc::syscall(libc::SYS_bpf, PROGRAM_LOAD, &raw const load, size_of::<Load>()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor, owned by nobody else.
    let program = unsafe { OwnedFd::from_raw_fd(result as i32) };
    let attach = Attach {
        target: cgroup.as_raw_fd() as u32,
        program: program.as_raw_fd() as u32,
        kind: ATTACH_CGROUP_DEVICE,
        flags: ALLOW_MULTI,
    };
    // SAFETY: attach is integers only; its size is passed. The cgroup keeps the program alive afterwards.
    let result = unsafe { libc::syscall(libc::SYS_bpf, PROGRAM_ATTACH, &raw const attach, size_of::<Attach>()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NULL: Rule =
        Rule { kind: Kind::Character, major: Some(1), minor: Some(3), read: true, write: true, make: false };

    #[test]
    fn text_of_rules() {
        assert_eq!(NULL.text(), "c 1:3 rw");
        let all = Rule { kind: Kind::All, major: None, minor: None, read: true, write: true, make: true };
        assert_eq!(all.text(), "a *:* rwm");
    }

    #[test]
    fn jumps_lead_to_the_next_rule() {
        let ops = program(&[NULL]);
        // 6 loads, 8 for the rule, 2 for the refusal
        assert_eq!(ops.len(), 16);
        assert_eq!([ops[6].offset, ops[9].offset, ops[10].offset, ops[11].offset], [7, 4, 3, 2]);
    }
}
