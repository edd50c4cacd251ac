//! Kubernetes' own types: quantities, URLs, addresses, and keys in JSON patches.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use apimachinery::quantity::Quantity;

use super::Answer;
use crate::{
    error::EvalError,
    url::Url,
    value::{Map, Value},
};

fn bad(message: impl Into<String>) -> EvalError {
    EvalError::Argument(message.into())
}

/// An address as these libraries take it: no IPv4 in IPv6, no zone.
fn ip(text: &str) -> Option<IpAddr> {
    let ip: IpAddr = text.parse().ok()?;
    match ip {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => None,
        ip => Some(ip),
    }
}

fn cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let ip = ip(address)?;
    let plain = bits.bytes().all(|b| b.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
    let bits: u8 = bits.parse().ok()?;
    (plain && bits <= if ip.is_ipv4() { 32 } else { 128 }).then_some((ip, bits))
}

fn masked(ip: IpAddr, bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

fn within(ip: IpAddr, (net, bits): (IpAddr, u8)) -> bool {
    ip.is_ipv4() == net.is_ipv4() && masked(ip, bits) == masked(net, bits)
}

fn quantities<'a>(name: &str, args: &[Value<'a>]) -> Answer<'a> {
    let (Value::Quantity(q), rest) = args.split_first()? else { return None };
    let made = |q: Quantity| Value::Quantity(Arc::new(q));
    Some(Ok(match (name, rest) {
        ("sign", []) => Value::Int(if q.is_zero() {
            0
        } else if q.is_negative() {
            -1
        } else {
            1
        }),
        ("isInteger", []) => Value::Bool(integer(q).is_some()),
        ("asInteger", []) => match integer(q) {
            Some(n) => Value::Int(n),
            None => return Some(Err(bad("cannot convert value to integer"))),
        },
        ("asApproximateFloat", []) => Value::Double(q.to_f64()),
        ("add", [Value::Quantity(other)]) => made((**q).clone() + (**other).clone()),
        ("add", [Value::Int(n)]) => made((**q).clone() + Quantity::new(*n)),
        ("sub", [Value::Quantity(other)]) => made((**q).clone() - (**other).clone()),
        ("sub", [Value::Int(n)]) => made((**q).clone() - Quantity::new(*n)),
        ("isLessThan", [Value::Quantity(other)]) => Value::Bool(q < other),
        ("isGreaterThan", [Value::Quantity(other)]) => Value::Bool(q > other),
        ("compareTo", [Value::Quantity(other)]) => Value::Int(q.cmp(other) as i64),
        _ => return None,
    }))
}

/// A quantity that is a whole number of this size.
fn integer(q: &Quantity) -> Option<i64> {
    let whole = i64::try_from(q.value()).ok()?;
    (*q == Quantity::new(whole)).then_some(whole)
}

fn urls<'a>(name: &str, args: &[Value<'a>]) -> Answer<'a> {
    let [Value::Url(url)] = args else { return None };
    Some(Ok(match name {
        "getScheme" => Value::text(url.scheme.as_str()),
        "getHost" => Value::text(url.host.as_str()),
        "getHostname" => Value::text(url.hostname()),
        "getPort" => Value::text(url.port()),
        "getEscapedPath" => Value::text(url.path.as_str()),
        "getQuery" => {
            let texts = |values: &Vec<String>| Value::list(values.iter().map(|v| Value::text(v.as_str())).collect());
            let entries = url.query.iter().map(|(k, v)| (Value::text(k.as_str()), texts(v))).collect();
            Value::Map(Map::Own(Arc::new(entries)))
        }
        _ => return None,
    }))
}

