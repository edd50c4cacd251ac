//! The cluster's DNS: answers names of Services, endpoints and pods from what the informers show, and hands the rest on.

mod answer;
mod directory;
mod forward;
#[cfg(test)]
mod tests;
mod zone;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use client::Informers;
use hickory_proto::rr::Name;
use sys::netlink::route::Reach;
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    sync::Semaphore,
    time::timeout,
};

use crate::{
    config::Config,
    error::{Error, blocking},
    pods::links,
    proxy::{Rules, dns_port},
};
use answer::{Answerer, First};
use directory::Cluster;
use forward::{Way, read_framed, write_framed};
use zone::Zone;

/// Questions handed on at a time; more are dropped, and asked again by their clients.
const FORWARDED: usize = 512;
/// Open TCP connections.
const CONNECTIONS: usize = 256;
/// A TCP connection without a question is closed.
const IDLE: Duration = Duration::from_secs(10);
const LARGEST: usize = 65_535;
const PORT: u16 = 53;

/// The server, bound but not yet answering.
pub struct Dns {
    answerer: Arc<Answerer>,
    udp: Arc<UdpSocket>,
    tcp: TcpListener,
    forwarded: Arc<Semaphore>,
}

impl Dns {
    /// Takes the cluster's DNS address onto a link of this instance and listens there. Where port 53 is taken, another
    /// port is used and the rules lead there.
    pub async fn bind(config: &Config, rules: &Arc<Rules>, informers: &Informers) -> Result<Self, Error> {
        let (link, ip) = (config.names().link, config.dns_ip);
        blocking(move || links::hold_address(&link, ip, Reach::Host)).await?;
        let udp = match UdpSocket::bind((ip, PORT)).await {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => UdpSocket::bind((ip, 0)).await,
            other => other,
        };
        let tcp = match TcpListener::bind((ip, PORT)).await {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => TcpListener::bind((ip, 0)).await,
            other => other,
        };
        let failed = |protocol, source| Error::Listen { address: format!("{ip}:{PORT}"), protocol, source };
        let (udp, tcp) = (udp.map_err(|e| failed("UDP", e))?, tcp.map_err(|e| failed("TCP", e))?);
        let port = |address: io::Result<SocketAddr>| address.map_or(PORT, |a| a.port());
        rules.set(dns_port(ip, port(udp.local_addr()), port(tcp.local_addr()))).await?;
        let mut domain = Name::from_ascii(&config.cluster_domain).unwrap_or_default();
        domain.set_fqdn(true);
        let answerer = Answerer {
            zone: Zone { domain, dns_ip: ip },
            directory: Box::new(Cluster::new(informers)),
            upstream: config.upstream.iter().filter(|a| a.ip() != ip).copied().collect(),
        };
        let forwarded = Arc::new(Semaphore::new(FORWARDED));
        Ok(Self { answerer: Arc::new(answerer), udp: Arc::new(udp), tcp, forwarded })
    }

    /// Answers until dropped.
    pub async fn run(self) {
        tokio::join!(self.serve_udp(), self.serve_tcp());
    }

    async fn serve_udp(&self) {
        let mut buffer = vec![0; LARGEST];
        loop {
            // A client that went away shows up as an error here; it concerns nobody else.
            let Ok((length, client)) = self.udp.recv_from(&mut buffer).await else { continue };
            match self.answerer.first(&buffer[..length], Way::Udp) {
                First::Done(Some(answer)) => drop(self.udp.send_to(&answer, client).await),
                First::Done(None) => {}
                First::Others(request) => {
                    let Ok(place) = self.forwarded.clone().try_acquire_owned() else { continue };
                    let (answerer, udp, bytes) = (self.answerer.clone(), self.udp.clone(), buffer[..length].to_vec());
                    tokio::spawn(async move {
                        if let Some(answer) = answerer.others(*request, &bytes, Way::Udp).await {
                            // The client asks again if this gets lost.
                            let _ = udp.send_to(&answer, client).await;
                        }
                        drop(place);
                    });
                }
            }
        }
    }

    async fn serve_tcp(&self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match self.tcp.accept().await {
                Ok((stream, _)) => {
                    let (answerer, forwarded) = (self.answerer.clone(), self.forwarded.clone());
                    tokio::spawn(async move {
                        // However a connection ends, it ends only itself.
                        let _ = converse(stream, &answerer, &forwarded).await;
                        drop(place);
                    });
                }
                // Out of descriptors: let others finish first.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

async fn converse(mut stream: TcpStream, answerer: &Answerer, forwarded: &Semaphore) -> io::Result<()> {
    loop {
        let question = timeout(IDLE, read_framed(&mut stream)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let answer = match answerer.first(&question, Way::Tcp) {
            First::Done(answer) => answer,
            First::Others(request) => {
                let _place = forwarded.acquire().await.map_err(io::Error::other)?;
                answerer.others(*request, &question, Way::Tcp).await
            }
        };
        let Some(answer) = answer else { return Ok(()) };
        timeout(IDLE, write_framed(&mut stream, &answer)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    }
}
