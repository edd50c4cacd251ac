//! The nft table: its sets, its chains, and the few rules that look things up in them. Services are entries, never rules.

use std::{borrow::Cow, collections::BTreeSet, net::Ipv4Addr};

use sys::netlink::nft::{
    Data, Dynamic, Expr, Field, Hook, KIND_LOCAL, Reg, STATE_NEW, STATUS_DNAT, Set, Transaction, Values, Verdict,
};

use crate::config::{Cidr, Names};

use Field::{Address, Number, Port, Protocol};

/// Where a service answers: address, protocol, port. The key of most sets below.
const FRONTEND: &[Field] = &[Address, Protocol, Port];

/// The sets and maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SetId {
    /// Frontend → the chain that picks among so many endpoints.
    Frontends,
    /// Frontend and place → endpoint.
    Endpoints,
    /// Frontend and place → the chain of the slot that a new client gets, where clients stay.
    Choices,
    /// Frontend → the endpoint in this slot, where clients stay.
    Slot(u16),
    /// Frontend → what happens to new connections that have nowhere to go.
    Refused,
    /// Frontends whose clients may be anywhere: answers must come back through this node.
    Outside,
    /// All cluster addresses.
    ClusterIps,
    /// Endpoint and endpoint: a pod that reaches itself.
    Hairpin,
    /// Protocol and port of any address of this node → pod.
    HostPorts,
    /// The same for one address of this node.
    HostPortsAt,
}

/// The sets that are always there.
const FIXED: &[SetId] = &[
    SetId::Frontends,
    SetId::Endpoints,
    SetId::Choices,
    SetId::Refused,
    SetId::Outside,
    SetId::ClusterIps,
    SetId::Hairpin,
    SetId::HostPorts,
    SetId::HostPortsAt,
];

impl SetId {
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Self::Frontends => "frontends".into(),
            Self::Endpoints => "endpoints".into(),
            Self::Choices => "choices".into(),
            Self::Slot(slot) => format!("slot-{slot}").into(),
            Self::Refused => "refused".into(),
            Self::Outside => "outside".into(),
            Self::ClusterIps => "cluster-ips".into(),
            Self::Hairpin => "hairpin".into(),
            Self::HostPorts => "host-ports".into(),
            Self::HostPortsAt => "host-ports-at".into(),
        }
    }

    fn set(self) -> Set {
        let place = Values::Fields(&[Address, Port]);
        let (key, values): (&'static [Field], Values) = match self {
            Self::Frontends | Self::Refused => (FRONTEND, Values::Verdicts),
            Self::Endpoints => (&[Address, Protocol, Port, Number], place),
            Self::Choices => (&[Address, Protocol, Port, Number], Values::Verdicts),
            Self::Slot(_) | Self::HostPortsAt => (FRONTEND, place),
            Self::Outside => (FRONTEND, Values::None),
            Self::ClusterIps => (&[Address], Values::None),
            Self::Hairpin => (&[Address, Address], Values::None),
            Self::HostPorts => (&[Protocol, Port], place),
        };
        Set { name: self.name(), key, values, dynamic: None }
    }
}

/// Clients of one slot; a chain writes them down. nft's own tool cannot show a rule that uses what one map holds as
/// part of the key of another, so there is a set for each slot instead of one map for all.
fn stay_set(slot: u16) -> Set {
    Set {
        name: format!("stay-{slot}").into(),
        key: &[Address, Protocol, Port, Address],
        values: Values::None,
        dynamic: Some(1 << 16),
    }
}

/// A chain that takes a connection to one of the endpoints of its frontend. There is one for each number of endpoints,
/// whatever the number of services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Pick {
    /// Any of so many.
    Any(u32),
    /// Clients stay with theirs for so long after their last connection.
    Stay { seconds: u32, slots: u16 },
}

/// The chain that takes a connection to the endpoint of a slot and writes its client down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Go {
    pub seconds: u32,
    pub slot: u16,
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    None,
    Bytes(Vec<u8>),
    Pick(Pick),
    Go(Go),
    Reject,
    Drop,
}

const REJECT: &str = "reject";
const SERVICES: &str = "services";
const REFUSE: &str = "refuse";
const STRAY: &str = "stray";

