//! The tree of an expression.

use std::sync::Arc;

/// A node and where it begins in the source, in characters.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Offset in characters.
    pub at: usize,
    /// What it is.
    pub node: Node,
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `1`, `0x1f`.
    Int(i64),
    /// `1u`.
    Uint(u64),
    /// `1.5`.
    Double(f64),
    /// `'text'`.
    String(Arc<str>),
    /// `b'bytes'`.
    Bytes(Arc<[u8]>),
}

/// A macro that binds a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Macro {
    /// `list.all(x, condition)`.
    All,
    /// `list.exists(x, condition)`.
    Exists,
    /// `list.exists_one(x, condition)`.
    ExistsOne,
    /// `list.map(x, value)`; with two arguments behind the name the first is a condition.
    Map,
    /// `list.filter(x, condition)`.
    Filter,
    /// `map.transformList(k, v, value)`.
    TransformList,
    /// `map.transformMap(k, v, value)`.
    TransformMap,
    /// `cel.bind(x, value, result)`: the range is the value.
    Bind,
    /// `optional.optMap(x, value)`.
    OptMap,
    /// `optional.optFlatMap(x, optional)`.
    OptFlatMap,
}

/// The kinds of nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A literal.
    Literal(Literal),
    /// A name.
    Ident(String),
    /// `operand.field`, or `operand.?field`.
    Select {
        /// Of what.
        operand: Box<Expr>,
        /// Which field.
        field: String,
        /// `.?`.
        optional: bool,
    },
    /// `has(operand.field)`.
    Has {
        /// Of what.
        operand: Box<Expr>,
        /// Which field.
        field: String,
    },
    /// `operand[index]`, or `operand[?index]`.
    Index {
        /// Of what.
        operand: Box<Expr>,
        /// Which.
        index: Box<Expr>,
        /// `[?`.
        optional: bool,
    },
    /// A function or (with a target) a method; operators have names such as `_+_`.
    Call {
        /// What the method is called on.
        target: Option<Box<Expr>>,
        /// Its name.
        function: String,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// `a && b`.
    And(Box<Expr>, Box<Expr>),
    /// `a || b`.
    Or(Box<Expr>, Box<Expr>),
    /// `c ? a : b`.
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `[a, ?b]`.
    List(Vec<(Expr, bool)>),
    /// `{a: b, ?c: d}`.
    Map(Vec<(Expr, Expr, bool)>),
    /// `Name{field: value, ?field: optional}`.
    Struct {
        /// The type.
        name: String,
        /// Its fields.
        fields: Vec<(String, Expr, bool)>,
    },
    /// A macro.
    Macro {
        /// Which.
        which: Macro,
        /// What it goes through.
        range: Box<Expr>,
        /// The names that it binds: one, or two (index or key, and value).
        names: Vec<String>,
        /// What is evaluated for each.
        body: Vec<Expr>,
    },
}
