//! Evaluation: a walk over the tree, with a bound on its cost.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
};

use crate::{
    Program,
    ast::{Expr, Literal, Macro, Node},
    error::EvalError,
    functions,
    parser::type_name,
    value::{List, Map, Text, Value, equal},
};

/// The values of names, and what may still be spent.
pub struct Scope<'a> {
    variables: BTreeMap<&'static str, Value<'a>>,
    composed: &'a [(String, Result<Program, String>)],
    known: RefCell<BTreeMap<&'a str, Result<Value<'a>, EvalError>>>,
    left: Cell<u64>,
}

impl<'a> Scope<'a> {
    /// A scope without names, and what all evaluations in it together may cost.
    #[must_use]
    pub fn new(budget: u64) -> Self {
        Scope { variables: BTreeMap::new(), composed: &[], known: RefCell::default(), left: Cell::new(budget) }
    }

    /// Gives a name a value; a name with dots stands for itself.
    pub fn set(&mut self, name: &'static str, value: Value<'a>) {
        self.variables.insert(name, value);
    }

    /// Expressions behind `variables.name`, evaluated when they are first needed.
    pub fn compose(&mut self, variables: &'a [(String, Result<Program, String>)]) {
        self.composed = variables;
    }

    /// What is left of the budget.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left.get()
    }

    fn composed(&self, name: &str) -> Option<Result<Value<'a>, EvalError>> {
        let (name, program) = self.composed.iter().find(|(n, _)| n == name)?;
        if let Some(known) = self.known.borrow().get(name.as_str()) {
            return Some(known.clone());
        }
        let value = match program {
            Ok(program) => Walk { scope: self, locals: Vec::new() }.value(program.tree()),
            Err(message) => Err(EvalError::Argument(message.clone())),
        };
        self.known.borrow_mut().insert(name, value.clone());
        Some(value)
    }
}

/// Evaluates a tree; one evaluation may cost `limit`.
pub fn evaluate<'a>(expr: &Expr, scope: &Scope<'a>, limit: u64) -> Result<Value<'a>, EvalError> {
    let before = scope.left.get();
    let kept = before.saturating_sub(limit);
    scope.left.set(before - kept);
    let result = Walk { scope, locals: Vec::new() }.value(expr);
    scope.left.set(scope.left.get() + kept);
    result
}

struct Walk<'s, 'a> {
    scope: &'s Scope<'a>,
    locals: Vec<(String, Value<'a>)>,
}

type Outcome<'a> = Result<Value<'a>, EvalError>;

impl<'a> Walk<'_, 'a> {
    fn spend(&self, cost: u64) -> Result<(), EvalError> {
        let left = self.scope.left.get();
        self.scope.left.set(left.saturating_sub(cost));
        if left < cost { Err(EvalError::CostLimit) } else { Ok(()) }
    }

