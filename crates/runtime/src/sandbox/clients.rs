//! Agents that are connected: usually one, for a moment two.

use std::{
    collections::{BTreeMap, VecDeque},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::event::epoll::EventFlags;

use crate::{
    proto::{Message, Reply},
    sandbox::server::{Poll, Source},
};

/// Packets that may wait for an agent that does not read. Beyond that it is cut off; when it connects again it is told
/// how things stand.
const MOST_WAITING: usize = 256;

struct Client {
    socket: OwnedFd,
    waiting: VecDeque<Vec<u8>>,
    greeted: bool,
}

/// The connections.
#[derive(Default)]
pub(crate) struct Clients {
    by_token: BTreeMap<u64, Client>,
}

impl Clients {
    pub(crate) fn add(&mut self, poll: &mut Poll, socket: OwnedFd) -> std::io::Result<()> {
        let token = poll.watch(&socket, Source::Client, EventFlags::IN)?;
        self.by_token.insert(token, Client { socket, waiting: VecDeque::new(), greeted: false });
        Ok(())
    }

    pub(crate) fn socket(&self, token: u64) -> Option<BorrowedFd<'_>> {
        self.by_token.get(&token).map(|client| client.socket.as_fd())
    }

    pub(crate) fn greet(&mut self, token: u64) {
        if let Some(client) = self.by_token.get_mut(&token) {
            client.greeted = true;
        }
    }

    pub(crate) fn remove(&mut self, poll: &mut Poll, token: u64) {
        if let Some(client) = self.by_token.remove(&token) {
            poll.forget(token, &client.socket);
        }
    }

    /// Answers a request.
    pub(crate) fn reply(&mut self, poll: &mut Poll, token: u64, n: u64, reply: Reply, fds: &[BorrowedFd<'_>]) {
        let bytes = serde_json::to_vec(&Message::Reply { n, reply }).unwrap_or_default();
        self.send(poll, token, bytes, fds);
    }

    /// Tells every agent.
    pub(crate) fn tell(&mut self, poll: &mut Poll, message: &Message) {
        let bytes = serde_json::to_vec(message).unwrap_or_default();
        let greeted: Vec<u64> = self.by_token.iter().filter(|(_, c)| c.greeted).map(|(token, _)| *token).collect();
        for token in greeted {
            self.send(poll, token, bytes.clone(), &[]);
        }
    }

    fn send(&mut self, poll: &mut Poll, token: u64, bytes: Vec<u8>, fds: &[BorrowedFd<'_>]) {
        let Some(client) = self.by_token.get_mut(&token) else { return };
        if !fds.is_empty() || client.waiting.is_empty() {
            // Descriptors are not kept waiting: an agent that has no room for them does not get them.
            match sys::fdpass::send(&client.socket, &bytes, fds) {
                Ok(()) => return,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && fds.is_empty() => {}
                Err(_) => return self.remove(poll, token),
            }
        }
        if client.waiting.len() >= MOST_WAITING {
            return self.remove(poll, token);
        }
        client.waiting.push_back(bytes);
        poll.change(token, &client.socket, EventFlags::IN | EventFlags::OUT);
    }

    /// Sends what waited, now that there is room.
    pub(crate) fn flush(&mut self, poll: &mut Poll, token: u64) {
        let Some(client) = self.by_token.get_mut(&token) else { return };
        while let Some(bytes) = client.waiting.front() {
            match sys::fdpass::send(&client.socket, bytes, &[]) {
                Ok(()) => drop(client.waiting.pop_front()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => return self.remove(poll, token),
            }
        }
        poll.change(token, &client.socket, EventFlags::IN);
    }
}
