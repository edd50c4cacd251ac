//! Bodies of requests and answers: from a connection, from a caller in the same process, or made while they are sent.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::Stream;
use http_body::Frame;
use http_body_util::BodyExt;

/// Kind of a watch event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// `ADDED`.
    Added,
    /// `MODIFIED`.
    Modified,
    /// `DELETED`.
    Deleted,
    /// `BOOKMARK`.
    Bookmark,
    /// `ERROR`: the object is a `Status`.
    Error,
}

impl EventKind {
    /// As it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            EventKind::Added => "ADDED",
            EventKind::Modified => "MODIFIED",
            EventKind::Deleted => "DELETED",
            EventKind::Bookmark => "BOOKMARK",
            EventKind::Error => "ERROR",
        }
    }
}

/// How the events of a watch are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// A line of JSON each.
    #[default]
    Json,
    /// Protobuf messages, each behind its length.
    Protobuf,
}

/// One event of a watch: a callers in the same process takes `object`, a connection gets `line`.
#[derive(Debug, Clone)]
pub struct WatchEvent {
    /// What happened.
    pub kind: EventKind,
    /// The object as JSON, with its resourceVersion; empty where the frame is protobuf.
    pub object: Bytes,
    /// The whole frame, where it is already made (shared by all watchers).
    pub line: Option<Bytes>,
}

impl WatchEvent {
    /// An event that is not shared, from the JSON of its object.
    #[must_use]
    pub fn new(encoding: Encoding, kind: EventKind, object: Bytes) -> Self {
        match encoding {
            Encoding::Json => WatchEvent { kind, object, line: None },
            Encoding::Protobuf => Self::framed(encoding, kind, crate::protobuf::event(kind, &object)),
        }
    }

    /// An event from its frame.
    #[must_use]
    pub fn framed(encoding: Encoding, kind: EventKind, line: Bytes) -> Self {
        let object = match encoding {
            Encoding::Json => line.slice(frame_head(kind)..line.len() - 2),
            Encoding::Protobuf => Bytes::new(),
        };
        WatchEvent { kind, object, line: Some(line) }
    }

    /// The frame: `{"type":…,"object":…}` and a newline, or the same as a message.
    #[must_use]
    pub fn line(&self) -> Bytes {
        self.line.clone().unwrap_or_else(|| frame(self.kind, &[&self.object]))
    }
}

/// Where the object begins in a frame of this kind.
#[must_use]
pub fn frame_head(kind: EventKind) -> usize {
    br#"{"type":"","object":"#.len() + kind.text().len()
}

/// Builds a frame from the parts of an object.
#[must_use]
pub fn frame(kind: EventKind, parts: &[&[u8]]) -> Bytes {
    let mut out = BytesMut::with_capacity(frame_head(kind) + 2 + parts.iter().map(|p| p.len()).sum::<usize>());
    out.put_slice(br#"{"type":""#);
    out.put_slice(kind.text().as_bytes());
    out.put_slice(br#"","object":"#);
    for part in parts {
        out.put_slice(part);
    }
    out.put_slice(b"}\n");
    out.freeze()
}

/// What a body's stream may fail with.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection failed.
    #[error("reading the body: {0}")]
    Connection(#[from] hyper::Error),
    /// The source of a streamed answer failed.
    #[error("streaming the body: {0}")]
    Source(String),
    /// More bytes than allowed.
    #[error("limit is {limit}")]
    TooLarge {
        /// In bytes.
        limit: usize,
    },
}

/// Of a body that is too large so much is still read before it is refused.
const DISCARD_BYTES: usize = 16 << 20;

/// A stream of watch events.
pub type WatchStream = Pin<Box<dyn Stream<Item = WatchEvent> + Send>>;
/// A stream of bytes.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// A body.
#[derive(Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// One piece.
    Full(Bytes),
    /// Pieces that are there already (lists: no big buffer).
    Pieces(VecDeque<Bytes>),
    /// From a connection.
    Incoming(hyper::body::Incoming),
    /// Made while it is sent.
    Stream(ByteStream),
    /// Watch events: callers in the same process take them as they are ([`Body::into_watch`]).
    Watch(WatchStream),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Body::Empty => "Body::Empty",
            Body::Full(_) => "Body::Full",
            Body::Pieces(_) => "Body::Pieces",
            Body::Incoming(_) => "Body::Incoming",
            Body::Stream(_) => "Body::Stream",
            Body::Watch(_) => "Body::Watch",
        })
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Body::Full(bytes.into())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Body::Full(bytes)
    }
}

