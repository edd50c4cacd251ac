//! nf_tables: tables, chains, sets, maps, elements and rules as one transaction, and the news of other people's.

use std::{borrow::Cow, collections::BTreeMap};

pub use super::expr::{Data, Dynamic, Expr, KIND_LOCAL, Reg, STATE_NEW, STATUS_DNAT, Verdict};
use super::{
    expr::data,
    message::{ACK, APPEND, Buffer, CREATE, Message, as_be32, as_text, attribute},
    socket::{Error, Family, Socket},
};

const SUBSYSTEM: u16 = 10 << 8;
const NEW_TABLE: u16 = SUBSYSTEM;
const GET_TABLE: u16 = SUBSYSTEM | 1;
const DELETE_TABLE: u16 = SUBSYSTEM | 2;
const NEW_CHAIN: u16 = SUBSYSTEM | 3;
const DELETE_CHAIN: u16 = SUBSYSTEM | 5;
const NEW_RULE: u16 = SUBSYSTEM | 6;

const NEW_SET: u16 = SUBSYSTEM | 9;
const NEW_ELEMENT: u16 = SUBSYSTEM | 12;
const DELETE_ELEMENT: u16 = SUBSYSTEM | 14;
const NEW_GENERATION: u16 = SUBSYSTEM | 15;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;

const INET: u8 = 2;
const HEAD: [u8; 4] = [INET, 0, 0, 0];
/// The multicast group of nf_tables, as a bit.
const NEWS: u32 = 1 << 6;
/// Elements of one message: a list is at most 64 KiB long.
const ELEMENTS: usize = 512;
/// The kind of data that is a verdict.
const VERDICT: u32 = 0xffff_ff00;

/// A type of a field as `nft` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// An address.
    Address,
    /// A transport protocol.
    Protocol,
    /// A port.
    Port,
    /// A number of 32 bits.
    Number,
}

impl Field {
    fn code(self) -> u32 {
        match self {
            Self::Address => 7,
            Self::Protocol => 12,
            Self::Port => 13,
            // nft's type for a mark: a number of the machine's byte order.
            Self::Number => 19,
        }
    }
}

/// What a map's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// It is a set.
    None,
    /// Verdicts.
    Verdicts,
    /// These fields, 4 bytes each.
    Fields(&'static [Field]),
}

/// A set or map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Its name.
    pub name: Cow<'static, str>,
    /// The fields of a key, 4 bytes each.
    pub key: &'static [Field],
    /// What it holds.
    pub values: Values,
    /// Rules add entries that time out; at most so many.
    pub dynamic: Option<u32>,
}

/// Concatenated types are written with six bits each.
fn fields_code(fields: &[Field]) -> u32 {
    fields.iter().fold(0, |code, field| (code << 6) | field.code())
}

fn fields_len(fields: &[Field]) -> u32 {
    u32::try_from(fields.len() * 4).unwrap_or(0)
}

/// Where a chain hangs in the kernel's path of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// `nat` or `filter`.
    pub kind: &'static str,
    /// `NF_INET_*`: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting.
    pub hook: u32,
    /// The smaller, the earlier.
    pub priority: i32,
}

/// A transaction on one table: all of it happens, or nothing.
#[derive(Debug)]
pub struct Transaction {
    table: String,
    buffer: Buffer,
    starts: Vec<usize>,
    sets: u32,
    notes: BTreeMap<u32, String>,
}

impl Transaction {
    /// An empty transaction on table `table` of family ip.
    #[must_use]
    pub fn new(table: &str) -> Self {
        let mut buffer = Buffer::default();
        buffer.message(BATCH_BEGIN, 0, &[0, 0, 0, 10], |_| {});
        Self { table: table.to_owned(), buffer, starts: Vec::new(), sets: 0, notes: BTreeMap::new() }
    }

    fn add(&mut self, kind: u16, flags: u16, note: String, body: impl FnOnce(&mut Buffer, &str)) {
        self.starts.push(self.buffer.bytes().len());
        let table = &self.table;
        let sequence = self.buffer.message(kind, flags, &HEAD, |b| body(b, table));
        self.notes.insert(sequence, note);
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Makes the table where there is none.
    pub fn table(&mut self) {
        self.add(NEW_TABLE, CREATE, "make the table".into(), |b, table| b.text(1, table));
    }

    /// Removes the table with all that is in it.
    pub fn delete_table(&mut self) {
        self.add(DELETE_TABLE, 0, "delete the table".into(), |b, table| b.text(1, table));
    }

    /// Makes a chain where there is none.
    pub fn chain(&mut self, name: &str, hook: Option<Hook>) {
        self.add(NEW_CHAIN, CREATE, format!("make chain {name}"), |b, table| {
            b.text(1, table);
            b.text(3, name);
            if let Some(hook) = hook {
                b.nest(4, |b| {
                    b.be32(1, hook.hook);
                    b.be32(2, hook.priority.cast_unsigned());
                });
                b.be32(5, 1);
                b.text(7, hook.kind);
            }
        });
    }

    /// Removes a chain with its rules; nothing may lead to it any more.
    pub fn delete_chain(&mut self, name: &str) {
        self.add(DELETE_CHAIN, 0, format!("delete chain {name}"), |b, table| {
            b.text(1, table);
            b.text(3, name);
        });
    }

    /// Makes a set or map where there is none.
    pub fn set(&mut self, set: &Set) {
        self.sets += 1;
        let id = self.sets;
        self.add(NEW_SET, CREATE, format!("make set {}", set.name), |b, table| {
            let map = if set.values == Values::None { 0 } else { 0x8 };
            // Entries that rules add, and that time out.
            let dynamic = if set.dynamic.is_some() { 0x30 } else { 0 };
            b.text(1, table);
            b.text(2, &set.name);
            b.be32(3, map | dynamic);
            b.be32(4, fields_code(set.key));
            b.be32(5, fields_len(set.key));
            match set.values {
                Values::None => {}
                Values::Verdicts => b.be32(6, VERDICT),
                Values::Fields(fields) => {
                    b.be32(6, fields_code(fields));
                    b.be32(7, fields_len(fields));
                }
            }
            if let Some(most) = set.dynamic {
                b.nest(9, |b| b.be32(1, most));
            }
            b.be32(10, id);
        });
    }

    /// Adds entries.
    pub fn elements<'a>(&mut self, set: &str, elements: impl IntoIterator<Item = (&'a [u8], &'a Data)>) {
        self.in_parts(NEW_ELEMENT, CREATE, set, elements);
    }