impl Value {
    pub fn data(&self) -> Data {
        match self {
            Self::None => Data::None,
            Self::Bytes(bytes) => Data::Value(bytes.clone()),
            Self::Pick(pick) => Data::Verdict(Verdict::Goto(pick.name())),
            Self::Go(go) => Data::Verdict(Verdict::Goto(go.name())),
            Self::Reject => Data::Verdict(Verdict::Goto(REJECT.into())),
            Self::Drop => Data::Verdict(Verdict::Drop),
        }
    }
}

/// Address, protocol and port of the packet, into three registers from `at` on.
fn frontend(at: u8) -> [Expr; 3] {
    [
        Expr::Network { to: Reg(at), offset: 16, len: 4 },
        Expr::Protocol { to: Reg(at + 1) },
        Expr::Transport { to: Reg(at + 2), offset: 2, len: 2 },
    ]
}

fn map(id: SetId, key: u8, to: u8) -> Expr {
    Expr::FromMap { map: id.name().into_owned(), key: Reg(key), to: Reg(to) }
}

fn to_endpoint(at: u8) -> Expr {
    Expr::DestinationNat { address: Reg(at), port: Some(Reg(at + 1)) }
}

/// The client's address, behind the frontend.
fn client(at: u8) -> Expr {
    Expr::Network { to: Reg(at), offset: 12, len: 4 }
}

impl Pick {
    pub fn name(self) -> String {
        match self {
            Self::Any(endpoints) => format!("pick-{endpoints}"),
            Self::Stay { seconds, slots } => format!("stay-{seconds}-{slots}"),
        }
    }

    /// Makes the chain.
    pub fn add(self, made: &mut Made, change: &mut Transaction) {
        let name = self.name();
        change.chain(&name, None);
        match self {
            Self::Any(endpoints) => {
                let mut rule = frontend(0).to_vec();
                rule.push(Expr::Random { to: Reg(3), modulus: endpoints });
                rule.extend([map(SetId::Endpoints, 0, 0), to_endpoint(0)]);
                change.rule(&name, &rule);
            }
            Self::Stay { seconds, slots } => {
                for slot in 0..slots {
                    let go = Go { seconds, slot };
                    go.add(made, change);
                    let mut rule = frontend(0).to_vec();
                    rule.push(client(3));
                    rule.push(Expr::InSet { set: stay_set(slot).name.into_owned(), key: Reg(0), not: false });
                    // Where the slot is empty by now it comes back, and another is chosen.
                    rule.push(Expr::Do(Verdict::Jump(go.name())));
                    change.rule(&name, &rule);
                }
                let mut rule = frontend(0).to_vec();
                rule.push(Expr::Random { to: Reg(3), modulus: u32::from(slots) });
                rule.push(Expr::VerdictMap { map: SetId::Choices.name().into_owned(), key: Reg(0) });
                change.rule(&name, &rule);
            }
        }
    }
}

/// What was made on demand and stays.
#[derive(Debug, Default, Clone)]
pub(crate) struct Made {
    go: BTreeSet<Go>,
    slots: BTreeSet<u16>,
}

impl Made {
    /// Makes the sets of a slot.
    pub fn slot(&mut self, slot: u16, change: &mut Transaction) {
        if self.slots.insert(slot) {
            change.set(&SetId::Slot(slot).set());
            change.set(&stay_set(slot));
        }
    }
}

impl Go {
    fn name(self) -> String {
        format!("go-{}-{}", self.seconds, self.slot)
    }

    pub fn add(self, made: &mut Made, change: &mut Transaction) {
        made.slot(self.slot, change);
        if !made.go.insert(self) {
            return;
        }
        let name = self.name();
        change.chain(&name, None);
        let mut rule = frontend(0).to_vec();
        rule.push(client(3));
        rule.push(Expr::Dynamic {
            set: stay_set(self.slot).name.into_owned(),
            key: Reg(0),
            data: None,
            how: Dynamic::Update { timeout_ms: u64::from(self.seconds) * 1000 },
        });
        rule.extend([map(SetId::Slot(self.slot), 0, 0), to_endpoint(0)]);
        change.rule(&name, &rule);
    }
}