impl Body {
    /// The events of a watch, or the body back.
    ///
    /// # Errors
    /// It is no watch.
    pub fn into_watch(self) -> Result<WatchStream, Body> {
        match self {
            Body::Watch(events) => Ok(events),
            other => Err(other),
        }
    }

    /// Reads on without keeping anything, up to a bound: a client that is still sending would not see the answer otherwise.
    async fn discard(&mut self) {
        let mut left = DISCARD_BYTES;
        while let Some(Ok(frame)) = self.frame().await {
            let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
            left = rest;
        }
    }

    /// The whole body, at most `limit` bytes.
    ///
    /// # Errors
    /// Too large, or the connection failed.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, BodyError> {
        if let Body::Full(bytes) = self {
            return if bytes.len() > limit { Err(BodyError::TooLarge { limit }) } else { Ok(bytes) };
        }
        let mut first: Option<Bytes> = None;
        let mut all = BytesMut::new();
        while let Some(frame) = self.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            if first.as_ref().map_or(0, Bytes::len) + all.len() + data.len() > limit {
                drop((first, all));
                self.discard().await;
                return Err(BodyError::TooLarge { limit });
            }
            // Most bodies come in one piece: then nothing is copied.
            match first.take() {
                None if all.is_empty() => first = Some(data),
                Some(piece) => {
                    all.extend_from_slice(&piece);
                    all.extend_from_slice(&data);
                }
                None => all.extend_from_slice(&data),
            }
        }
        Ok(first.unwrap_or_else(|| all.freeze()))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Body::Empty => Poll::Ready(None),
            Body::Full(_) => match std::mem::take(&mut *self) {
                Body::Full(bytes) if !bytes.is_empty() => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                _ => Poll::Ready(None),
            },
            Body::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(|p| Ok(Frame::data(p)))),
            Body::Incoming(incoming) => Pin::new(incoming).poll_frame(cx).map_err(BodyError::Connection),
            Body::Stream(stream) => stream.as_mut().poll_next(cx).map(|item| item.map(|r| r.map(Frame::data))),
            Body::Watch(events) => poll_watch(events, cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Empty => true,
            Body::Full(bytes) => bytes.is_empty(),
            Body::Pieces(pieces) => pieces.is_empty(),
            Body::Incoming(incoming) => incoming.is_end_stream(),
            Body::Stream(_) | Body::Watch(_) => false,
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match self {
            Body::Empty => http_body::SizeHint::with_exact(0),
            Body::Full(bytes) => http_body::SizeHint::with_exact(bytes.len() as u64),
            Body::Pieces(pieces) => http_body::SizeHint::with_exact(pieces.iter().map(|p| p.len() as u64).sum()),
            Body::Incoming(incoming) => incoming.size_hint(),
            Body::Stream(_) | Body::Watch(_) => http_body::SizeHint::default(),
        }
    }
}

/// One frame of a watch. Events that are ready are put together up to this size, so that a burst costs few writes.
const WATCH_FRAME_BYTES: usize = 32 * 1024;

fn poll_watch(events: &mut WatchStream, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
    let first = match events.as_mut().poll_next(cx) {
        Poll::Ready(Some(event)) => event.line(),
        Poll::Ready(None) => return Poll::Ready(None),
        Poll::Pending => return Poll::Pending,
    };
    if first.len() >= WATCH_FRAME_BYTES {
        return Poll::Ready(Some(Ok(Frame::data(first))));
    }
    let Poll::Ready(Some(second)) = events.as_mut().poll_next(cx) else {
        return Poll::Ready(Some(Ok(Frame::data(first))));
    };
    let mut burst = BytesMut::with_capacity(WATCH_FRAME_BYTES);
    burst.extend_from_slice(&first);
    burst.extend_from_slice(&second.line());
    while burst.len() < WATCH_FRAME_BYTES {
        match events.as_mut().poll_next(cx) {
            Poll::Ready(Some(event)) => burst.extend_from_slice(&event.line()),
            // A stream that has ended says so again on the next poll: `watch` streams are fused.
            Poll::Ready(None) | Poll::Pending => break,
        }
    }
    Poll::Ready(Some(Ok(Frame::data(burst.freeze()))))
}
