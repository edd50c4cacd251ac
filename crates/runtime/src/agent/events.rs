//! What happened on its own, kept until the kubelet has taken it.

use std::{collections::VecDeque, sync::Arc};

use cri::runtime::RuntimeEvent;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

/// Room between the runtime and the kubelet; what does not fit waits here.
const ROOM: usize = 256;

/// Events that nobody has taken. At most one for each container and sandbox, which bounds them.
#[derive(Default)]
pub(super) struct Events {
    waiting: Mutex<VecDeque<RuntimeEvent>>,
    more: Notify,
}

impl Events {
    pub(super) fn push(&self, event: RuntimeEvent) {
        self.waiting.lock().push_back(event);
        self.more.notify_one();
    }

    /// The stream of events. Whoever takes it later gets what an earlier taker did not.
    pub(super) fn stream(self: &Arc<Self>) -> mpsc::Receiver<RuntimeEvent> {
        let (sender, receiver) = mpsc::channel(ROOM);
        let events = self.clone();
        tokio::spawn(async move {
            loop {
                let Ok(permit) = sender.reserve().await else { return };
                let next = events.waiting.lock().pop_front();
                match next {
                    Some(event) => permit.send(event),
                    None => {
                        drop(permit);
                        tokio::select! {
                            () = events.more.notified() => {}
                            () = sender.closed() => return,
                        }
                    }
                }
            }
        });
        receiver
    }
}