    fn local(&self, name: &str) -> Option<&Value<'a>> {
        self.locals.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    fn value(&mut self, expr: &Expr) -> Outcome<'a> {
        match &expr.node {
            Node::Literal(literal) => return Ok(literal_value(literal)),
            Node::List(_) | Node::Map(_) | Node::Struct { .. } => self.spend(10)?,
            _ => self.spend(1)?,
        }
        match &expr.node {
            Node::Literal(literal) => Ok(literal_value(literal)),
            Node::Ident(name) => self.ident(name),
            Node::Select { operand, field, optional } => {
                if let Some(value) = self.qualified(operand, field) {
                    return if *optional { value.map(Value::some) } else { value };
                }
                let on = self.value(operand)?;
                select(&on, field, *optional)
            }
            Node::Has { operand, field } => {
                if let Some(value) = self.qualified(operand, field) {
                    return value.map(|_| Value::Bool(true));
                }
                let on = self.value(operand)?;
                has(&on, field).map(Value::Bool)
            }
            Node::Index { operand, index, optional } => {
                let (on, index) = (self.value(operand)?, self.value(index)?);
                at(&on, &index, *optional)
            }
            Node::Call { target, function, args } => self.call(target.as_deref(), function, args),
            Node::And(a, b) => self.logic(a, b, false),
            Node::Or(a, b) => self.logic(a, b, true),
            Node::Conditional(condition, yes, no) => match self.value(condition)? {
                Value::Bool(true) => self.value(yes),
                Value::Bool(false) => self.value(no),
                _ => Err(EvalError::NoSuchOverload),
            },
            Node::List(items) => {
                let mut out = Vec::with_capacity(items.len());
                for (item, optional) in items {
                    out.extend(present(self.value(item)?, *optional)?);
                }
                Ok(Value::list(out))
            }
            Node::Map(entries) => self.map(entries),
            Node::Struct { name, fields } => {
                let mut out = Vec::with_capacity(fields.len());
                for (field, value, optional) in fields {
                    let value = self.value(value)?;
                    out.extend(present(value, *optional)?.map(|value| (field.clone(), value)));
                }
                Ok(Value::Object(Arc::from(name.as_str()), Arc::new(out)))
            }
            Node::Macro { which, range, names, body } => {
                let range = self.value(range)?;
                self.macro_of(*which, range, names, body)
            }
        }
    }

    fn ident(&self, name: &str) -> Outcome<'a> {
        if let Some(value) = self.local(name).or_else(|| self.scope.variables.get(name)) {
            return Ok(value.clone());
        }
        match name {
            "bool" | "int" | "uint" | "double" | "string" | "bytes" | "list" | "map" | "null_type" | "type" => {
                Ok(Value::Type(Arc::from(name)))
            }
            _ => Err(EvalError::NoSuchAttribute(name.to_owned())),
        }
    }

    fn qualified(&self, operand: &Expr, field: &str) -> Option<Outcome<'a>> {
        let name = type_name(operand)?;
        if self.local(name.split('.').next().unwrap_or_default()).is_some() {
            return None;
        }
        if name == "variables" {
            return self.scope.composed(field);
        }
        // Only a few names have dots: most questions end here, without a copy.
        self.scope
            .variables
            .iter()
            .find(|(n, _)| n.strip_suffix(field).and_then(|n| n.strip_suffix('.')) == Some(&name))
            .map(|(_, v)| Ok(v.clone()))
    }

    /// `&&` and `||`: one side decides alone, also where the other fails.
    fn logic(&mut self, a: &Expr, b: &Expr, decides: bool) -> Outcome<'a> {
        let left = self.value(a);
        if matches!(left, Ok(Value::Bool(b)) if b == decides) || matches!(left, Err(EvalError::CostLimit)) {
            return left;
        }
        let right = self.value(b);
        match (left, right) {
            (_, Ok(Value::Bool(b))) if b == decides => Ok(Value::Bool(decides)),
            (Ok(Value::Bool(_)), Ok(Value::Bool(_))) => Ok(Value::Bool(!decides)),
            (Err(e), _) | (_, Err(e)) => Err(e),
            _ => Err(EvalError::NoSuchOverload),
        }
    }

    fn map(&mut self, entries: &[(Expr, Expr, bool)]) -> Outcome<'a> {
        let mut out: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let key = self.value(key)?;
            if !matches!(key, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::String(_)) {
                return Err(EvalError::Argument(format!("unsupported key type: {}", key.type_name())));
            }
            let value = self.value(value)?;
            if out.iter().any(|(k, _)| equal(k, &key)) {
                return Err(EvalError::DuplicateKey(key.to_text().unwrap_or_default()));
            }
            out.extend(present(value, *optional)?.map(|value| (key, value)));
        }
        Ok(Value::Map(Map::Own(Arc::new(out))))
    }

    fn call(&mut self, target: Option<&Expr>, function: &str, args: &[Expr]) -> Outcome<'a> {
        let spaced = target.and_then(|t| functions::spaced(&type_name(t)?, function));
        let mut values = Vec::with_capacity(args.len() + 1);
        let (name, method) = match (spaced, target) {
            (Some(name), _) => (name, false),
            (None, Some(target)) => {
                values.push(self.value(target)?);
                (function, true)
            }
            (None, None) => (function, false),
        };
        for arg in args {
            values.push(self.value(arg)?);
        }
        self.spend(functions::cost(name, &values))?;
        functions::call(name, method, &values)
    }

    fn with(&mut self, names: &[String], values: [Value<'a>; 2], body: &Expr) -> Outcome<'a> {
        let before = self.locals.len();
        self.locals.extend(names.iter().cloned().zip(values));
        let result = self.value(body);
        self.locals.truncate(before);
        result
    }

    fn holds(&mut self, names: &[String], values: [Value<'a>; 2], body: &Expr) -> Result<bool, EvalError> {
        match self.with(names, values, body)? {
            Value::Bool(b) => Ok(b),
            _ => Err(EvalError::NoSuchOverload),
        }
    }

    fn macro_of(&mut self, which: Macro, range: Value<'a>, names: &[String], body: &[Expr]) -> Outcome<'a> {
        let Some((last, conditions)) = body.split_last() else { return Err(EvalError::NoSuchOverload) };
        match (which, range) {
            (Macro::Bind, value) => self.with(names, [value, Value::Null], last),
            (Macro::OptMap | Macro::OptFlatMap, Value::Optional(None)) => Ok(Value::Optional(None)),
            (Macro::OptMap, Value::Optional(Some(value))) => {
                self.with(names, [*value, Value::Null], last).map(Value::some)
            }
            (Macro::OptFlatMap, Value::Optional(Some(value))) => self.with(names, [*value, Value::Null], last),
            (Macro::OptMap | Macro::OptFlatMap, _) => Err(EvalError::NoSuchOverload),
            (which, range) => self.comprehension(which, &range, names, conditions, last),
        }
    }

    fn comprehension(
        &mut self,
        which: Macro,
        range: &Value<'a>,
        names: &[String],
        conditions: &[Expr],
        last: &Expr,
    ) -> Outcome<'a> {
        let items = pairs(range, names.len() == 1)?;
        if matches!(which, Macro::All | Macro::Exists) {
            return self.quantifier(items, names, last, which == Macro::Exists);
        }
        let (mut out, mut count) = (Vec::new(), 0usize);
        let mut entries = Vec::new();
        for values in items {
            self.spend(1)?;
            let mut wanted = true;
            for condition in conditions {
                wanted = wanted && self.holds(names, values.clone(), condition)?;
            }
            if !wanted {
                continue;
            }
            match which {
                Macro::ExistsOne => count += usize::from(self.holds(names, values, last)?),
                Macro::Filter => {
                    if self.holds(names, values.clone(), last)? {
                        let [item, _] = values;
                        out.push(item);
                    }
                }
                Macro::TransformMap => {
                    let [key, _] = values.clone();
                    entries.push((key, self.with(names, values, last)?));
                }
                _ => out.push(self.with(names, values, last)?),
            }
        }
        Ok(match which {
            Macro::ExistsOne => Value::Bool(count == 1),
            Macro::TransformMap => Value::Map(Map::Own(Arc::new(entries))),
            _ => Value::list(out),
        })
    }

    /// `all` and `exists`: an item that decides does so also where another fails.
    fn quantifier(&mut self, items: Vec<[Value<'a>; 2]>, names: &[String], body: &Expr, decides: bool) -> Outcome<'a> {
        let mut failed = None;
        for values in items {
            self.spend(1)?;
            match self.holds(names, values, body) {
                Ok(b) if b == decides => return Ok(Value::Bool(decides)),
                Ok(_) => {}
                Err(EvalError::CostLimit) => return Err(EvalError::CostLimit),
                Err(e) => failed = Some(e),
            }
        }
        failed.map_or(Ok(Value::Bool(!decides)), Err)
    }
}

/// What a macro binds, for each item: of one name the item (of a map the key), of two the index or key and the value.
fn pairs<'a>(range: &Value<'a>, one: bool) -> Result<Vec<[Value<'a>; 2]>, EvalError> {
    match range {
        Value::List(list) if one => Ok(list.iter().map(|item| [item, Value::Null]).collect()),
        Value::List(list) => Ok(list.iter().enumerate().map(|(i, item)| [Value::count(i), item]).collect()),
        Value::Map(map) => Ok(map.entries().into_iter().map(|(key, value)| [key, value]).collect()),
        _ => Err(EvalError::NoSuchOverload),
    }
}

fn literal_value<'a>(literal: &Literal) -> Value<'a> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(b) => Value::Bool(*b),
        Literal::Int(n) => Value::Int(*n),
        Literal::Uint(n) => Value::Uint(*n),
        Literal::Double(n) => Value::Double(*n),
        Literal::String(s) => Value::String(Text::Shared(s.clone())),
        Literal::Bytes(b) => Value::Bytes(b.clone()),
    }
}

/// The value of an optional entry, if it is there.
fn present(value: Value<'_>, optional: bool) -> Result<Option<Value<'_>>, EvalError> {
    match value {
        Value::Optional(inner) if optional => Ok(inner.map(|v| *v)),
        _ if optional => Err(EvalError::NoSuchOverload),
        value => Ok(Some(value)),
    }
}

fn select<'a>(on: &Value<'a>, field: &str, optional: bool) -> Outcome<'a> {
    let found = match on {
        Value::Optional(None) => return Ok(Value::Optional(None)),
        Value::Optional(Some(inner)) => return select(inner, field, true),
        Value::Map(map) => map.field(field),
        Value::Object(_, fields) => fields.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone()),
        _ if optional => return Err(EvalError::NoSuchOverload),
        _ => return Err(EvalError::NoSuchOverload),
    };
    match found {
        Some(value) if optional => Ok(Value::some(value)),
        Some(value) => Ok(value),
        None if optional => Ok(Value::Optional(None)),
        None => Err(EvalError::NoSuchKey(field.to_owned())),
    }
}

