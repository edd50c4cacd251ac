//! Other network namespaces for the tests on a real host.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sys::netlink::socket::in_namespace_of;

/// How long something may take that takes a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A process in a network namespace of its own.
pub(crate) struct Space(Child);

impl Space {
    /// Starts it.
    pub(crate) fn new() -> Self {
        // `cat` says that it is there, and ends with this process at the latest.
        let mut child = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare starts");
        child.stdout.as_mut().expect("piped").read_exact(&mut [0]).expect("it is there");
        Self(child)
    }
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).expect("a pid")
    }
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        in_namespace_of(self.pid(), work).expect("enters")
    }
    /// Answers every connection with `name` and the client's address.
    pub(crate) fn serve(&self, port: u16, name: &'static str) {
        let listener = self.run(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))).expect("listens");
        std::thread::spawn(move || {
            while let Ok((mut stream, client)) = listener.accept() {
                // The client may have gone; the next one has not.
                let _ = stream.write_all(format!("{name} {}", client.ip()).as_bytes());
            }
        });
    }
    pub(crate) fn serve_udp(&self, port: u16, name: &'static str) {
        let socket = self.run(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))).expect("binds");
        std::thread::spawn(move || {
            while let Ok((_, client)) = socket.recv_from(&mut [0; 9]) {
                let _ = socket.send_to(name.as_bytes(), client);
            }
        });
    }
    pub(crate) fn fetch(&self, ip: Ipv4Addr, port: u16) -> Result<String, ErrorKind> {
        self.run(|| fetch(ip, port))
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn fetch(ip: Ipv4Addr, port: u16) -> Result<String, ErrorKind> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((ip, port)), PATIENCE).map_err(|e| e.kind())?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|e| e.kind())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map_err(|e| e.kind())?;
    Ok(text)
}

pub(crate) fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().expect("sh runs");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
