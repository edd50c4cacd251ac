//! The nft table: its sets, its chains, and the few rules that look things up in them. Services are entries, never rules.

use std::net::Ipv4Addr;

use sys::netlink::nft::{
    Data, Dynamic, Expr, Field, Hook, KIND_LOCAL, Reg, STATE_NEW, STATUS_DNAT, Set, Transaction, Values, Verdict,
};

use crate::config::{Cidr, Names};

use Field::{Address, Number, Port, Protocol};

/// Where a service answers: address, protocol, port. The port of most keys below.
const FRONTEND: &[Field] = &[Address, Protocol, Port];

/// The sets and maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SetId {
    /// Frontend → the chain that picks among so many endpoints.
    Frontends,
    /// Frontend → number of its group of endpoints.
    Groups,
    /// Group and place → endpoint.
    Endpoints,
    /// Group and endpoint: the endpoints that a client may stay with.
    Alive,
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

const STICKY: &str = "sticky";

const SETS: &[(SetId, Set)] = &[
    (SetId::Frontends, Set { name: "frontends", key: FRONTEND, values: Values::Verdicts, dynamic: None }),
    (SetId::Groups, Set { name: "groups", key: FRONTEND, values: Values::Fields(&[Number]), dynamic: None }),
    (
        SetId::Endpoints,
        Set { name: "endpoints", key: &[Number, Number], values: Values::Fields(&[Address, Port]), dynamic: None },
    ),
    (SetId::Alive, Set { name: "alive", key: &[Number, Address, Port], values: Values::None, dynamic: None }),
    (SetId::Refused, Set { name: "refused", key: FRONTEND, values: Values::Verdicts, dynamic: None }),
    (SetId::Outside, Set { name: "outside", key: FRONTEND, values: Values::None, dynamic: None }),
    (SetId::ClusterIps, Set { name: "cluster-ips", key: &[Address], values: Values::None, dynamic: None }),
    (SetId::Hairpin, Set { name: "hairpin", key: &[Address, Address], values: Values::None, dynamic: None }),
    (
        SetId::HostPorts,
        Set { name: "host-ports", key: &[Protocol, Port], values: Values::Fields(&[Address, Port]), dynamic: None },
    ),
    (
        SetId::HostPortsAt,
        Set { name: "host-ports-at", key: FRONTEND, values: Values::Fields(&[Address, Port]), dynamic: None },
    ),
];

/// Which client stays with which endpoint; written by the rules themselves.
const STICKY_SET: Set =
    Set { name: STICKY, key: &[Number, Address], values: Values::Fields(&[Address, Port]), dynamic: Some(1 << 18) };

impl SetId {
    pub fn name(self) -> &'static str {
        SETS.iter().find(|(id, _)| *id == self).map_or("", |(_, set)| set.name)
    }
}

/// A chain that takes a connection to one of the endpoints of its group. There is one for each number of endpoints,
/// whatever the number of services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pick {
    pub endpoints: u32,
    /// Clients stay with theirs for so long after their last connection.
    pub sticky_seconds: Option<u32>,
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    None,
    Bytes(Vec<u8>),
    Pick(Pick),
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
    Expr::FromMap { map: id.name().into(), key: Reg(key), to: Reg(to) }
}

fn to_endpoint(at: u8) -> Expr {
    Expr::DestinationNat { address: Reg(at), port: Some(Reg(at + 1)) }
}

impl Pick {
    pub fn name(self) -> String {
        match self.sticky_seconds {
            None => format!("pick-{}", self.endpoints),
            Some(seconds) => format!("stay-{seconds}-{}", self.endpoints),
        }
    }

