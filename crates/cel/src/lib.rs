//! The Common Expression Language, as Kubernetes uses it: parser, type check, evaluation with a bound on its cost, and Kubernetes' libraries
//! (quantities, URLs, addresses, regular expressions, the authorizer). Pure: text and values in, values out.
//!
//! [`compile`] turns a text into a [`Program`] against the names that an [`Env`] declares; [`Program::evaluate`] gives its value in a [`Scope`].

mod ast;
pub mod authorizer;
mod check;
pub mod error;
mod eval;
mod functions;
mod lexer;
mod parser;
mod signatures;
#[cfg(test)]
mod tests;
pub mod types;
pub mod url;
pub mod value;

pub use check::Env;
pub use error::{CompileError, EvalError};
pub use eval::Scope;
pub use types::Type;
pub use value::Value;

/// One evaluation may cost so much.
pub const CALL_LIMIT: u64 = 1_000_000;

/// An expression that has been read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    tree: ast::Expr,
    result: Type,
}

/// Reads and checks an expression.
///
/// # Errors
/// It cannot be read, or does not fit its names and types; shown as upstream's compiler shows it.
pub fn compile(source: &str, env: &Env) -> Result<Program, CompileError> {
    let tree = parser::parse(source).map_err(|issue| CompileError(vec![issue]))?;
    let result = check::check(source, &tree, env)?;
    Ok(Program { tree, result })
}

impl Program {
    /// The type of its value.
    #[must_use]
    pub fn result(&self) -> &Type {
        &self.result
    }

    pub(crate) fn tree(&self) -> &ast::Expr {
        &self.tree
    }

    /// Its value. Costs are taken from the scope's budget, at most [`CALL_LIMIT`].
    ///
    /// # Errors
    /// It has none: a key is missing, numbers do not fit, the cost is too high …
    pub fn evaluate<'a>(&self, scope: &Scope<'a>) -> Result<Value<'a>, EvalError> {
        eval::evaluate(&self.tree, scope, CALL_LIMIT)
    }
}