fn addresses<'a>(name: &str, args: &[Value<'a>]) -> Answer<'a> {
    let [Value::Ip(ip)] = args else { return None };
    let (link_multicast, link_unicast) = match ip {
        IpAddr::V4(v4) => (v4.octets()[..3] == [224, 0, 0], v4.is_link_local()),
        IpAddr::V6(v6) => (v6.segments()[0] & 0xff0f == 0xff02, v6.is_unicast_link_local()),
    };
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    Some(Ok(match name {
        "family" => Value::Int(if ip.is_ipv4() { 4 } else { 6 }),
        "isUnspecified" => Value::Bool(ip.is_unspecified()),
        "isLoopback" => Value::Bool(ip.is_loopback()),
        "isLinkLocalMulticast" => Value::Bool(link_multicast),
        "isLinkLocalUnicast" => Value::Bool(link_unicast),
        "isGlobalUnicast" => {
            Value::Bool(!broadcast && !ip.is_unspecified() && !ip.is_loopback() && !ip.is_multicast() && !link_unicast)
        }
        _ => return None,
    }))
}

fn networks<'a>(name: &str, args: &[Value<'a>]) -> Answer<'a> {
    let (Value::Cidr(net, bits), rest) = args.split_first()? else { return None };
    let wrong_ip = |text: &str| bad(format!("IP Address {text:?} parse error during conversion from string"));
    let wrong_net = |text: &str| bad(format!("network address parse error during conversion from string: {text:?}"));
    let (net, bits) = (*net, *bits);
    let holds = |(ip, inner): (IpAddr, u8)| Value::Bool(inner >= bits && within(ip, (net, bits)));
    Some(match (name, rest) {
        ("containsIP", [Value::Ip(ip)]) => Ok(Value::Bool(within(*ip, (net, bits)))),
        ("containsIP", [Value::String(text)]) => {
            ip(text).map(|ip| Value::Bool(within(ip, (net, bits)))).ok_or_else(|| wrong_ip(text))
        }
        ("containsCIDR", [Value::Cidr(ip, inner)]) => Ok(holds((*ip, *inner))),
        ("containsCIDR", [Value::String(text)]) => cidr(text).map(holds).ok_or_else(|| wrong_net(text)),
        ("ip", []) => Ok(Value::Ip(net)),
        ("masked", []) => Ok(Value::Cidr(masked(net, bits), bits)),
        ("prefixLength", []) => Ok(Value::Int(i64::from(bits))),
        _ => return None,
    })
}

fn made<'a>(name: &str, text: &str) -> Answer<'a> {
    Some(match name {
        "quantity" => Quantity::parse(text).map(|q| Value::Quantity(Arc::new(q))).map_err(|e| bad(e.to_string())),
        "isQuantity" => Ok(Value::Bool(Quantity::parse(text).is_ok())),
        "url" => Url::parse(text).map(|url| Value::Url(Arc::new(url))).ok_or_else(|| {
            bad(format!("URL parse error during conversion from string: parse {text:?}: invalid URI for request"))
        }),
        "isURL" => Ok(Value::Bool(Url::parse(text).is_some())),
        "ip" => ip(text)
            .map(Value::Ip)
            .ok_or_else(|| bad(format!("IP Address {text:?} parse error during conversion from string"))),
        "isIP" => Ok(Value::Bool(ip(text).is_some())),
        "ip.isCanonical" => ip(text)
            .map(|ip| Value::Bool(ip.to_string() == text))
            .ok_or_else(|| bad(format!("IP Address {text:?} parse error during conversion from string"))),
        "cidr" => cidr(text)
            .map(|(ip, bits)| Value::Cidr(ip, bits))
            .ok_or_else(|| bad(format!("network address parse error during conversion from string: {text:?}"))),
        "isCIDR" => Ok(Value::Bool(cidr(text).is_some())),
        "jsonpatch.escapeKey" => Ok(Value::text(text.replace('~', "~0").replace('/', "~1"))),
        _ => return None,
    })
}

pub fn call<'a>(name: &str, method: bool, args: &[Value<'a>]) -> Answer<'a> {
    match args {
        [Value::String(text)] if !method => made(name, text),
        [Value::Quantity(_), ..] => quantities(name, args),
        [Value::Url(_)] => urls(name, args),
        [Value::Ip(_)] => addresses(name, args),
        [Value::Cidr(..), ..] => networks(name, args),
        _ => None,
    }
}
