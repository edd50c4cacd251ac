//! Match conditions: CEL expressions that must all be true.

use api::expressions::{Compiler, Names, Wanted, named};
use cel::{EvalError, Program, Value as CelValue};
use serde_json::Value;

use super::{
    inputs::{CONDITIONS_BUDGET, Inputs},
    matching::Subject,
};
use crate::contract::Authorizer;

/// An expression with its text, and its program or why it has none.
#[derive(Debug)]
pub struct Expression {
    /// The text.
    pub text: String,
    /// The program.
    pub program: Result<Program, String>,
}

impl Expression {
    /// Compiles a text.
    #[must_use]
    pub fn new(compiler: &Compiler, text: &str, names: Names, wanted: Wanted) -> Self {
        Expression { text: text.to_owned(), program: compiler.compile(text, names, wanted) }
    }

    /// Its value, or why it has none, in upstream's words.
    ///
    /// # Errors
    /// It did not compile, or failed.
    pub fn evaluate<'a>(&self, scope: &cel::Scope<'a>) -> Result<CelValue<'a>, String> {
        let program = self.program.as_ref().map_err(|e| format!("compilation error: {e}"))?;
        program.evaluate(scope).map_err(|error| match error {
            EvalError::CostLimit if scope.left() == 0 => {
                "validation failed due to running out of cost budget, no further validation rules will be run".into()
            }
            error => format!("expression '{}' resulted in error: {error}", self.text),
        })
    }
}

/// The conditions of one webhook or policy.
#[derive(Debug)]
pub struct Conditions {
    list: Vec<Expression>,
    /// An error counts as "does not match".
    ignores_failure: bool,
}

/// What they say.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All are true.
    Matches,
    /// One is false, or one failed and failures are ignored.
    Excluded,
    /// One failed and none is false.
    Failed(String),
}

impl Conditions {
    /// Reads and compiles them.
    #[must_use]
    pub fn read(list: &[Value], ignores_failure: bool, params: bool, compiler: &Compiler) -> Self {
        let names = Names { params, authorizer: true, patches: false };
        let list = named(list).map(|(_, text)| Expression::new(compiler, text, names, Wanted::Bool)).collect();
        Conditions { list, ignores_failure }
    }

    /// Asks them about a request, in the form of a row.
    #[must_use]
    pub fn judge(
        &self,
        subject: &Subject<'_>,
        row: &api::Resource,
        params: &Value,
        authorizer: &dyn Authorizer,
    ) -> Verdict {
        if self.list.is_empty() {
            return Verdict::Matches;
        }
        self.ask(&Inputs::new(subject, row, params, authorizer), &[])
    }

    /// Asks them about inputs that are at hand; `composed` are the variables.
    #[must_use]
    pub fn ask(&self, inputs: &Inputs<'_>, composed: &[(String, Result<Program, String>)]) -> Verdict {
        let scope = inputs.scope(CONDITIONS_BUDGET, composed);
        let mut errors = Vec::new();
        for condition in &self.list {
            match condition.evaluate(&scope) {
                Ok(CelValue::Bool(false)) => return Verdict::Excluded,
                Ok(_) => {}
                Err(error) => errors.push(error),
            }
        }
        match errors.as_slice() {
            [] => Verdict::Matches,
            _ if self.ignores_failure => Verdict::Excluded,
            _ => Verdict::Failed(apimachinery::field::aggregate(&errors)),
        }
    }
}
