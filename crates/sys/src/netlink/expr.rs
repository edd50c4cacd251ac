//! The pieces of nf_tables rules, and how they are written down.

use super::message::Buffer;

const INET: u8 = 2;

/// A 32-bit register; several in a row hold a longer value. There are 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reg(pub u8);

impl Reg {
    const VERDICT: u32 = 0;
    fn code(self) -> u32 {
        8 + u32::from(self.0)
    }
}

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Away with it.
    Drop,
    /// On it goes.
    Accept,
    /// Look into another chain and come back.
    Jump(String),
    /// Go on in another chain.
    Goto(String),
    /// Back to where it came from.
    Return,
}

impl Verdict {
    pub(super) fn write(&self, b: &mut Buffer) {
        let (code, chain) = match self {
            Self::Drop => (0, None),
            Self::Accept => (1, None),
            Self::Jump(chain) => (-3, Some(chain)),
            Self::Goto(chain) => (-4, Some(chain)),
            Self::Return => (-5i32, None),
        };
        b.nest(2, |b| {
            b.be32(1, code.cast_unsigned());
            if let Some(chain) = chain {
                b.text(2, chain);
            }
        });
    }
}

/// What a map holds for a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Data {
    /// Nothing: it is a set.
    None,
    /// Bytes.
    Value(Vec<u8>),
    /// A verdict.
    Verdict(Verdict),
}

/// A piece of a rule. `to` is the register that it writes, `reg`, `key`, `data`, `address` and `port` those that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the same everywhere and said once above")]
pub enum Expr {
    /// Loads bytes of the IP header.
    Network { to: Reg, offset: u32, len: u32 },
    /// Loads bytes of the transport header.
    Transport { to: Reg, offset: u32, len: u32 },
    /// Loads the transport protocol's number.
    Protocol { to: Reg },
    /// Loads the name of the interface it came in by (16 bytes).
    InName { to: Reg },
    /// Loads the name of the interface it leaves by (16 bytes).
    OutName { to: Reg },
    /// Goes on only if the register has this value.
    Equal { reg: Reg, value: Vec<u8> },
    /// Goes on only if the register has another value.
    NotEqual { reg: Reg, value: Vec<u8> },
    /// Keeps some bits.
    Mask { reg: Reg, mask: Vec<u8> },
    /// Goes on only if the set has the key, or only if it has not.
    InSet { set: String, key: Reg, not: bool },
    /// Loads a map's value; goes on only if there is one.
    FromMap { map: String, key: Reg, to: Reg },
    /// Does what a map of verdicts says.
    VerdictMap { map: String, key: Reg },
    /// A number from 0 to below `modulus`.
    Random { to: Reg, modulus: u32 },
    /// Loads a number.
    Load { to: Reg, value: Vec<u8> },
    /// Ends with a verdict.
    Do(Verdict),
    /// Changes the destination.
    DestinationNat { address: Reg, port: Option<Reg> },
    /// Changes the source to this address.
    SourceNat { address: Reg },
    /// Changes the source to the outgoing interface's address.
    Masquerade,
    /// Loads the connection's state bits.
    State { to: Reg },
    /// Loads the connection's status bits.
    Status { to: Reg },
    /// Loads the address that the connection was first meant for.
    OriginalAddress { to: Reg },
    /// Loads the port that the connection was first meant for.
    OriginalPort { to: Reg },
    /// Loads what kind of address the destination is (`RTN_*`).
    DestinationKind { to: Reg },
    /// Puts an entry into a dynamic map, or takes it out.
    Dynamic { set: String, key: Reg, data: Option<Reg>, how: Dynamic },
    /// Answers "port unreachable".
    Unreachable,
    /// Answers with a reset of the TCP connection.
    Reset,
}

/// What a rule does to a dynamic map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dynamic {
    /// Adds it or starts its time anew.
    Update {
        /// It is forgotten after this.
        timeout_ms: u64,
    },
    /// Takes it out.
    Delete,
}

/// A connection is new.
pub const STATE_NEW: u32 = 8;
/// A connection's destination was changed.
pub const STATUS_DNAT: u32 = 1 << 5;
/// The destination is this host.
pub const KIND_LOCAL: u32 = 2;

pub(super) fn data(b: &mut Buffer, kind: u16, value: &[u8]) {
    b.nest(kind, |b| b.attr(1, value));
}

