//! Connection tracking: what is remembered of UDP flows, and forgetting it.

use std::net::Ipv4Addr;

use super::{
    message::{ACK, Buffer, DUMP, as_be16, as_ipv4, attribute},
    socket::{Error, Family, Socket},
};

const GET: u16 = (1 << 8) | 1;
const DELETE: u16 = (1 << 8) | 2;
const INET: u8 = 2;
const UDP: u8 = 17;

const ORIGINAL: u16 = 1;
const REPLY: u16 = 2;
const ID: u16 = 12;
const ZONE: u16 = 18;

/// One direction of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuple {
    /// From.
    pub source: (Ipv4Addr, u16),
    /// To.
    pub destination: (Ipv4Addr, u16),
}

/// A UDP flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// As it was sent.
    pub original: Tuple,
    /// As the answer comes: its source is where the packets really went.
    pub reply: Tuple,
    raw_original: Vec<u8>,
    id: Option<Vec<u8>>,
    zone: Option<Vec<u8>>,
}

/// The UDP flows known to the kernel.
pub fn udp_flows(socket: &Socket) -> Result<Vec<Flow>, Error> {
    let mut buffer = Buffer::default();
    buffer.message(GET, DUMP, &[INET, 0, 0, 0], |_| {});
    let all = socket.dump(&buffer, || "list tracked connections".into())?;
    Ok(all.iter().filter_map(|m| flow(m.payload.get(4..)?)).collect())
}

/// Forgets flows; those that are gone already do not matter.
pub fn forget(socket: &Socket, flows: &[Flow]) -> Result<(), Error> {
    for flow in flows {
        let mut buffer = Buffer::default();
        buffer.message(DELETE, ACK, &[INET, 0, 0, 0], |b| {
            b.attr(ORIGINAL | 0x8000, &flow.raw_original);
            if let Some(id) = &flow.id {
                b.attr(ID, id);
            }
            if let Some(zone) = &flow.zone {
                b.attr(ZONE, zone);
            }
        });
        match socket.acknowledged(&buffer, || "forget a tracked connection".into()) {
            Err(error) if !error.is_missing() => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// A socket for these calls.
pub fn open() -> Result<Socket, Error> {
    Socket::open(Family::Netfilter)
}

fn flow(body: &[u8]) -> Option<Flow> {
    let raw = attribute(body, ORIGINAL)?;
    Some(Flow {
        original: tuple(raw)?,
        reply: tuple(attribute(body, REPLY)?)?,
        raw_original: raw.to_vec(),
        id: attribute(body, ID).map(<[u8]>::to_vec),
        zone: attribute(body, ZONE).map(<[u8]>::to_vec),
    })
}

fn tuple(bytes: &[u8]) -> Option<Tuple> {
    let (ip, proto) = (attribute(bytes, 1)?, attribute(bytes, 2)?);
    if attribute(proto, 1)?.first() != Some(&UDP) {
        return None;
    }
    Some(Tuple {
        source: (attribute(ip, 1).and_then(as_ipv4)?, attribute(proto, 2).and_then(as_be16)?),
        destination: (attribute(ip, 2).and_then(as_ipv4)?, attribute(proto, 3).and_then(as_be16)?),
    })
}
