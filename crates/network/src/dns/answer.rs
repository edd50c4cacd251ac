//! From the bytes of a question to the bytes of its answer.

use std::net::SocketAddr;

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{DNSClass, Name, Record, RecordType},
};

use super::{
    directory::Directory,
    forward::{Way, forward},
    zone::{Answer, Outcome, Zone},
};

/// What fits through every network without being cut to pieces.
const UDP_PAYLOAD: u16 = 1232;
/// Aliases that lead to aliases end here.
const ALIASES: usize = 8;

/// Everything that answers are made of.
pub(crate) struct Answerer {
    pub zone: Zone,
    pub directory: Box<dyn Directory>,
    pub upstream: Vec<SocketAddr>,
}

/// What is known of an answer without asking anybody.
pub(crate) enum First {
    /// All of it.
    Done(Option<Vec<u8>>),
    /// Others have to be asked.
    Others(Box<Message>),
}

enum Found {
    Answer(Answer, ResponseCode),
    /// The last name is not the cluster's; so much is known.
    Further(Vec<Record>, Name),
    Elsewhere,
}

impl Answerer {
    /// Answers what the cluster can say by itself; never waits.
    pub fn first(&self, bytes: &[u8], way: Way) -> First {
        let Ok(request) = Message::from_vec(bytes) else { return First::Done(malformed(bytes)) };
        if request.metadata.message_type != MessageType::Query {
            // Answering an answer would go on for ever.
            return First::Done(None);
        }
        if request.metadata.op_code != OpCode::Query {
            return First::Done(finish(&request, Answer::default(), ResponseCode::NotImp, way));
        }
        let [query] = &request.queries[..] else {
            return First::Done(finish(&request, Answer::default(), ResponseCode::FormErr, way));
        };
        if query.query_class() != DNSClass::IN {
            return First::Others(Box::new(request));
        }
        match self.local(query) {
            Found::Answer(answer, code) => First::Done(self.own(&request, answer, code, way)),
            Found::Further(..) | Found::Elsewhere => First::Others(Box::new(request)),
        }
    }

    /// Answers what others have to be asked for.
    pub async fn others(&self, request: Message, bytes: &[u8], way: Way) -> Option<Vec<u8>> {
        let query = request.queries.first()?;
        let (known, target) = match self.local(query) {
            Found::Further(known, target) => (known, target),
            Found::Answer(answer, code) => return self.own(&request, answer, code, way),
            Found::Elsewhere => {
                return match forward(&self.upstream, bytes, way).await {
                    Ok(answer) => Some(answer),
                    Err(_) => finish(&request, Answer::default(), ResponseCode::ServFail, way),
                };
            }
        };
        let mut records = known;
        let mut question = Message::query();
        question.metadata.recursion_desired = true;
        question.add_query(Query::query(target, query.query_type()));
        // The alias alone is an answer, too: whoever asked may go on from there.
        if let Ok(question) = question.to_vec()
            && let Ok(answer) = forward(&self.upstream, &question, way).await
            && let Ok(answer) = Message::from_vec(&answer)
        {
            records.extend(answer.answers);
        }
        self.own(&request, Answer { records, additional: Vec::new() }, ResponseCode::NoError, way)
    }

    fn local(&self, query: &Query) -> Found {
        let (mut known, mut name) = (Vec::new(), query.name().clone());
        for _ in 0..ALIASES {
            match self.zone.ask(&*self.directory, &name, query.query_type()) {
                Outcome::Found(mut answer) => {
                    known.append(&mut answer.records);
                    return Found::Answer(Answer { records: known, ..answer }, ResponseCode::NoError);
                }
                Outcome::NoName if known.is_empty() => return Found::Answer(Answer::default(), ResponseCode::NXDomain),
                Outcome::NoName => {
                    return Found::Answer(Answer { records: known, ..Answer::default() }, ResponseCode::NXDomain);
                }
                Outcome::Alias(record, target) => {
                    known.push(*record);
                    if query.query_type() == RecordType::CNAME {
                        return Found::Answer(Answer { records: known, ..Answer::default() }, ResponseCode::NoError);
                    }
                    name = target;
                }
                Outcome::Elsewhere if known.is_empty() => return Found::Elsewhere,
                Outcome::Elsewhere => return Found::Further(known, name),
            }
        }
        Found::Answer(Answer::default(), ResponseCode::ServFail)
    }

    fn own(&self, request: &Message, mut answer: Answer, code: ResponseCode, way: Way) -> Option<Vec<u8>> {
        // Every client shall begin with another address.
        let turn = usize::from(request.metadata.id) % answer.records.len().max(1);
        if answer.records.iter().all(|r| r.record_type() == RecordType::A) {
            answer.records.rotate_left(turn);
        }
        let mut message = respond(request, answer, code);
        message.metadata.authoritative = true;
        if message.answers.is_empty() {
            message.authorities.extend(self.zone.authority());
        }
        pack(request, message, way)
    }
}

/// A question that cannot be read is answered by its number, if it has one.
fn malformed(bytes: &[u8]) -> Option<Vec<u8>> {
    let id = u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?);
    if bytes.len() < 12 || bytes[2] & 0x80 != 0 {
        return None;
    }
    Message::error_msg(id, OpCode::Query, ResponseCode::FormErr).to_vec().ok()
}

fn respond(request: &Message, answer: Answer, code: ResponseCode) -> Message {
    let mut message = Message::response(request.metadata.id, request.metadata.op_code);
    message.metadata.recursion_desired = request.metadata.recursion_desired;
    message.metadata.recursion_available = true;
    message.metadata.response_code = code;
    message.queries.clone_from(&request.queries);
    message.answers = answer.records;
    message.additionals = answer.additional;
    if request.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD);
        message.set_edns(edns);
    }
    message
}

fn finish(request: &Message, answer: Answer, code: ResponseCode, way: Way) -> Option<Vec<u8>> {
    pack(request, respond(request, answer, code), way)
}

fn pack(request: &Message, mut message: Message, way: Way) -> Option<Vec<u8>> {
    let bytes = message.to_vec().ok()?;
    let room = usize::from(request.max_payload().clamp(512, UDP_PAYLOAD));
    if way == Way::Tcp || bytes.len() <= room {
        return Some(bytes);
    }
    message.additionals.clear();
    let bytes = message.to_vec().ok()?;
    if bytes.len() <= room { Some(bytes) } else { message.truncate().to_vec().ok() }
}