    fn rules(self) -> Vec<Vec<Expr>> {
        let Some(seconds) = self.sticky_seconds else {
            let mut rule = frontend(0).to_vec();
            rule.push(map(SetId::Groups, 0, 0));
            rule.push(Expr::Random { to: Reg(1), modulus: self.endpoints });
            rule.push(map(SetId::Endpoints, 0, 0));
            rule.push(to_endpoint(0));
            return vec![rule];
        };
        // Registers: 0-2 frontend, 3 group and 4-5 endpoint, 6 group and 7 client.
        let client = Expr::Network { to: Reg(7), offset: 12, len: 4 };
        let remember = Expr::Dynamic {
            set: STICKY.into(),
            key: Reg(6),
            data: Some(Reg(4)),
            how: Dynamic::Update { timeout_ms: u64::from(seconds) * 1000 },
        };
        let begin = || {
            let mut rule = frontend(0).to_vec();
            rule.extend([map(SetId::Groups, 0, 3), map(SetId::Groups, 0, 6), client.clone()]);
            rule
        };
        let mut stay = begin();
        stay.push(Expr::FromMap { map: STICKY.into(), key: Reg(6), to: Reg(4) });
        stay.push(Expr::InSet { set: SetId::Alive.name().into(), key: Reg(3), not: false });
        stay.extend([remember.clone(), to_endpoint(4)]);
        let mut choose = begin();
        choose.push(Expr::Dynamic { set: STICKY.into(), key: Reg(6), data: None, how: Dynamic::Delete });
        choose.push(Expr::Random { to: Reg(4), modulus: self.endpoints });
        choose.push(map(SetId::Endpoints, 3, 4));
        choose.extend([remember, to_endpoint(4)]);
        vec![stay, choose]
    }

    /// Makes the chain.
    pub fn add(self, change: &mut Transaction) {
        let name = self.name();
        change.chain(&name, None);
        for rule in self.rules() {
            change.rule(&name, &rule);
        }
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
    for (_, set) in SETS {
        change.set(set);
    }
    change.set(&STICKY_SET);
    for name in [REJECT, SERVICES, REFUSE, STRAY] {
        change.chain(name, None);
    }
    change.rule(REJECT, &[Expr::Reject]);
    refuse(change);
    services(change);
    stray(change);
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

/// New connections to a service without endpoints end before they are routed anywhere.
fn refuse(change: &mut Transaction) {
    let mut rule = is_new().to_vec();
    rule.extend(frontend(0));
    rule.push(Expr::VerdictMap { map: SetId::Refused.name().into(), key: Reg(0) });
    change.rule(REFUSE, &rule);
}

fn services(change: &mut Transaction) {
    let mut rule = frontend(0).to_vec();
    rule.push(Expr::VerdictMap { map: SetId::Frontends.name().into(), key: Reg(0) });
    change.rule(SERVICES, &rule);

    // Host ports: this node's addresses, but not loopback's, which nobody could answer.
    let local = [
        Expr::DestinationKind { to: Reg(8) },
        Expr::Equal { reg: Reg(8), value: KIND_LOCAL.to_ne_bytes().to_vec() },
        Expr::Network { to: Reg(8), offset: 16, len: 4 },
        Expr::Mask { reg: Reg(8), mask: vec![255, 0, 0, 0] },
        Expr::NotEqual { reg: Reg(8), value: vec![127, 0, 0, 0] },
    ];
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
    rule.push(Expr::InSet { set: SetId::ClusterIps.name().into(), key: Reg(0), not: false });
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
        Expr::InSet { set: SetId::Hairpin.name().into(), key: Reg(0), not: false },
    ];
    let outside = [
        Expr::OriginalAddress { to: Reg(0) },
        Expr::Protocol { to: Reg(1) },
        Expr::OriginalPort { to: Reg(2) },
        Expr::InSet { set: SetId::Outside.name().into(), key: Reg(0), not: false },
    ];
    let foreign = [
        Expr::OriginalAddress { to: Reg(0) },
        Expr::InSet { set: SetId::ClusterIps.name().into(), key: Reg(0), not: false },
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
        rule(&[&translated, &outside, &into_pod, &from_node]),
        rule(&[&translated, &outside, &[Expr::Masquerade]]),
        rule(&[&translated, &foreign, &into_pod, &from_node]),
        rule(&[&translated, &foreign, &[Expr::Masquerade]]),
        rule(&[&world]),
    ]
}
