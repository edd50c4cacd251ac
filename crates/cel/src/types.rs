//! Types of expressions, as far as they are known before evaluation.

use std::{collections::BTreeMap, fmt, sync::Arc};

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Known only when it is evaluated.
    Dyn,
    /// `null`.
    Null,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `uint`.
    Uint,
    /// `double`.
    Double,
    /// `string`.
    String,
    /// `bytes`.
    Bytes,
    /// `google.protobuf.Timestamp`.
    Timestamp,
    /// `google.protobuf.Duration`.
    Duration,
    /// `type`.
    Type,
    /// `list(T)`.
    List(Box<Type>),
    /// `map(K, V)`.
    Map(Box<Type>, Box<Type>),
    /// `optional_type(T)`.
    Optional(Box<Type>),
    /// An object whose fields are known.
    Object(Arc<ObjectType>),
    /// A type that has functions and nothing else (`kubernetes.Quantity`), or an object with any fields (`Object.spec`).
    Named(Arc<str>),
    /// Stands for any type, the same wherever the letter is.
    Param(char),
}

/// An object type.
#[derive(Debug, PartialEq)]
pub struct ObjectType {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: BTreeMap<String, Type>,
}

impl Type {
    /// An object type.
    #[must_use]
    pub fn object<const N: usize>(name: &str, fields: [(&str, Type); N]) -> Self {
        let fields = fields.into_iter().map(|(name, of)| (name.to_owned(), of)).collect();
        Type::Object(Arc::new(ObjectType { name: name.to_owned(), fields }))
    }

    /// A list type.
    #[must_use]
    pub fn list(of: Type) -> Self {
        Type::List(Box::new(of))
    }

    /// A map type.
    #[must_use]
    pub fn map(key: Type, value: Type) -> Self {
        Type::Map(Box::new(key), Box::new(value))
    }

    /// A named type.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Type::Named(Arc::from(name))
    }

    fn holds_dyn(&self) -> bool {
        match self {
            Type::Dyn => true,
            Type::List(of) | Type::Optional(of) => of.holds_dyn(),
            Type::Map(key, value) => key.holds_dyn() || value.holds_dyn(),
            _ => false,
        }
    }

    /// Can a value of this type stand where another is wanted?
    #[must_use]
    pub fn fits(&self, wanted: &Type) -> bool {
        match (self, wanted) {
            (Type::Dyn, _) | (_, Type::Dyn) => true,
            (Type::Null, Type::Timestamp | Type::Duration | Type::Object(_) | Type::Named(_) | Type::Optional(_)) => {
                true
            }
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => a.fits(b),
            (Type::Map(k, v), Type::Map(l, w)) => k.fits(l) && v.fits(w),
            (Type::Object(a), Type::Object(b)) => a.name == b.name,
            (a, b) => a == b,
        }
    }

    /// The type of either of two: the common one, or `dyn`.
    #[must_use]
    pub fn join(self, other: Type) -> Type {
        match (self.fits(&other), other.fits(&self)) {
            (true, true) if other.holds_dyn() => other,
            (true, true) => self,
            (true, false) => other,
            (false, true) => self,
            (false, false) => Type::Dyn,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Dyn => f.write_str("dyn"),
            Type::Null => f.write_str("null_type"),
            Type::Bool => f.write_str("bool"),
            Type::Int => f.write_str("int"),
            Type::Uint => f.write_str("uint"),
            Type::Double => f.write_str("double"),
            Type::String => f.write_str("string"),
            Type::Bytes => f.write_str("bytes"),
            Type::Timestamp => f.write_str("timestamp"),
            Type::Duration => f.write_str("duration"),
            Type::Type => f.write_str("type"),
            Type::List(of) => write!(f, "list({of})"),
            Type::Map(key, value) => write!(f, "map({key}, {value})"),
            Type::Optional(of) => write!(f, "optional_type({of})"),
            Type::Object(of) => f.write_str(&of.name),
            Type::Named(name) => f.write_str(name),
            Type::Param(name) => write!(f, "{name}"),
        }
    }
}
