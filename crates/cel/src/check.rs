//! The type check: which names there are, which functions fit, and what type comes out.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    ast::{Expr, Literal, Macro, Node},
    error::{CompileError, Issue},
    parser::type_name,
    signatures::{Overload, overloads},
    types::Type,
};

/// The names that an expression may use.
#[derive(Debug, Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, Type>,
    composed: BTreeMap<String, Type>,
    patches: bool,
}

impl Env {
    /// Declares a variable; a name with dots (`authorizer.requestResource`) stands for itself.
    pub fn declare(&mut self, name: &str, of: Type) {
        self.variables.insert(name.to_owned(), of);
    }

    /// Declares `variables.name`.
    pub fn compose(&mut self, name: &str, of: Type) {
        self.composed.insert(name.to_owned(), of);
    }

    /// Allows `Object{…}`, `Object.spec{…}` and `JSONPatch{…}`.
    pub fn allow_patches(&mut self) {
        self.patches = true;
    }
}

struct Checker<'c> {
    source: &'c str,
    env: &'c Env,
    scopes: Vec<(String, Type)>,
    issues: Vec<Issue>,
}

/// The type of an expression.
pub fn check(source: &str, expr: &Expr, env: &Env) -> Result<Type, CompileError> {
    let mut checker = Checker { source, env, scopes: Vec::new(), issues: Vec::new() };
    let of = checker.of(expr);
    if checker.issues.is_empty() { Ok(of) } else { Err(CompileError(checker.issues)) }
}

/// What `A` and `B` stand for.
type Bound = BTreeMap<char, Type>;

fn bind(given: &Type, wanted: &Type, bound: &mut Bound) -> bool {
    match (given, wanted) {
        (_, Type::Param(name)) => match bound.get(name).cloned() {
            None => {
                bound.insert(*name, given.clone());
                true
            }
            Some(before) => {
                let fits = given.fits(&before) || before.fits(given);
                if fits {
                    bound.insert(*name, before.join(given.clone()));
                }
                fits
            }
        },
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => bind(a, b, bound),
        (Type::Map(k, v), Type::Map(l, w)) => bind(k, l, bound) && bind(v, w, bound),
        (Type::Dyn, Type::List(_) | Type::Map(..) | Type::Optional(_)) => {
            dynamic(wanted, bound);
            true
        }
        (given, wanted) => given.fits(wanted),
    }
}

fn dynamic(wanted: &Type, bound: &mut Bound) {
    match wanted {
        Type::Param(name) => {
            bound.entry(*name).or_insert(Type::Dyn);
        }
        Type::List(of) | Type::Optional(of) => dynamic(of, bound),
        Type::Map(key, value) => {
            dynamic(key, bound);
            dynamic(value, bound);
        }
        _ => {}
    }
}

fn substitute(of: &Type, bound: &Bound) -> Type {
    match of {
        Type::Param(name) => bound.get(name).cloned().unwrap_or(Type::Dyn),
        Type::List(of) => Type::list(substitute(of, bound)),
        Type::Optional(of) => Type::Optional(Box::new(substitute(of, bound))),
        Type::Map(key, value) => Type::map(substitute(key, bound), substitute(value, bound)),
        other => other.clone(),
    }
}

/// The result of a call; `None`: no overload fits.
fn resolve(candidates: &[Overload], method: bool, args: &[Type]) -> Option<Type> {
    let mut result = None;
    for overload in candidates.iter().filter(|o| o.method == method && o.params.len() == args.len()) {
        let mut bound = Bound::new();
        if args.iter().zip(&overload.params).all(|(given, wanted)| bind(given, wanted, &mut bound)) {
            let of = substitute(&overload.result, &bound);
            match &result {
                None => result = Some(of),
                Some(before) if *before == of => {}
                Some(_) => return Some(Type::Dyn),
            }
        }
    }
    result
}

