//! System call filters: the runtime's default one and profiles in the OCI format.

mod code;
mod profile;
mod table;

use std::collections::BTreeMap;

use sys::seccomp::Instruction;

pub(crate) use profile::parse;

/// Kernel values of what happens with a call.
pub(crate) const ALLOW: u32 = 0x7fff_0000;
const ERRNO: u32 = 0x0005_0000;
const EPERM: u32 = 1;
const ENOSYS: u32 = 38;

/// Comparison of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
    /// Equal after masking with the first value.
    Masked(u64),
}

/// A condition on one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Condition {
    /// Which argument, 0 to 5.
    pub argument: u8,
    /// How it is compared.
    pub compare: Compare,
    /// With what.
    pub value: u64,
}

/// A rule of one system call: the action applies when all conditions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Kernel value.
    pub action: u32,
    /// All must hold.
    pub conditions: Vec<Condition>,
}

/// A filter, ready to be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    /// For calls without a rule that applies.
    pub default: u32,
    /// Rules by system call, the first that applies counts.
    pub rules: BTreeMap<u32, Vec<Rule>>,
    /// Ask the kernel to log what is refused.
    pub log: bool,
}

/// Why a filter cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file is no profile.
    #[error("decoding seccomp profile failed: {0}")]
    Format(#[from] serde_json::Error),
    /// An unknown word in it.
    #[error("unknown {what} {word:?}")]
    Unknown {
        /// What kind of word.
        what: &'static str,
        /// The word.
        word: String,
    },
    /// More instructions than the kernel takes.
    #[error("the filter needs {0} instructions, the kernel takes 4096")]
    Long(usize),
}

impl Filter {
    fn new(default: u32) -> Self {
        Self { default, rules: BTreeMap::new(), log: false }
    }

    /// Adds a rule for calls by name; names that this architecture does not have are skipped.
    fn add<'a>(&mut self, names: impl IntoIterator<Item = &'a str>, action: u32, conditions: &[Condition]) {
        for name in names {
            if let Some(number) = number(name) {
                self.rules.entry(number).or_default().push(Rule { action, conditions: conditions.to_vec() });
            }
        }
    }

    /// The program that the kernel runs for each call.
    pub(crate) fn compile(&self) -> Result<Vec<Instruction>, Error> {
        let program = code::compile(self);
        if program.len() > 4096 { Err(Error::Long(program.len())) } else { Ok(program) }
    }
}

fn number(name: &str) -> Option<u32> {
    table::NUMBERS
        .split(' ')
        .find_map(|entry| entry.split_once(':').filter(|(known, _)| *known == name)?.1.parse().ok())
}

/// What other container runtimes call their default profile, for a container with these capabilities.
pub(crate) fn runtime_default(has: impl Fn(&str) -> bool) -> Filter {
    const NEW_NAMESPACES: u64 = 0x7e02_0000;
    let mut filter = Filter::new(ERRNO | EPERM);
    let special = ["socket", "personality", "clone", "clone3"];
    let always = table::ALWAYS.split(' ').chain(table::ARCHITECTURE.split(' '));
    filter.add(always.filter(|name| !special.contains(name)), ALLOW, &[]);
    let first = |compare, value| Condition { argument: 0, compare, value };
    // Socket families: all but the kernel's cryptography (38) and the hypervisor's (40).
    filter.add(["socket"], ALLOW, &[first(Compare::Less, 38)]);
    filter.add(["socket"], ALLOW, &[first(Compare::Equal, 39)]);
    filter.add(["socket"], ALLOW, &[first(Compare::Greater, 40), first(Compare::LessOrEqual, 45)]);
    for personality in [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff] {
        filter.add(["personality"], ALLOW, &[first(Compare::Equal, personality)]);
    }
    if !has("SYS_ADMIN") {
        filter.add(["clone"], ALLOW, &[first(Compare::Masked(NEW_NAMESPACES), 0)]);
        // Its arguments cannot be seen; programs fall back to clone.
        filter.add(["clone3"], ERRNO | ENOSYS, &[]);
    }
    for (capability, names) in table::WITH_CAPABILITY {
        if has(capability) {
            filter.add(names.split_whitespace(), ALLOW, &[]);
        }
    }
    filter
}