impl Expr {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Network { .. } | Self::Transport { .. } => "payload",
            Self::Protocol { .. } | Self::InName { .. } | Self::OutName { .. } => "meta",
            Self::Equal { .. } | Self::NotEqual { .. } => "cmp",
            Self::Mask { .. } => "bitwise",
            Self::InSet { .. } | Self::FromMap { .. } | Self::VerdictMap { .. } => "lookup",
            Self::Random { .. } => "numgen",
            Self::Load { .. } | Self::Do(_) => "immediate",
            Self::DestinationNat { .. } | Self::SourceNat { .. } => "nat",
            Self::Masquerade => "masq",
            Self::State { .. } | Self::Status { .. } | Self::OriginalAddress { .. } | Self::OriginalPort { .. } => "ct",
            Self::DestinationKind { .. } => "fib",
            Self::Dynamic { .. } => "dynset",
            Self::Unreachable | Self::Reset => "reject",
        }
    }

    pub(super) fn write(&self, b: &mut Buffer) {
        let payload = |b: &mut Buffer, base: u32, to: Reg, offset: u32, len: u32| {
            b.be32(1, to.code());
            b.be32(2, base);
            b.be32(3, offset);
            b.be32(4, len);
        };
        let meta = |b: &mut Buffer, to: Reg, key: u32| {
            b.be32(1, to.code());
            b.be32(2, key);
        };
        let compare = |b: &mut Buffer, reg: Reg, operator: u32, value: &[u8]| {
            b.be32(1, reg.code());
            b.be32(2, operator);
            data(b, 3, value);
        };
        match self {
            Self::Network { to, offset, len } => payload(b, 1, *to, *offset, *len),
            Self::Transport { to, offset, len } => payload(b, 2, *to, *offset, *len),
            Self::Protocol { to } => meta(b, *to, 16),
            Self::InName { to } => meta(b, *to, 6),
            Self::OutName { to } => meta(b, *to, 7),
            Self::Equal { reg, value } => compare(b, *reg, 0, value),
            Self::NotEqual { reg, value } => compare(b, *reg, 1, value),
            Self::Mask { reg, mask } => {
                b.be32(1, reg.code());
                b.be32(2, reg.code());
                b.be32(3, u32::try_from(mask.len()).unwrap_or(4));
                data(b, 4, mask);
                data(b, 5, &vec![0; mask.len()]);
            }
            Self::Random { to, modulus } => {
                b.be32(1, to.code());
                b.be32(2, *modulus);
                b.be32(3, 1);
            }
            Self::Load { to, value } => {
                b.be32(1, to.code());
                data(b, 2, value);
            }
            Self::Do(verdict) => {
                b.be32(1, Reg::VERDICT);
                b.nest(2, |b| verdict.write(b));
            }
            _ => self.write_stateful(b),
        }
    }

    fn write_stateful(&self, b: &mut Buffer) {
        let ct = |b: &mut Buffer, to: Reg, key: u32, original: bool| {
            b.be32(1, to.code());
            b.be32(2, key);
            if original {
                b.attr(3, &[0]);
            }
        };
        match self {
            Self::InSet { set, key, not } => {
                b.text(1, set);
                b.be32(2, key.code());
                if *not {
                    b.be32(5, 1);
                }
            }
            Self::FromMap { map, key, to } => {
                b.text(1, map);
                b.be32(2, key.code());
                b.be32(3, to.code());
            }
            Self::VerdictMap { map, key } => {
                b.text(1, map);
                b.be32(2, key.code());
                b.be32(3, Reg::VERDICT);
            }
            Self::DestinationNat { address, port } => nat(b, 1, *address, *port),
            Self::SourceNat { address } => nat(b, 0, *address, None),
            Self::State { to } => ct(b, *to, 0, false),
            Self::Status { to } => ct(b, *to, 2, false),
            Self::OriginalAddress { to } => ct(b, *to, 20, true),
            Self::OriginalPort { to } => ct(b, *to, 12, true),
            Self::DestinationKind { to } => {
                b.be32(1, to.code());
                b.be32(2, 3);
                b.be32(3, 2);
            }
            Self::Dynamic { set, key, data, how } => dynamic(b, set, *key, *data, *how),
            Self::Reset => b.be32(1, 1),
            Self::Unreachable => {
                b.be32(1, 0);
                // Port unreachable.
                b.attr(2, &[3]);
            }
            // Masquerading has no details; everything else was written before.
            _ => {}
        }
    }
}

fn nat(b: &mut Buffer, kind: u32, address: Reg, port: Option<Reg>) {
    b.be32(1, kind);
    b.be32(2, u32::from(INET));
    b.be32(3, address.code());
    if let Some(port) = port {
        b.be32(5, port.code());
    }
}

fn dynamic(b: &mut Buffer, set: &str, key: Reg, data: Option<Reg>, how: Dynamic) {
    b.text(1, set);
    let (operation, timeout) = match how {
        Dynamic::Update { timeout_ms } => (1, Some(timeout_ms)),
        Dynamic::Delete => (2, None),
    };
    b.be32(3, operation);
    b.be32(4, key.code());
    if let Some(data) = data {
        b.be32(5, data.code());
    }
    if let Some(timeout) = timeout {
        b.be64(6, timeout);
    }
}
