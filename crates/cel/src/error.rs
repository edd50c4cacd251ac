//! What is wrong with an expression, before and while it is evaluated.

use std::fmt;

/// One thing that is wrong with the text of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 0.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The text of the line.
    pub snippet: String,
}

impl Issue {
    pub(crate) fn new(source: &str, at: usize, message: impl Into<String>) -> Self {
        let before: String = source.chars().take(at).collect();
        let line = before.matches('\n').count();
        let column = before.chars().rev().take_while(|c| *c != '\n').count();
        let snippet = source.split('\n').nth(line).unwrap_or_default().to_owned();
        Issue { line: line + 1, column, message: message.into(), snippet }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ERROR: <input>:{}:{}: {}", self.line, self.column + 1, self.message)?;
        write!(f, "\n | {}\n | {}^", self.snippet, ".".repeat(self.column))
    }
}

/// Why an expression cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", shown(.0))]
pub struct CompileError(pub Vec<Issue>);

fn shown(issues: &[Issue]) -> String {
    issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A map or object has no such key.
    #[error("no such key: {0}")]
    NoSuchKey(String),
    /// An object has no such field.
    #[error("no such field '{0}'")]
    NoSuchField(String),
    /// A name that has no value.
    #[error("no such attribute(s): {0}")]
    NoSuchAttribute(String),
    /// A function is not there for values of these types.
    #[error("no such overload")]
    NoSuchOverload,
    /// A list is shorter.
    #[error("index out of bounds: {0}")]
    OutOfBounds(i64),
    /// A number does not fit.
    #[error("{0} overflow")]
    Overflow(&'static str),
    /// Division by nothing.
    #[error("division by zero")]
    DivisionByZero,
    /// Remainder of a division by nothing.
    #[error("modulus by zero")]
    ModulusByZero,
    /// A function does not like its arguments.
    #[error("{0}")]
    Argument(String),
    /// `optional.none()` has no value.
    #[error("optional.none() dereference")]
    NoneDereference,
    /// The same key twice.
    #[error("insert failed: key {0} already exists")]
    DuplicateKey(String),
    /// It costs too much.
    #[error("operation cancelled: actual cost limit exceeded")]
    CostLimit,
}
