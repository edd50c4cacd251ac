//! Capability names and sets.

use crate::child::{Outcome, failure};

/// In the kernel's order, from bit 0.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What every container runtime grants unless told otherwise.
pub(crate) const DEFAULT: u64 = 0xa804_25fb;

/// All that are known.
pub(crate) const ALL: u64 = (1 << NAMES.len()) - 1;

/// The bit of a name, with or without `CAP_`.
fn bit(name: &str) -> Option<u64> {
    let upper = name.to_ascii_uppercase();
    let short = upper.strip_prefix("CAP_").unwrap_or(&upper);
    NAMES.iter().position(|known| *known == short).map(|at| 1 << at)
}

/// Whether a set has a capability.
pub(crate) fn has(set: u64, name: &str) -> bool {
    bit(name).is_some_and(|bit| set & bit != 0)
}

/// The set for a container: the default one, or all, with additions and removals. `ALL` first, then single names, so
/// that "drop ALL, add X" leaves X and "add ALL, drop X" lacks X.
pub(crate) fn set(privileged: bool, add: &[String], drop: &[String]) -> Outcome<u64> {
    let all = |names: &[String]| {
        names.iter().any(|name| name.eq_ignore_ascii_case("ALL") || name.eq_ignore_ascii_case("CAP_ALL"))
    };
    let single = |names: &[String]| -> Outcome<u64> {
        names
            .iter()
            .filter(|name| !name.eq_ignore_ascii_case("ALL") && !name.eq_ignore_ascii_case("CAP_ALL"))
            .try_fold(0, |set, name| {
                Ok(set | bit(name).ok_or_else(|| failure("unknown capability", format!("{name:?}")))?)
            })
    };
    if privileged {
        return Ok(ALL);
    }
    let mut set = DEFAULT;
    if all(add) {
        set = ALL;
    }
    if all(drop) {
        set = 0;
    }
    Ok((set | single(add)?) & !single(drop)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (privileged, add, drop, expected) in [
            (false, "", "", DEFAULT),
            (true, "", "ALL", ALL),
            (false, "", "ALL", 0),
            (false, "NET_BIND_SERVICE", "all", 1 << 10),
            (false, "ALL", "CAP_SYS_ADMIN", ALL & !(1 << 21)),
            (false, "SYS_TIME", "CHOWN", (DEFAULT | 1 << 25) & !1),
        ] {
            assert_eq!(set(privileged, &names(add), &names(drop)).unwrap(), expected, "+{add} -{drop}");
        }
        assert!(set(false, &names("FLY"), &[]).unwrap_err().message.contains("FLY"));
    }

    #[test]
    fn membership() {
        assert!(has(DEFAULT, "CAP_CHOWN") && !has(DEFAULT, "SYS_ADMIN"));
    }
}
