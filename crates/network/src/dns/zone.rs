//! The cluster's names: what a question about them is answered with. Pure.

use std::net::Ipv4Addr;

use hickory_proto::rr::{
    Name, RData, Record, RecordType,
    rdata::{A, CNAME, NS, PTR, SOA, SRV, TXT},
};

use super::directory::{Directory, EndpointFacts, Port, ServiceFacts, Target};

/// How long answers may be kept.
const TTL: u32 = 5;
/// The version of the name schema.
const SCHEMA: &str = "1.1.0";

/// The answer to a question.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub records: Vec<Record>,
    pub additional: Vec<Record>,
}

/// What became of a question.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Answered; without records the name is there, but nothing of this kind.
    Found(Answer),
    /// There is no such name.
    NoName,
    /// The name is another one's: that one is to be looked up, too.
    Alias(Box<Record>, Name),
    /// It is not for the cluster to say.
    Elsewhere,
}

/// The cluster's zone.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub domain: Name,
    pub dns_ip: Ipv4Addr,
}

/// One of the ports asked for; nothing: all.
#[derive(Debug, Clone, Copy)]
struct PortFilter<'a>(Option<(&'a str, &'a str)>);

impl PortFilter<'_> {
    fn matches(self, port: &Port) -> bool {
        self.0.is_none_or(|(name, protocol)| port.name == name && port.protocol == protocol)
    }
}

fn label_with_underscore(label: &str) -> Option<&str> {
    label.strip_prefix('_')
}

impl Zone {
    fn name(&self, labels: &[&str]) -> Option<Name> {
        let name = Name::from_labels(labels.iter().map(|l| l.as_bytes())).ok()?;
        name.append_domain(&self.domain).ok()
    }

    /// The record that says who is responsible and how long a "no" may be kept.
    pub fn authority(&self) -> Option<Record> {
        let (server, master) = (self.name(&["ns", "dns"])?, self.name(&["hostmaster"])?);
        let soa = SOA::new(server, master, 1, 7200, 1800, 86_400, TTL);
        Some(Record::from_rdata(self.domain.clone(), TTL, RData::SOA(soa)))
    }

    /// Answers a question about `name`.
    pub fn ask(&self, directory: &dyn Directory, name: &Name, kind: RecordType) -> Outcome {
        if let Some(ip) = reverse(name) {
            return self.pointer(directory, name, kind, ip);
        }
        if !self.domain.zone_of(name) {
            return Outcome::Elsewhere;
        }
        let own = usize::from(name.num_labels() - self.domain.num_labels());
        // From right to left, so that the first label says what it is about.
        let labels: Vec<String> =
            name.iter().take(own).map(|l| String::from_utf8_lossy(l).to_lowercase()).rev().collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let asked = Asked { zone: self, directory, name, kind };
        match labels[..] {
            [] => asked.apex(),
            ["dns-version"] => asked.one(RecordType::TXT, RData::TXT(TXT::new(vec![SCHEMA.into()]))),
            ["dns"] | ["svc" | "pod"] => Outcome::Found(Answer::default()),
            ["dns", "ns"] => asked.addresses(&[self.dns_ip]),
            ["svc" | "pod", namespace] if directory.has_namespace(namespace) => Outcome::Found(Answer::default()),
            ["pod", namespace, pod] => asked.pod(namespace, pod),
            ["svc", namespace, service, ref rest @ ..] => asked.service(namespace, service, rest),
            _ => Outcome::NoName,
        }
    }

    fn pointer(&self, directory: &dyn Directory, name: &Name, kind: RecordType, ip: Ipv4Addr) -> Outcome {
        let names = directory.names_of(ip);
        let mut records = Vec::new();
        for labels in &names {
            let mut labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            labels.push("svc");
            if let Some(target) = self.name(&labels) {
                records.push(Record::from_rdata(name.clone(), TTL, RData::PTR(PTR(target))));
            }
        }
        if records.is_empty() {
            return Outcome::Elsewhere;
        }
        if kind != RecordType::PTR {
            records.clear();
        }
        Outcome::Found(Answer { records, additional: Vec::new() })
    }
}

struct Asked<'a> {
    zone: &'a Zone,
    directory: &'a dyn Directory,
    name: &'a Name,
    kind: RecordType,
}