    /// Removes entries.
    pub fn delete_elements<'a>(&mut self, set: &str, keys: impl IntoIterator<Item = &'a [u8]>) {
        self.in_parts(DELETE_ELEMENT, 0, set, keys.into_iter().map(|k| (k, &Data::None)));
    }

    fn in_parts<'a>(
        &mut self,
        kind: u16,
        flags: u16,
        set: &str,
        elements: impl IntoIterator<Item = (&'a [u8], &'a Data)>,
    ) {
        let mut elements = elements.into_iter().peekable();
        while elements.peek().is_some() {
            let part = elements.by_ref().take(ELEMENTS);
            let verb = if kind == NEW_ELEMENT { "add to" } else { "delete from" };
            self.add(kind, flags, format!("{verb} {set}"), |b, table| {
                b.text(1, table);
                b.text(2, set);
                b.nest(3, |b| part.for_each(|(key, value)| b.nest(1, |b| element(b, key, value))));
            });
        }
    }

    /// Adds a rule at the end of a chain.
    pub fn rule(&mut self, chain: &str, exprs: &[Expr]) {
        self.add(NEW_RULE, CREATE | APPEND, format!("add a rule to {chain}"), |b, table| {
            b.text(1, table);
            b.text(2, chain);
            b.nest(4, |b| {
                for expr in exprs {
                    b.nest(1, |b| {
                        b.text(1, expr.name());
                        b.nest(2, |b| expr.write(b));
                    });
                }
            });
        });
    }

    /// Does it all.
    pub fn commit(mut self, socket: &Socket) -> Result<(), Error> {
        let Some(last) = self.starts.last().copied() else { return Ok(()) };
        self.buffer.add_flags(last, ACK);
        let sequence = self.buffer.last();
        self.buffer.message(BATCH_END, 0, &[0, 0, 0, 10], |_| {});
        let table = &self.table;
        let answer = socket.transaction(&self.buffer, sequence, || format!("change nft table {table}"));
        answer.map_err(|errors| {
            let first = errors.into_iter().next();
            match first {
                Some(Error::Refused { source, details, sequence, .. }) => {
                    let note = self.notes.get(&sequence).map_or("", String::as_str);
                    Error::Refused { tried: format!("nft table {}: {note}", self.table), source, details, sequence }
                }
                Some(other) => other,
                None => Error::Socket { tried: "wait for the answer", source: std::io::ErrorKind::TimedOut.into() },
            }
        })
    }
}

fn element(b: &mut Buffer, key: &[u8], value: &Data) {
    data(b, 1, key);
    match value {
        Data::None => {}
        Data::Value(value) => data(b, 2, value),
        Data::Verdict(verdict) => b.nest(2, |b| verdict.write(b)),
    }
}

/// A socket for transactions.
pub fn open() -> Result<Socket, Error> {
    Socket::open(Family::Netfilter)
}

/// A socket that hears of all changes of nf_tables.
pub fn listen() -> Result<Socket, Error> {
    Socket::listen(Family::Netfilter, NEWS)
}

/// The names of all tables of family ip.
pub fn tables(socket: &Socket) -> Result<Vec<String>, Error> {
    let mut buffer = Buffer::default();
    buffer.message(GET_TABLE, super::message::DUMP, &HEAD, |_| {});
    let all = socket.dump(&buffer, || "list nft tables".into())?;
    Ok(all.iter().filter_map(table_of).collect())
}

fn table_of(message: &Message) -> Option<String> {
    message.payload.get(4..).and_then(|b| attribute(b, 1)).map(as_text)
}

/// What a message on a listening socket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Something in this table was changed by the socket with this port.
    Changed {
        /// The table.
        table: String,
        /// Who did it.
        port: u32,
    },
    /// The end of a transaction, with the generation that it made.
    Generation(u32),
    /// Anything else.
    Other,
}

/// Reads a message of a listening socket.
#[must_use]
pub fn news(message: &Message) -> News {
    if message.kind & 0xff00 != SUBSYSTEM || message.payload.first() != Some(&INET) && message.kind != NEW_GENERATION {
        return News::Other;
    }
    if message.kind == NEW_GENERATION {
        let id = message.payload.get(4..).and_then(|b| attribute(b, 1)).and_then(as_be32);
        return id.map_or(News::Other, News::Generation);
    }
    // The table's name is the first attribute of all of them.
    table_of(message).map_or(News::Other, |table| News::Changed { table, port: message.port })
}