/// What the fixed rules depend on.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub names: Names,
    pub node_ip: Ipv4Addr,
    pub cluster_cidr: Cidr,
}

const PREROUTING: u32 = 0;
const FORWARD: u32 = 2;
const OUTPUT: u32 = 3;
const POSTROUTING: u32 = 4;

/// Makes the table with its sets, chains and fixed rules, in the place of one that may be there.
pub(crate) fn build(facts: &Facts, change: &mut Transaction) {
    // Deleting fails where there is none, so there is one first.
    change.table();
    change.delete_table();
    change.table();
    for set in FIXED {
        change.set(&set.set());
    }
    for name in [REJECT, SERVICES, REFUSE, STRAY] {
        change.chain(name, None);
    }
    // A reset arrives at once; the kernel sends only few "unreachable" to one and the same client.
    let tcp = [Expr::Protocol { to: Reg(0) }, Expr::Equal { reg: Reg(0), value: vec![6] }, Expr::Reset];
    change.rule(REJECT, &tcp);
    change.rule(REJECT, &[Expr::Unreachable]);
    refuse(change);
    services(change);
    stray(change);
    protect_loopback(facts, change);
    let hooks: [(&str, &'static str, u32, i32, &str); 6] = [
        ("refuse-in", "filter", PREROUTING, -110, REFUSE),
        ("refuse-out", "filter", OUTPUT, -110, REFUSE),
        ("nat-in", "nat", PREROUTING, -100, SERVICES),
        ("nat-out", "nat", OUTPUT, -100, SERVICES),
        ("stray-through", "filter", FORWARD, 0, STRAY),
        ("stray-out", "filter", OUTPUT, 0, STRAY),
    ];
    for (name, kind, hook, priority, target) in hooks {
        change.chain(name, Some(Hook { kind, hook, priority }));
        change.rule(name, &[Expr::Do(Verdict::Jump(target.into()))]);
    }
    change.chain("nat-after", Some(Hook { kind: "nat", hook: POSTROUTING, priority: 100 }));
    for rule in leaving(facts) {
        change.rule("nat-after", &rule);
    }
}

fn is_new() -> [Expr; 3] {
    let reg = Reg(8);
    [
        Expr::State { to: reg },
        Expr::Mask { reg, mask: STATE_NEW.to_ne_bytes().to_vec() },
        Expr::NotEqual { reg, value: vec![0; 4] },
    ]
}

/// Pods' interfaces accept answers to connections that loopback's addresses made to pods (`route_localnet`). What a pod
/// itself sends to such an address is no answer, and is stopped before it is taken for one.
fn protect_loopback(facts: &Facts, change: &mut Transaction) {
    let name = "protect-loopback";
    change.chain(name, Some(Hook { kind: "filter", hook: PREROUTING, priority: -300 }));
    let rule = [
        Expr::InName { to: Reg(8) },
        Expr::Equal { reg: Reg(8), value: facts.names.pod_prefix.as_bytes().to_vec() },
        Expr::Network { to: Reg(0), offset: 16, len: 4 },
        Expr::Mask { reg: Reg(0), mask: vec![255, 0, 0, 0] },
        Expr::Equal { reg: Reg(0), value: vec![127, 0, 0, 0] },
        Expr::Do(Verdict::Drop),
    ];
    change.rule(name, &rule);
}

/// New connections to a service without endpoints end before they are routed anywhere.
fn refuse(change: &mut Transaction) {
    let mut rule = is_new().to_vec();
    rule.extend(frontend(0));
    rule.push(Expr::VerdictMap { map: SetId::Refused.name().into_owned(), key: Reg(0) });
    change.rule(REFUSE, &rule);
}

fn services(change: &mut Transaction) {
    let mut rule = frontend(0).to_vec();
    rule.push(Expr::VerdictMap { map: SetId::Frontends.name().into_owned(), key: Reg(0) });
    change.rule(SERVICES, &rule);

    let local =
        [Expr::DestinationKind { to: Reg(8) }, Expr::Equal { reg: Reg(8), value: KIND_LOCAL.to_ne_bytes().to_vec() }];
    let mut one = local.to_vec();
    one.extend(frontend(0));
    one.extend([map(SetId::HostPortsAt, 0, 0), to_endpoint(0)]);
    change.rule(SERVICES, &one);
    let mut any = local.to_vec();
    any.extend(frontend(0));
    any.extend([map(SetId::HostPorts, 1, 0), to_endpoint(0)]);
    change.rule(SERVICES, &any);
}

/// What is still meant for a cluster address behind the translation has a port that no service has.
fn stray(change: &mut Transaction) {
    let mut rule = is_new().to_vec();
    rule.push(Expr::Network { to: Reg(0), offset: 16, len: 4 });
    rule.push(Expr::InSet { set: SetId::ClusterIps.name().into_owned(), key: Reg(0), not: false });
    rule.push(Expr::Do(Verdict::Goto(REJECT.into())));
    change.rule(STRAY, &rule);
}

/// Which connections get another source on their way out.
fn leaving(facts: &Facts) -> Vec<Vec<Expr>> {
    let translated = [
        Expr::Status { to: Reg(8) },
        Expr::Mask { reg: Reg(8), mask: STATUS_DNAT.to_ne_bytes().to_vec() },
        Expr::NotEqual { reg: Reg(8), value: vec![0; 4] },
    ];
    let source = Expr::Network { to: Reg(0), offset: 12, len: 4 };
    let from_node =
        [Expr::Load { to: Reg(0), value: facts.node_ip.octets().to_vec() }, Expr::SourceNat { address: Reg(0) }];
    let prefix = facts.names.pod_prefix.as_bytes().to_vec();
    let into_pod = [Expr::OutName { to: Reg(8) }, Expr::Equal { reg: Reg(8), value: prefix.clone() }];
    let masked = |reg: u8| Expr::Mask { reg: Reg(reg), mask: facts.cluster_cidr.mask().to_be_bytes().to_vec() };
    let pods = facts.cluster_cidr.base().octets().to_vec();
    let rule = |parts: &[&[Expr]]| parts.concat();

    // A pod that reaches itself would drop a packet from its own address.
    let itself = [
        source.clone(),
        Expr::Network { to: Reg(1), offset: 16, len: 4 },
        Expr::InSet { set: SetId::Hairpin.name().into_owned(), key: Reg(0), not: false },
    ];
    // An answer to loopback's addresses would not find back.
    let from_loopback = [
        source.clone(),
        Expr::Mask { reg: Reg(0), mask: vec![255, 0, 0, 0] },
        Expr::Equal { reg: Reg(0), value: vec![127, 0, 0, 0] },
    ];
    let outside = [
        Expr::OriginalAddress { to: Reg(0) },
        Expr::Protocol { to: Reg(1) },
        Expr::OriginalPort { to: Reg(2) },
        Expr::InSet { set: SetId::Outside.name().into_owned(), key: Reg(0), not: false },
    ];
    let foreign = [
        Expr::OriginalAddress { to: Reg(0) },
        Expr::InSet { set: SetId::ClusterIps.name().into_owned(), key: Reg(0), not: false },
        source.clone(),
        masked(0),
        Expr::NotEqual { reg: Reg(0), value: pods.clone() },
    ];
    let world = [
        source,
        masked(0),
        Expr::Equal { reg: Reg(0), value: pods.clone() },
        Expr::Network { to: Reg(0), offset: 16, len: 4 },
        masked(0),
        Expr::NotEqual { reg: Reg(0), value: pods },
        Expr::OutName { to: Reg(8) },
        Expr::NotEqual { reg: Reg(8), value: prefix },
        Expr::Masquerade,
    ];
    vec![
        rule(&[&translated, &itself, &from_node]),
        rule(&[&translated, &from_loopback, &into_pod, &from_node]),
        rule(&[&translated, &outside, &into_pod, &from_node]),
        rule(&[&translated, &outside, &[Expr::Masquerade]]),
        rule(&[&translated, &foreign, &into_pod, &from_node]),
        rule(&[&translated, &foreign, &[Expr::Masquerade]]),
        rule(&[&world]),
    ]
}