fn has(on: &Value<'_>, field: &str) -> Result<bool, EvalError> {
    match on {
        Value::Map(map) => Ok(map.field(field).is_some()),
        Value::Object(_, fields) => Ok(fields.iter().any(|(name, _)| name == field)),
        Value::Optional(None) => Ok(false),
        Value::Optional(Some(inner)) => has(inner, field),
        _ => Err(EvalError::NoSuchOverload),
    }
}

fn at<'a>(on: &Value<'a>, index: &Value<'a>, optional: bool) -> Outcome<'a> {
    let missing = |error| if optional { Ok(Value::Optional(None)) } else { Err(error) };
    let found = match (on, index) {
        (Value::Optional(None), _) => return Ok(Value::Optional(None)),
        (Value::Optional(Some(inner)), _) => return at(inner, index, true),
        (Value::List(list), index) => {
            let n = whole(index).ok_or(EvalError::NoSuchOverload)?;
            match item(list, n) {
                Some(value) => value,
                None => return missing(EvalError::OutOfBounds(n)),
            }
        }
        (Value::Map(map), key) => match map.get(key) {
            Some(value) => value,
            None => return missing(EvalError::NoSuchKey(key.to_text().unwrap_or_default())),
        },
        _ => return Err(EvalError::NoSuchOverload),
    };
    Ok(if optional { Value::some(found) } else { found })
}

fn item<'a>(list: &List<'a>, n: i64) -> Option<Value<'a>> {
    list.get(usize::try_from(n).ok()?)
}

/// A number that may be an index.
fn whole(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(n) => Some(*n),
        Value::Uint(n) => i64::try_from(*n).ok(),
        #[allow(clippy::cast_possible_truncation, reason = "it has no fraction, and lists are shorter")]
        Value::Double(n) if n.fract() == 0.0 => Some(*n as i64),
        _ => None,
    }
}
