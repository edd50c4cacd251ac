//! Devices that a container may use.

use std::os::unix::fs::{FileTypeExt, MetadataExt};

use cri::runtime::Device;
use sys::device::{Kind, Rule};

const fn rule(kind: Kind, major: Option<u32>, minor: Option<u32>, use_it: bool) -> Rule {
    Rule { kind, major, minor, read: use_it, write: use_it, make: true }
}

/// Any node may be made, a few may be used.
const DEFAULT: [Rule; 11] = [
    rule(Kind::Character, None, None, false),
    rule(Kind::Block, None, None, false),
    rule(Kind::Character, Some(1), Some(3), true),
    rule(Kind::Character, Some(1), Some(5), true),
    rule(Kind::Character, Some(1), Some(7), true),
    rule(Kind::Character, Some(1), Some(8), true),
    rule(Kind::Character, Some(1), Some(9), true),
    rule(Kind::Character, Some(5), Some(0), true),
    rule(Kind::Character, Some(5), Some(1), true),
    rule(Kind::Character, Some(5), Some(2), true),
    rule(Kind::Character, Some(136), None, true),
];

/// The default ones and those of a configuration.
pub(super) fn rules(devices: &[Device]) -> Vec<Rule> {
    let mut all = DEFAULT.to_vec();
    for device in devices {
        // One that is not there fails when its node is made, with a better message.
        let Ok(metadata) = std::fs::metadata(&device.host_path) else { continue };
        let kind = if metadata.file_type().is_block_device() { Kind::Block } else { Kind::Character };
        let number = metadata.rdev();
        all.push(Rule {
            kind,
            major: Some(rustix::fs::major(number)),
            minor: Some(rustix::fs::minor(number)),
            read: device.permissions.contains('r'),
            write: device.permissions.contains('w'),
            make: device.permissions.contains('m'),
        });
    }
    all
}
