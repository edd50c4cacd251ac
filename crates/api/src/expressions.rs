//! The CEL expressions of admission: which names they may use, and what they must give.

use std::sync::LazyLock;

use cel::{Env, Program, Type};
use serde_json::Value;

/// What an expression has beside `object`, `oldObject`, `request` and `namespaceObject`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Names {
    /// `params`.
    pub params: bool,
    /// `authorizer`.
    pub authorizer: bool,
    /// `Object{…}` and `JSONPatch{…}`.
    pub patches: bool,
}

/// What an expression must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever.
    Anything,
    /// A condition.
    Bool,
    /// A message.
    Text,
    /// A message or nothing.
    TextOrNull,
    /// An apply configuration.
    Object,
    /// A list of JSON patches.
    Patches,
}

impl Wanted {
    fn types(self) -> Vec<Type> {
        match self {
            Wanted::Anything => Vec::new(),
            Wanted::Bool => vec![Type::Bool],
            Wanted::Text => vec![Type::String],
            Wanted::TextOrNull => vec![Type::String, Type::Null],
            Wanted::Object => vec![Type::named("Object")],
            Wanted::Patches => vec![Type::list(Type::named("JSONPatch"))],
        }
    }
}

fn request() -> Type {
    let text = || Type::String;
    let kind =
        || Type::object("kubernetes.GroupVersionKind", [("group", text()), ("version", text()), ("kind", text())]);
    let resource = || {
        Type::object("kubernetes.GroupVersionResource", [("group", text()), ("version", text()), ("resource", text())])
    };
    let user = Type::object(
        "kubernetes.UserInfo",
        [
            ("username", text()),
            ("uid", text()),
            ("groups", Type::list(text())),
            ("extra", Type::map(text(), Type::list(text()))),
        ],
    );
    Type::object(
        "kubernetes.AdmissionRequest",
        [
            ("kind", kind()),
            ("resource", resource()),
            ("subResource", text()),
            ("requestKind", kind()),
            ("requestResource", resource()),
            ("requestSubResource", text()),
            ("name", text()),
            ("namespace", text()),
            ("operation", text()),
            ("userInfo", user),
            ("dryRun", Type::Bool),
            ("options", Type::Dyn),
        ],
    )
}

fn namespace() -> Type {
    let text = || Type::String;
    let texts = || Type::map(Type::String, Type::String);
    let condition = Type::object(
        "kubernetes.NamespaceCondition",
        [
            ("status", text()),
            ("type", text()),
            ("lastTransitionTime", Type::Timestamp),
            ("message", text()),
            ("reason", text()),
        ],
    );
    let metadata = Type::object(
        "kubernetes.NamespaceMetadata",
        [
            ("name", text()),
            ("generateName", text()),
            ("namespace", text()),
            ("labels", texts()),
            ("annotations", texts()),
            ("UID", text()),
            ("creationTimestamp", Type::Timestamp),
            ("deletionGracePeriodSeconds", Type::Int),
            ("deletionTimestamp", Type::Timestamp),
            ("generation", Type::Int),
            ("resourceVersion", text()),
            ("finalizers", Type::list(text())),
        ],
    );
    let status = [("conditions", Type::list(condition)), ("phase", text())];
    Type::object(
        "kubernetes.Namespace",
        [
            ("metadata", metadata),
            ("spec", Type::object("kubernetes.NamespaceSpec", [("finalizers", Type::list(text()))])),
            ("status", Type::object("kubernetes.NamespaceStatus", status)),
        ],
    )
}

static BASE: LazyLock<Env> = LazyLock::new(|| {
    let mut env = Env::default();
    env.declare("object", Type::Dyn);
    env.declare("oldObject", Type::Dyn);
    env.declare("request", request());
    env.declare("namespaceObject", namespace());
    env
});

/// Compiles the expressions of one webhook or policy; variables that were compiled before can be used in those that follow.
#[derive(Debug, Clone, Default)]
pub struct Compiler {
    variables: Vec<(String, Type)>,
}

impl Compiler {
    /// Compiles one expression.
    ///
    /// # Errors
    /// Why not, in upstream's words.
    pub fn compile(&self, expression: &str, names: Names, wanted: Wanted) -> Result<Program, String> {
        let mut env = BASE.clone();
        if names.params {
            env.declare("params", Type::Dyn);
        }
        if names.authorizer {
            env.declare("authorizer", Type::named("kubernetes.authorization.Authorizer"));
            env.declare("authorizer.requestResource", Type::named("kubernetes.authorization.ResourceCheck"));
        }
        if names.patches {
            env.allow_patches();
        }
        for (name, of) in &self.variables {
            env.compose(name, of.clone());
        }
        let program = cel::compile(expression, &env).map_err(|e| format!("compilation failed: {e}"))?;
        let (types, got) = (wanted.types(), program.result());
        if types.is_empty() || types.contains(got) {
            return Ok(program);
        }
        let shown: Vec<String> = types.iter().map(ToString::to_string).collect();
        Err(match shown.as_slice() {
            [one] => format!("must evaluate to {one} but got {got}"),
            many => format!("must evaluate to one of [{}] but got {got}", many.join(" ")),
        })
    }

    /// Compiles a variable, which is known from now on also where it failed.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn variable(&mut self, name: &str, expression: &str, names: Names) -> Result<Program, String> {
        let program = self.compile(expression, names, Wanted::Anything);
        let of = program.as_ref().map_or(Type::Dyn, |program| program.result().clone());
        self.variables.push((name.to_owned(), of));
        program
    }
}

/// A list of named expressions (`name`, `expression`).
pub fn named(list: &[Value]) -> impl Iterator<Item = (&str, &str)> {
    list.iter().map(|item| {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        (text("name"), text("expression"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compiles() {
        let names = Names { params: false, authorizer: true, patches: false };
        let mut compiler = Compiler::default();
        let compile = |c: &Compiler, e: &str, w| c.compile(e, names, w).map(|_| ());
        assert_eq!(
            compile(&compiler, "object.metadata.name != 'x' && request.userInfo.username == 'u'", Wanted::Bool),
            Ok(())
        );
        assert_eq!(
            compile(&compiler, "object.metadata.name", Wanted::Bool),
            Err("must evaluate to bool but got dyn".into())
        );
        assert_eq!(
            compile(&compiler, "1", Wanted::TextOrNull),
            Err("must evaluate to one of [string null_type] but got int".into())
        );
        assert!(
            compile(&compiler, "params.x == 1", Wanted::Bool).is_err_and(
                |e| e.starts_with("compilation failed: ERROR: <input>:1:1: undeclared reference to 'params'")
            )
        );
        assert!(compiler.variable("odd", "object.spec.replicas % 2 == 1", names).is_ok());
        assert_eq!(compile(&compiler, "variables.odd", Wanted::Bool), Ok(()));
        let patches = Names { patches: true, ..names };
        assert!(compiler.compile("Object{spec: Object.spec{replicas: 1}}", patches, Wanted::Object).is_ok());
        assert!(compiler.compile("[JSONPatch{op: 'remove', path: '/a'}]", patches, Wanted::Patches).is_ok());
        assert!(compiler.compile("[]", patches, Wanted::Patches).is_err());
    }
}
