//! What systemd hears from the server.

use std::os::{
    linux::net::SocketAddrExt,
    unix::net::{SocketAddr, UnixDatagram},
};

/// The node is Ready.
pub const READY: &str = "READY=1";
/// It stops.
pub const STOPPING: &str = "STOPPING=1";

/// Tells the service manager that started this process, if one did.
pub fn tell(state: &str) {
    if let Some(socket) = std::env::var("NOTIFY_SOCKET").ok().filter(|path| !path.is_empty()) {
        // It waits for it no longer than the unit says; nothing else depends on it.
        let _ = send(&socket, state);
    }
}

fn send(socket: &str, state: &str) -> std::io::Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_sockets_hear_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let name = format!("podium-notify-{}", std::process::id());
        let abstract_one = SocketAddr::from_abstract_name(&name).unwrap();
        for (listener, at) in [
            (UnixDatagram::bind(&path).unwrap(), path.display().to_string()),
            (UnixDatagram::bind_addr(&abstract_one).unwrap(), format!("@{name}")),
        ] {
            send(&at, READY).unwrap();
            let mut text = [0; 32];
            let length = listener.recv(&mut text).unwrap();
            assert_eq!(&text[..length], READY.as_bytes());
        }
    }
}
