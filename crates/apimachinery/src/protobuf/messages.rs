//! What the schema says about messages, in the order of the wire.

use crate::schema::{Field, Node, SchemaSet, Str, TypeRef};

/// Where a field of the table lies: up to three bytes of field numbers, those of the embedded messages around it first (Go structs that
/// are inlined are flat in JSON and messages of their own here), and above them what the type alone does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(pub u32);

/// What a field is on the wire where its type does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// Its type says all.
    None,
    /// `JSONSchemaPropsOrBool`.
    SchemaOrBool,
    /// `JSONSchemaPropsOrArray`.
    SchemaOrArray,
    /// `JSONSchemaPropsOrStringArray`.
    SchemaOrStrings,
    /// A list that is a message (`Verbs`).
    Items,
}

impl Place {
    /// The numbers from the outermost message to the field; none: the field is not on the wire.
    fn path(self) -> impl Iterator<Item = u32> {
        [16, 8, 0].into_iter().map(move |shift| self.0 >> shift & 0xff).filter(|number| *number != 0)
    }

    /// What its type does not say.
    #[must_use]
    pub fn special(self) -> Special {
        match self.0 >> 24 {
            1 => Special::SchemaOrBool,
            2 => Special::SchemaOrArray,
            3 => Special::SchemaOrStrings,
            4 => Special::Items,
            _ => Special::None,
        }
    }
}

/// All messages of a set of types.
#[derive(Debug)]
pub struct Messages {
    /// By type; embedded messages follow.
    list: Vec<Message>,
}

/// One message.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// The Go type's name.
    pub(super) name: Str,
    /// By number.
    pub(super) members: Vec<Member>,
}

/// One field of a message.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) number: u32,
    /// In JSON.
    pub(super) name: Str,
    pub(super) kind: Kind,
    pub(super) label: Label,
    /// JSON leaves the zero value out.
    pub(super) omit_empty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// No pointer: its zero value is written too.
    Always,
    /// A pointer: written when it is set.
    Optional,
    Repeated,
    Map,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bytes,
    Boolean,
    Int32,
    Int64,
    Double,
    IntOrString,
    Quantity,
    Time,
    MicroTime,
    Duration,
    /// JSON in field 1 of a message.
    Raw,
    /// A JSON schema or something else; the message of the schema.
    Schema(Special, usize),
    /// A list in field 1 of a message.
    Items(Box<Kind>),
    Message(usize),
    /// A message whose fields lie beside it in JSON.
    Embedded(usize),
}

impl Messages {
    /// Reads a set.
    #[must_use]
    pub fn new(set: &SchemaSet) -> Self {
        let mut messages = Messages { list: Vec::with_capacity(set.nodes.len()) };
        messages.list.resize_with(set.nodes.len(), Message::default);
        for (at, node) in set.nodes.iter().enumerate() {
            let Node::Struct(s) = node else { continue };
            messages.list[at].name = s.name.clone();
            for field in s.fields.iter() {
                messages.add(set, at, field);
            }
        }
        messages.list.iter_mut().for_each(|m| m.members.sort_by_key(|member| member.number));
        messages
    }

    pub(super) fn of(&self, ty: TypeRef) -> usize {
        ty.0 as usize
    }

    pub(super) fn message(&self, at: usize) -> &Message {
        &self.list[at]
    }

    fn add(&mut self, set: &SchemaSet, root: usize, field: &Field) {
        let place = Place(field.proto);
        let path: Vec<u32> = place.path().collect();
        let Some((number, above)) = path.split_last() else { return };
        let mut at = root;
        for number in above {
            at = self.embedded(at, *number);
        }
        let (kind, label) = kind(set, root, field, place.special());
        let member = Member { number: *number, name: field.name.clone(), kind, label, omit_empty: field.omit_empty };
        self.list[at].members.push(member);
    }

    /// The embedded message with this number, made where it is new.
    fn embedded(&mut self, at: usize, number: u32) -> usize {
        let found = self.list[at].members.iter().find_map(|m| match m.kind {
            Kind::Embedded(inner) if m.number == number => Some(inner),
            _ => None,
        });
        found.unwrap_or_else(|| {
            let inner = self.list.len();
            let name = self.list[at].name.clone();
            self.list.push(Message { name, members: Vec::new() });
            let kind = Kind::Embedded(inner);
            let member = Member { number, name: Str::default(), kind, label: Label::Always, omit_empty: false };
            self.list[at].members.push(member);
            inner
        })
    }
}

fn kind(set: &SchemaSet, root: usize, field: &Field, special: Special) -> (Kind, Label) {
    let whole = &set.nodes[field.ty.0 as usize];
    match (whole, special) {
        (Node::List(list), Special::Items) => {
            (Kind::Items(Box::new(leaf(set, root, list.item, special))), Label::Always)
        }
        (Node::List(list), _) => (leaf(set, root, list.item, special), Label::Repeated),
        (Node::Map(map), _) => (leaf(set, root, map.value, special), Label::Map),
        // A slice in Go: nil is not written.
        (Node::Bytes, _) => (Kind::Bytes, Label::Optional),
        _ => {
            let label = if field.pointer { Label::Optional } else { Label::Always };
            (leaf(set, root, field.ty, special), label)
        }
    }
}

fn leaf(set: &SchemaSet, root: usize, ty: TypeRef, special: Special) -> Kind {
    match &set.nodes[ty.0 as usize] {
        Node::String => Kind::Text,
        Node::Integer { bits: 32 } => Kind::Int32,
        Node::Integer { .. } => Kind::Int64,
        Node::Number => Kind::Double,
        Node::Boolean => Kind::Boolean,
        Node::IntOrString => Kind::IntOrString,
        Node::Quantity => Kind::Quantity,
        Node::Time => Kind::Time,
        Node::MicroTime => Kind::MicroTime,
        Node::Duration => Kind::Duration,
        Node::Bytes => Kind::Bytes,
        Node::Any => match special {
            Special::None | Special::Items => Kind::Raw,
            // All of these are fields of `JSONSchemaProps` itself.
            other => Kind::Schema(other, root),
        },
        Node::Struct(_) => Kind::Message(ty.0 as usize),
        Node::List(list) => Kind::Items(Box::new(leaf(set, root, list.item, special))),
        // No type has maps in lists or maps.
        Node::Map(_) => Kind::Raw,
    }
}
