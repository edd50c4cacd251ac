//! Keeping the table in the kernel as wished: entry by entry, and anew where something else took it away.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use sys::netlink::{
    Socket,
    nft::{self, Data, News, Transaction},
};
use tokio::io::{Interest, unix::AsyncFd};

use super::{
    state::{Delta, Owner, State, Wish},
    table::{Facts, Made, SetId, build},
};
use crate::{
    config::Config,
    error::{Error, blocking},
};

/// Two who undo each other's work do so at most this often.
const RESTORE_EVERY: Duration = Duration::from_secs(1);

/// The nft table of an instance.
pub struct Rules {
    kernel: Mutex<Kernel>,
    config: Config,
    port: u32,
}

struct Kernel {
    socket: Socket,
    facts: Facts,
    state: State,
    made: Made,
    /// The table in the kernel is ours; before that wishes are only collected.
    active: bool,
    /// The kernel has refused something: the table may not be as wished.
    doubtful: bool,
}

impl Rules {
    /// Connects to the kernel. Where this instance has left a table, it stays in force until [`Rules::activate`]; otherwise one is made now.
    pub async fn open(config: Config) -> Result<Arc<Self>, Error> {
        let facts = Facts { names: config.names(), node_ip: config.node_ip, cluster_cidr: config.cluster_cidr };
        blocking(move || {
            let socket = nft::open()?;
            let there = nft::tables(&socket)?.contains(&facts.names.table);
            let port = socket.port();
            let mut kernel = Kernel {
                socket,
                facts,
                state: State::default(),
                made: Made::default(),
                active: false,
                doubtful: false,
            };
            if !there {
                kernel.rebuild()?;
            }
            Ok(Arc::new(Self { kernel: Mutex::new(kernel), config, port }))
        })
        .await
    }

    /// Puts the table in force with all that is wished by now.
    pub async fn activate(self: &Arc<Self>) -> Result<(), Error> {
        self.on_kernel(|kernel| if kernel.active { Ok(()) } else { kernel.rebuild() }).await
    }

    /// What an owner wants from now on, instead of what it wanted before.
    pub async fn set(self: &Arc<Self>, wish: Wish) -> Result<(), Error> {
        self.set_all(vec![wish]).await
    }

    /// The same for several owners in one step.
    pub async fn set_all(self: &Arc<Self>, wishes: Vec<Wish>) -> Result<(), Error> {
        if wishes.is_empty() {
            return Ok(());
        }
        self.on_kernel(|kernel| kernel.replace(wishes)).await
    }

    /// The services that have entries, apart from these.
    pub(crate) fn services_except(&self, keep: &BTreeSet<Owner>) -> Vec<Owner> {
        self.kernel.lock().state.services_except(keep)
    }

    async fn on_kernel(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Kernel) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let rules = self.clone();
        blocking(move || work(&mut rules.kernel.lock())).await
    }

    /// Listens to what others do to nf_tables and makes the table anew when it was touched. Runs until dropped.
    pub async fn guard(self: Arc<Self>) -> Result<(), Error> {
        let listen = || -> Result<AsyncFd<Socket>, Error> {
            let socket = nft::listen()?;
            let failed = |source| sys::netlink::Error::Socket { tried: "wait for news of nft", source };
            #[allow(deprecated, reason = "the new constructor is unsafe; a Socket owns its descriptor as that demands")]
            let socket = AsyncFd::with_interest(socket, Interest::READABLE).map_err(failed)?;
            Ok(socket)
        };
        let mut socket = listen()?;
        let mut touched = false;
        loop {
            let Ok(mut ready) = socket.readable().await else {
                socket = listen()?;
                continue;
            };
            let whole = match ready.get_inner().receive_now() {
                Ok(messages) if messages.is_empty() => {
                    ready.clear_ready();
                    continue;
                }
                Ok(messages) => {
                    let mut whole = false;
                    for message in &messages {
                        match nft::news(message) {
                            News::Changed { table, port } => touched |= port != self.port && self.is_ours(&table),
                            News::Generation(_) => whole = true,
                            News::Other => {}
                        }
                    }
                    whole
                }
                // Some news was lost: look whether the table is still there.
                Err(_) => {
                    touched |= self.is_gone().await;
                    true
                }
            };
            drop(ready);
            if touched && whole {
                touched = false;
                let begun = Instant::now();
                self.config.say("network: the service rules were changed by something else; making them anew");
                if let Err(error) = self.on_kernel(|kernel| if kernel.active { kernel.rebuild() } else { Ok(()) }).await
                {
                    self.config.say(&format!("network: {error}"));
                }
                tokio::time::sleep(RESTORE_EVERY.saturating_sub(begun.elapsed())).await;
            }
        }
    }

    fn is_ours(&self, table: &str) -> bool {
        *table == self.config.names().table
    }

    async fn is_gone(self: &Arc<Self>) -> bool {
        let rules = self.clone();
        let there = blocking(move || {
            let kernel = rules.kernel.lock();
            Ok(nft::tables(&kernel.socket)?.contains(&kernel.facts.names.table))
        });
        !there.await.unwrap_or(true)
    }
}

impl Kernel {
    fn replace(&mut self, wishes: Vec<Wish>) -> Result<(), Error> {
        let delta = self.state.replace(wishes);
        if !self.active {
            return Ok(());
        }
        if self.doubtful {
            return self.rebuild();
        }
        if delta.is_empty() {
            return Ok(());
        }
        let (mut change, mut made) = (Transaction::new(&self.facts.names.table), self.made.clone());
        write(&mut change, &delta, &mut made);
        match change.commit(&self.socket) {
            Ok(()) => {
                self.made = made;
                Ok(())
            }
            // The table is not as it was left: making it anew settles that, and says so if it cannot.
            Err(_) => self.rebuild(),
        }
    }

    /// Makes the whole table in one step; traffic sees the old one or the new one.
    fn rebuild(&mut self) -> Result<(), Error> {
        let (all, mut made) = (self.state.all(), Made::default());
        let mut change = Transaction::new(&self.facts.names.table);
        build(&self.facts, &mut change);
        write(&mut change, &all, &mut made);
        self.doubtful = true;
        change.commit(&self.socket)?;
        self.doubtful = false;
        self.made = made;
        self.active = true;
        Ok(())
    }
}

fn write(change: &mut Transaction, delta: &Delta, made: &mut Made) {
    for set in delta.add.keys() {
        if let SetId::Slot(slot) = set {
            made.slot(*slot, change);
        }
    }
    for go in &delta.go {
        go.add(made, change);
    }
    for pick in &delta.picks {
        pick.add(made, change);
    }
    for (set, keys) in &delta.delete {
        change.delete_elements(&set.name(), keys.iter().map(Vec::as_slice));
    }
    for (set, entries) in &delta.add {
        let entries: Vec<(&[u8], Data)> = entries.iter().map(|(key, value)| (key.as_slice(), value.data())).collect();
        change.elements(&set.name(), entries.iter().map(|(key, data)| (*key, data)));
    }
    for pick in &delta.unused {
        change.delete_chain(&pick.name());
    }
}
