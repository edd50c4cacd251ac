//! From a container's output to its log and to those attached.

use rustix::io::Errno;

use crate::sandbox::{
    containers::Container,
    now_ns,
    server::{Poll, Server},
};

const READ_BYTES: usize = 16 * 1024;

/// Most bytes taken from one stream before others get their turn.
const TURN_BYTES: usize = 4 * READ_BYTES;

/// Space that is used while there is output and given back after.
#[derive(Default)]
pub(crate) struct Buffers {
    read: Vec<u8>,
    records: Vec<u8>,
}

impl Buffers {
    pub(crate) fn held(&self) -> bool {
        self.read.capacity() > 0
    }

    pub(crate) fn release(&mut self) {
        if self.held() {
            *self = Self::default();
            sys::process::trim_heap();
        }
    }
}

impl Server {
    /// One output of a container is readable.
    pub(crate) fn pump(&mut self, id: &str, which: usize) {
        if let Some(container) = self.containers.get_mut(id) {
            container.pump(&mut self.poll, &mut self.buffers, which, TURN_BYTES);
        }
    }
}

impl Container {
    /// Reads at most so many bytes of an output.
    fn pump(&mut self, poll: &mut Poll, buffers: &mut Buffers, which: usize, most: usize) {
        let Some(output) = &mut self.outputs[which] else { return };
        buffers.read.resize(READ_BYTES, 0);
        let mut taken = 0;
        let mut over = false;
        while taken < most {
            match rustix::io::read(&output.fd, &mut buffers.read[..]) {
                Ok(0) => over = true,
                Ok(length) => {
                    taken += length;
                    let data = &buffers.read[..length];
                    output.cutter.feed(output.name, data, now_ns(), &mut buffers.records);
                    self.log.append(&buffers.records);
                    buffers.records.clear();
                    self.attached.retain(|attached| attached.pass(which, data));
                    continue;
                }
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => {}
                // EIO: the last process closed the terminal.
                Err(_) => over = true,
            }
            break;
        }
        if over {
            self.close_output(poll, buffers, which);
        }
    }

    fn close_output(&mut self, poll: &mut Poll, buffers: &mut Buffers, which: usize) {
        let Some(mut output) = self.outputs[which].take() else { return };
        poll.forget(output.token, &output.fd);
        output.cutter.finish(output.name, now_ns(), &mut buffers.records);
        self.log.append(&buffers.records);
        buffers.records.clear();
        for attached in &mut self.attached {
            attached.pipes[which] = None;
        }
    }

    /// The container ended: takes what is still in its pipes. Not more than they can hold, for somebody else may
    /// have kept a write end.
    pub(crate) fn drain(&mut self, poll: &mut Poll, buffers: &mut Buffers) {
        const MOST: usize = 2 << 20;
        for which in 0..self.outputs.len() {
            self.pump(poll, buffers, which, MOST);
            self.close_output(poll, buffers, which);
        }
    }
}
