//! The interface of a pod: a pair of links, a route here, and an address and default route there.
//!
//! The host's end has no address. The pod sends everything to one gateway that is only a name for the host's end: its
//! hardware address is fixed and known to the pod beforehand, so nobody ever asks for it.

use std::net::Ipv4Addr;

use sys::netlink::{
    Error as Refusal,
    route::{Changes, Mac, Reach, Route, Router, Veth},
};

use crate::{config::Cidr, error::Error};

/// The gateway of all pods.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(169, 254, 1, 1);
/// The hardware address of all host ends. They never meet on one link.
const HOST_MAC: Mac = [0xee; 6];
const INSIDE: &str = "eth0";
const LOOPBACK: u32 = 1;
/// The metric of a route that any other one to the same place beats.
const LAST_RESORT: u32 = 1 << 20;

/// What to make.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub name: String,
    pub ip: Ipv4Addr,
    pub pid: i32,
    pub mtu: u32,
}

/// The pod's hardware address follows from its address.
fn mac(ip: Ipv4Addr) -> Mac {
    let [a, b, c, d] = ip.octets();
    [0x0a, 0x58, a, b, c, d]
}

/// Makes the interface; one that is there already and belongs to this very process is used on.
pub(crate) fn attach(plan: &Plan) -> Result<(), Error> {
    let here = Router::open()?;
    let there = Router::open_in(plan.pid)?;
    let veth =
        Veth { name: &plan.name, mac: HOST_MAC, peer: INSIDE, peer_mac: mac(plan.ip), pid: plan.pid, mtu: plan.mtu };
    let make = || {
        let mut changes = Changes::default();
        changes.veth(&veth);
        here.apply(&changes, || format!("make interface {}", plan.name))
    };
    match make() {
        Err(error) if error.is_there() => {
            // A pod asked twice, or what is left of one that had the address before.
            if there.link(INSIDE)?.is_none() || here.link(&plan.name)?.is_none() {
                remove(&here, &plan.name)?;
                make()?;
            }
        }
        other => other?,
    }
    inside(&there, plan)?;
    let link = here.link(&plan.name)?.ok_or(Error::Vanished { ip: plan.ip })?;
    let mut changes = Changes::default();
    changes.route(&Route { to: (plan.ip, 32), via: None, link: link.index, source: None, metric: 0, on_link: false });
    changes.neighbour(link.index, plan.ip, mac(plan.ip));
    here.apply(&changes, || format!("route {} to {}", plan.ip, plan.name))?;
    answer_loopback(&plan.name);
    Ok(())
}

/// Node ports and host ports of 127.0.0.1 lead to pods too. The service rules keep pods from misusing it. Where it cannot
/// be set, these ports answer on all other addresses.
fn answer_loopback(name: &str) {
    let _ = std::fs::write(format!("/proc/sys/net/ipv4/conf/{name}/route_localnet"), "1");
}

fn inside(there: &Router, plan: &Plan) -> Result<(), Error> {
    let link = there.link(INSIDE)?.ok_or(Error::Vanished { ip: plan.ip })?.index;
    let mut changes = Changes::default();
    changes.up(LOOPBACK).up(link);
    changes.address(link, plan.ip, 32, Reach::Universe);
    changes.neighbour(link, GATEWAY, HOST_MAC);
    changes.route(&Route { to: (GATEWAY, 32), via: None, link, source: None, metric: 0, on_link: false });
    changes.route(&Route {
        to: (Ipv4Addr::UNSPECIFIED, 0),
        via: Some(GATEWAY),
        link,
        source: Some(plan.ip),
        metric: 0,
        on_link: false,
    });
    there.apply(&changes, || format!("set up the interface of {}", plan.ip))?;
    Ok(())
}

fn remove(here: &Router, name: &str) -> Result<(), Error> {
    let Some(link) = here.link(name)? else { return Ok(()) };
    let mut changes = Changes::default();
    changes.delete_link(link.index);
    gone(here.apply(&changes, || format!("remove interface {name}")))
}

/// Something that is not there need not be removed.
fn gone(answer: Result<(), Refusal>) -> Result<(), Error> {
    match answer {
        Err(error) if !error.is_missing() => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Takes a pod's interface away; the end inside goes with it.
pub(crate) fn detach(name: &str) -> Result<(), Error> {
    remove(&Router::open()?, name)
}

/// Takes away all links whose name begins like this, except those in `keep`.
pub(crate) fn sweep(prefix: &str, keep: &[String]) -> Result<(), Error> {
    let here = Router::open()?;
    let mut first = Ok(());
    for link in here.links()? {
        if link.name.starts_with(prefix) && !keep.contains(&link.name) {
            let mut changes = Changes::default();
            changes.delete_link(link.index);
            let answer = gone(here.apply(&changes, || format!("remove interface {}", link.name)));
            first = first.and(answer);
        }
    }
    first
}

/// The largest packet of the link that has this address; what the pods send must fit.
pub(crate) fn mtu_of(ip: Ipv4Addr) -> Result<u32, Error> {
    let here = Router::open()?;
    let owner = here.addresses()?.into_iter().find(|a| a.ip == ip).map(|a| a.link);
    let link = here.links()?.into_iter().find(|l| Some(l.index) == owner);
    // Loopback's packets are larger than what any network takes.
    Ok(link.map_or(1500, |l| if l.index == LOOPBACK { 1500 } else { l.mtu }))
}

/// Makes the link that holds addresses of the cluster on this host, and says its number.
fn holder(here: &Router, name: &str) -> Result<u32, Error> {
    let mut changes = Changes::default();
    changes.holder(name);
    match here.apply(&changes, || format!("make link {name}")) {
        Err(error) if !error.is_there() => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    Ok(here.link(name)?.ok_or_else(|| Error::NoLink { name: name.to_owned() })?.index)
}

/// Takes one more address onto that link. What is no address of the node itself has [`Reach::Host`]: it must never become
/// the source of packets that go elsewhere.
pub(crate) fn hold_address(name: &str, ip: Ipv4Addr, reach: Reach) -> Result<(), Error> {
    let here = Router::open()?;
    let link = holder(&here, name)?;
    let mut changes = Changes::default();
    changes.up(link).address(link, ip, 32, reach);
    here.apply(&changes, || format!("give {ip} to link {name}"))?;
    Ok(())
}

/// A way to the addresses of Services, so that this host reaches them without a default route too: the rules lead a
/// packet to an endpoint only after the kernel has found it a way. Routes that are there win.
pub(crate) fn route_services(name: &str, services: Cidr, source: Ipv4Addr) -> Result<(), Error> {
    let here = Router::open()?;
    let link = holder(&here, name)?;
    let mut changes = Changes::default();
    changes.up(link).route(&Route {
        to: (services.base(), services.prefix()),
        via: None,
        link,
        source: Some(source),
        metric: LAST_RESORT,
        on_link: false,
    });
    here.apply(&changes, || format!("route {services} to {name}"))?;
    Ok(())
}