impl Checker<'_> {
    fn report(&mut self, at: usize, message: impl Into<String>) -> Type {
        self.issues.push(Issue::new(self.source, at, message));
        Type::Dyn
    }

    fn local(&self, name: &str) -> Option<&Type> {
        self.scopes.iter().rev().find(|(n, _)| n == name).map(|(_, of)| of)
    }

    fn of(&mut self, expr: &Expr) -> Type {
        match &expr.node {
            Node::Literal(literal) => match literal {
                Literal::Null => Type::Null,
                Literal::Bool(_) => Type::Bool,
                Literal::Int(_) => Type::Int,
                Literal::Uint(_) => Type::Uint,
                Literal::Double(_) => Type::Double,
                Literal::String(_) => Type::String,
                Literal::Bytes(_) => Type::Bytes,
            },
            Node::Ident(name) => self.ident(expr.at, name),
            Node::Select { operand, field, optional } => {
                if let Some(of) = self.qualified(operand, field) {
                    return of;
                }
                let of = self.field(expr.at, operand, field);
                if *optional && !matches!(of, Type::Optional(_)) { Type::Optional(Box::new(of)) } else { of }
            }
            Node::Has { operand, field } => {
                if self.qualified(operand, field).is_none() {
                    self.field(expr.at, operand, field);
                }
                Type::Bool
            }
            Node::Index { operand, index, optional } => {
                let of = self.index(expr.at, operand, index);
                if *optional && !matches!(of, Type::Optional(_)) { Type::Optional(Box::new(of)) } else { of }
            }
            Node::Call { target, function, args } => self.call(expr.at, target.as_deref(), function, args),
            Node::And(a, b) | Node::Or(a, b) => {
                self.boolean(a);
                self.boolean(b);
                Type::Bool
            }
            Node::Conditional(condition, yes, no) => {
                self.boolean(condition);
                let (yes, no) = (self.of(yes), self.of(no));
                if !yes.fits(&no) && !no.fits(&yes) {
                    let message = format!("found no matching overload for '_?_:_' applied to '(bool, {yes}, {no})'");
                    return self.report(expr.at, message);
                }
                yes.join(no)
            }
            Node::List(items) => {
                let of = items.iter().map(|(item, optional)| (self.of(item), *optional)).collect();
                Type::list(joined(of))
            }
            Node::Map(entries) => {
                let keys = entries.iter().map(|(key, _, _)| (self.of(key), false)).collect();
                let values = entries.iter().map(|(_, value, optional)| (self.of(value), *optional)).collect();
                Type::map(joined(keys), joined(values))
            }
            Node::Struct { name, fields } => self.object(expr.at, name, fields),
            Node::Macro { which, range, names, body } => self.macro_of(expr.at, *which, range, names, body),
        }
    }

    fn ident(&mut self, at: usize, name: &str) -> Type {
        if let Some(of) = self.local(name).or_else(|| self.env.variables.get(name)) {
            return of.clone();
        }
        match name {
            "bool" | "int" | "uint" | "double" | "string" | "bytes" | "list" | "map" | "null_type" | "type" => {
                Type::Type
            }
            _ => self.report(at, format!("undeclared reference to '{name}' (in container '')")),
        }
    }

    /// `variables.name`, and names with dots in them.
    fn qualified(&mut self, operand: &Expr, field: &str) -> Option<Type> {
        let name = type_name(operand)?;
        if self.local(name.split('.').next().unwrap_or_default()).is_some() {
            return None;
        }
        if name == "variables" && !self.env.composed.is_empty() {
            return Some(match self.env.composed.get(field) {
                Some(of) => of.clone(),
                None => self.report(operand.at + name.len(), format!("undefined field '{field}'")),
            });
        }
        self.env.variables.get(&format!("{name}.{field}")).cloned()
    }

    fn field(&mut self, at: usize, operand: &Expr, field: &str) -> Type {
        let of = self.of(operand);
        self.field_of(at, &of, field)
    }

    fn field_of(&mut self, at: usize, of: &Type, field: &str) -> Type {
        match of {
            Type::Dyn => Type::Dyn,
            Type::Map(_, value) => (**value).clone(),
            Type::Optional(of) => Type::Optional(Box::new(self.field_of(at, of, field))),
            Type::Object(object) => match object.fields.get(field) {
                Some(of) => of.clone(),
                None => self.report(at, format!("undefined field '{field}'")),
            },
            Type::Named(name) if name.starts_with("Object") || &**name == "JSONPatch" => Type::Dyn,
            other => self.report(at, format!("type '{other}' does not support field selection")),
        }
    }

    fn index(&mut self, at: usize, operand: &Expr, index: &Expr) -> Type {
        let (of, index) = (self.of(operand), self.of(index));
        let inner = match &of {
            Type::Optional(of) => (**of).clone(),
            other => other.clone(),
        };
        let result = match &inner {
            Type::Dyn => Some(Type::Dyn),
            Type::List(item) if index.fits(&Type::Int) => Some((**item).clone()),
            Type::Map(key, value) if index.fits(key) => Some((**value).clone()),
            _ => None,
        };
        match result {
            Some(item) if matches!(of, Type::Optional(_)) => Type::Optional(Box::new(item)),
            Some(item) => item,
            None => self.report(at, format!("found no matching overload for '_[_]' applied to '({of}, {index})'")),
        }
    }

    fn boolean(&mut self, expr: &Expr) {
        let of = self.of(expr);
        if !of.fits(&Type::Bool) {
            self.report(expr.at, format!("expected type 'bool' but found '{of}'"));
        }
    }

    fn call(&mut self, at: usize, target: Option<&Expr>, function: &str, args: &[Expr]) -> Type {
        let spaced = target.and_then(|t| {
            let name = format!("{}.{function}", type_name(t)?);
            (self.local(&type_name(t)?).is_none() && !overloads(&name).is_empty()).then_some(name)
        });
        let (name, method) = match (&spaced, target) {
            (Some(name), _) => (name.as_str(), false),
            (None, target) => (function, target.is_some()),
        };
        let mut types = Vec::with_capacity(args.len() + 1);
        if method && let Some(target) = target {
            types.push(self.of(target));
        }
        types.extend(args.iter().map(|arg| self.of(arg)));
        let candidates = overloads(name);
        if candidates.is_empty() {
            return self.report(at, format!("undeclared reference to '{name}' (in container '')"));
        }
        resolve(candidates, method, &types).unwrap_or_else(|| {
            let shown = types.iter().map(ToString::to_string).collect::<Vec<_>>();
            let given = match shown.split_first() {
                Some((on, rest)) if method => format!("{on}.({})", rest.join(", ")),
                _ => format!("({})", shown.join(", ")),
            };
            self.report(at, format!("found no matching overload for '{name}' applied to '{given}'"))
        })
    }

    fn object(&mut self, at: usize, name: &str, fields: &[(String, Expr, bool)]) -> Type {
        let known = self.env.patches && (name == "JSONPatch" || name == "Object" || name.starts_with("Object."));
        if !known {
            for (_, value, _) in fields {
                self.of(value);
            }
            return self.report(at, format!("undeclared reference to '{name}' (in container '')"));
        }
        for (field, value, optional) in fields {
            let of = match (self.of(value), optional) {
                (Type::Optional(of), true) => *of,
                (of, _) => of,
            };
            let wanted = match (name, field.as_str()) {
                ("JSONPatch", "op" | "path" | "from") => Type::String,
                ("JSONPatch", "value") => Type::Dyn,
                ("JSONPatch", _) => {
                    self.report(value.at, format!("undefined field '{field}'"));
                    Type::Dyn
                }
                _ => Type::Dyn,
            };
            // An object stands where the path of its type says.
            let misplaced = matches!(&of, Type::Named(n) if name != "JSONPatch" && n.starts_with("Object") && **n != *format!("{name}.{field}"));
            if misplaced {
                self.report(value.at, format!("unexpected type name \"{of}\", expected \"{name}.{field}\", which matches field name path from root Object type"));
            } else if !of.fits(&wanted) {
                self.report(
                    value.at,
                    format!("expected type of field '{field}' is '{wanted}' but provided type is '{of}'"),
                );
            }
        }
        Type::Named(Arc::from(name))
    }

    fn with<T>(&mut self, names: &[(String, Type)], inner: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.scopes.len();
        self.scopes.extend_from_slice(names);
        let result = inner(self);
        self.scopes.truncate(before);
        result
    }

    /// The types of what a macro goes through: index or key, and value; the name of one-name macros takes the first of `one`.
    fn items(&mut self, at: usize, of: &Type) -> (Type, Type) {
        match of {
            Type::Dyn => (Type::Dyn, Type::Dyn),
            Type::List(item) => (Type::Int, (**item).clone()),
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                (self.report(at, message), Type::Dyn)
            }
        }
    }

    fn macro_of(&mut self, at: usize, which: Macro, range: &Expr, names: &[String], body: &[Expr]) -> Type {
        let of = self.of(range);
        let bound: Vec<(String, Type)> = match which {
            Macro::Bind => vec![(names[0].clone(), of.clone())],
            Macro::OptMap | Macro::OptFlatMap => {
                let inner = match &of {
                    Type::Optional(inner) => (**inner).clone(),
                    Type::Dyn => Type::Dyn,
                    other => {
                        self.report(at, format!("found no matching overload for 'optMap' applied to '{other}.()'"))
                    }
                };
                vec![(names[0].clone(), inner)]
            }
            _ => {
                let (key, value) = self.items(range.at, &of);
                match names {
                    [one] => {
                        let item = if matches!(of, Type::Map(..)) { key } else { value };
                        vec![(one.clone(), item)]
                    }
                    [first, second, ..] => vec![(first.clone(), key), (second.clone(), value)],
                    [] => Vec::new(),
                }
            }
        };
        self.with(&bound, |checker| {
            let Some((last, conditions)) = body.split_last() else { return Type::Dyn };
            for condition in conditions {
                checker.boolean(condition);
            }
            match which {
                Macro::All | Macro::Exists | Macro::ExistsOne => {
                    checker.boolean(last);
                    Type::Bool
                }
                Macro::Filter => {
                    checker.boolean(last);
                    Type::list(bound[0].1.clone())
                }
                Macro::Map | Macro::TransformList => Type::list(checker.of(last)),
                Macro::TransformMap => Type::map(bound[0].1.clone(), checker.of(last)),
                Macro::Bind => checker.of(last),
                Macro::OptMap => Type::Optional(Box::new(checker.of(last))),
                Macro::OptFlatMap => checker.of(last),
            }
        })
    }
}

/// The type of the items of a literal.
fn joined(of: Vec<(Type, bool)>) -> Type {
    let inner = |(of, optional): (Type, bool)| match of {
        Type::Optional(of) if optional => *of,
        other => other,
    };
    of.into_iter().map(inner).reduce(Type::join).unwrap_or(Type::Dyn)
}