impl Asked<'_> {
    fn record(&self, data: RData) -> Record {
        Record::from_rdata(self.name.clone(), TTL, data)
    }

    fn one(&self, kind: RecordType, data: RData) -> Outcome {
        let records = if self.kind == kind { vec![self.record(data)] } else { Vec::new() };
        Outcome::Found(Answer { records, additional: Vec::new() })
    }

    fn addresses(&self, ips: &[Ipv4Addr]) -> Outcome {
        let mut records = Vec::new();
        if self.kind == RecordType::A {
            records.extend(ips.iter().map(|ip| self.record(RData::A(A(*ip)))));
        }
        Outcome::Found(Answer { records, additional: Vec::new() })
    }

    fn apex(&self) -> Outcome {
        let mut answer = Answer::default();
        match self.kind {
            RecordType::SOA => answer.records.extend(self.zone.authority()),
            RecordType::NS => {
                if let Some(server) = self.zone.name(&["ns", "dns"]) {
                    answer.additional.push(Record::from_rdata(server.clone(), TTL, RData::A(A(self.zone.dns_ip))));
                    answer.records.push(self.record(RData::NS(NS(server))));
                }
            }
            _ => {}
        }
        Outcome::Found(answer)
    }

    /// `10-1-2-3.namespace.pod`: the address is in the name.
    fn pod(&self, namespace: &str, pod: &str) -> Outcome {
        match pod.replace('-', ".").parse() {
            Ok(ip) if self.directory.has_namespace(namespace) => self.addresses(&[ip]),
            Ok(_) | Err(_) => Outcome::NoName,
        }
    }

    fn service(&self, namespace: &str, service: &str, rest: &[&str]) -> Outcome {
        let Some(facts) = self.directory.service(namespace, service) else { return Outcome::NoName };
        match *rest {
            [] => self.whole(namespace, service, &facts, PortFilter(None)),
            [protocol, port] => match (label_with_underscore(protocol), label_with_underscore(port)) {
                (Some(protocol), Some(port)) => {
                    self.whole(namespace, service, &facts, PortFilter(Some((port, protocol))))
                }
                _ => Outcome::NoName,
            },
            [protocol] if protocol.starts_with('_') => {
                let known = facts.ports.iter().any(|p| label_with_underscore(protocol) == Some(&p.protocol));
                if known { Outcome::Found(Answer::default()) } else { Outcome::NoName }
            }
            [endpoint] => {
                let mut all = self.directory.endpoints(namespace, service);
                all.retain(|e| e.label == endpoint);
                self.endpoints(namespace, service, &all, PortFilter(None))
            }
            _ => Outcome::NoName,
        }
    }

    fn whole(&self, namespace: &str, service: &str, facts: &ServiceFacts, filter: PortFilter<'_>) -> Outcome {
        match &facts.target {
            Target::Alias(target) => match Name::from_ascii(target) {
                Ok(mut target) => {
                    target.set_fqdn(true);
                    Outcome::Alias(Box::new(self.record(RData::CNAME(CNAME(target.clone())))), target)
                }
                Err(_) => Outcome::NoName,
            },
            Target::Headless => {
                self.endpoints(namespace, service, &self.directory.endpoints(namespace, service), filter)
            }
            Target::Addresses(ips) => {
                let ports: Vec<&Port> = facts.ports.iter().filter(|p| filter.matches(p)).collect();
                if ports.is_empty() && filter.0.is_some() {
                    return Outcome::NoName;
                }
                if self.kind != RecordType::SRV {
                    return self.addresses(ips);
                }
                let Some(target) = self.zone.name(&[service, namespace, "svc"]) else { return Outcome::NoName };
                let weight = weight(ports.len());
                let records = ports.iter().map(|p| self.srv(weight, p.number, &target)).collect();
                let additional = ips.iter().map(|ip| Record::from_rdata(target.clone(), TTL, RData::A(A(*ip))));
                Outcome::Found(Answer { records, additional: additional.collect() })
            }
        }
    }

    fn srv(&self, weight: u16, port: u16, target: &Name) -> Record {
        self.record(RData::SRV(SRV::new(0, weight, port, target.clone())))
    }

    fn endpoints(&self, namespace: &str, service: &str, all: &[EndpointFacts], filter: PortFilter<'_>) -> Outcome {
        let matching: Vec<&EndpointFacts> =
            all.iter().filter(|e| filter.0.is_none() || e.ports.iter().any(|p| filter.matches(p))).collect();
        if matching.is_empty() {
            return Outcome::NoName;
        }
        if self.kind != RecordType::SRV {
            let mut ips: Vec<Ipv4Addr> = matching.iter().map(|e| e.ip).collect();
            ips.sort_unstable();
            ips.dedup();
            return self.addresses(&ips);
        }
        let mut answer = Answer::default();
        let weight = weight(matching.len());
        for endpoint in matching {
            let Some(target) = self.zone.name(&[&endpoint.label, service, namespace, "svc"]) else { continue };
            for port in endpoint.ports.iter().filter(|p| filter.matches(p)) {
                answer.records.push(self.srv(weight, port.number, &target));
            }
            answer.additional.push(Record::from_rdata(target, TTL, RData::A(A(endpoint.ip))));
        }
        Outcome::Found(answer)
    }
}

fn weight(count: usize) -> u16 {
    u16::try_from(100 / count.max(1)).unwrap_or(1).max(1)
}

/// The address that a name below `in-addr.arpa` is about.
fn reverse(name: &Name) -> Option<Ipv4Addr> {
    if name.num_labels() != 6 {
        return None;
    }
    let labels: Vec<String> = name.iter().map(|l| String::from_utf8_lossy(l).to_lowercase()).collect();
    if labels[4] != "in-addr" || labels[5] != "arpa" {
        return None;
    }
    format!("{}.{}.{}.{}", labels[3], labels[2], labels[1], labels[0]).parse().ok()
}
