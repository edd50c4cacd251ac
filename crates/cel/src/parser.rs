//! From tokens to a tree; macros are recognized here.

use crate::{
    ast::{Expr, Literal, Macro, Node},
    error::Issue,
    lexer::{Kind, Token, tokens},
};

/// Deeper nesting is refused: evaluation walks the tree.
const DEPTH: usize = 64;
/// Longer texts are refused.
const CHARACTERS: usize = 100_000;
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Binary operators by precedence, the weakest first: their sign and the function that they call.
const LEVELS: [&[(&str, &str)]; 3] = [
    &[("<", "_<_"), ("<=", "_<=_"), (">=", "_>=_"), (">", "_>_"), ("==", "_==_"), ("!=", "_!=_"), ("in", "@in")],
    &[("+", "_+_"), ("-", "_-_")],
    &[("*", "_*_"), ("/", "_/_"), ("%", "_%_")],
];

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// The tree of an expression.
pub fn parse(source: &str) -> Result<Expr, Issue> {
    if source.chars().count() > CHARACTERS {
        return Err(Issue::new(
            "",
            0,
            format!("expression code point size exceeds limit: size: {}, limit {CHARACTERS}", source.chars().count()),
        ));
    }
    let mut parser = Parser { source, tokens: tokens(source)?, at: 0, depth: 0 };
    let expr = parser.expr()?;
    match parser.kind() {
        Kind::End => Ok(expr),
        _ => Err(parser.unexpected("<EOF>")),
    }
}

fn call(at: usize, function: &str, args: Vec<Expr>) -> Expr {
    Expr { at, node: Node::Call { target: None, function: function.to_owned(), args } }
}

impl Parser<'_> {
    fn kind(&self) -> &Kind {
        &self.tokens[self.at].kind
    }

    fn place(&self) -> usize {
        self.tokens[self.at].at
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.kind(), Kind::Sign(s) if *s == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        self.at += usize::from(is);
        is
    }

    fn unexpected(&self, wanted: &str) -> Issue {
        let found = match self.kind() {
            Kind::End => "<EOF>".to_owned(),
            Kind::Sign(sign) => (*sign).to_owned(),
            Kind::Ident(name) => name.clone(),
            Kind::Literal(literal) => match literal {
                Literal::Null => "null".into(),
                Literal::Bool(b) => b.to_string(),
                Literal::Int(n) => n.to_string(),
                Literal::Uint(n) => format!("{n}u"),
                Literal::Double(n) => n.to_string(),
                Literal::String(s) => format!("'{s}'"),
                Literal::Bytes(_) => "b''".into(),
            },
        };
        Issue::new(self.source, self.place(), format!("Syntax error: mismatched input '{found}' expecting {wanted}"))
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), Issue> {
        if self.eat(sign) { Ok(()) } else { Err(self.unexpected(&format!("'{sign}'"))) }
    }

    fn error(&self, at: usize, message: impl Into<String>) -> Issue {
        Issue::new(self.source, at, message)
    }

    fn expr(&mut self) -> Result<Expr, Issue> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.error(self.place(), format!("expression recursion limit exceeded: {DEPTH}")));
        }
        let at = self.place();
        let condition = self.or()?;
        let expr = if self.eat("?") {
            let yes = self.or()?;
            self.expect(":")?;
            let no = self.expr()?;
            Expr { at, node: Node::Conditional(Box::new(condition), Box::new(yes), Box::new(no)) }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn or(&mut self) -> Result<Expr, Issue> {
        let mut left = self.and()?;
        while self.is("||") {
            let at = self.place();
            self.at += 1;
            left = Expr { at, node: Node::Or(Box::new(left), Box::new(self.and()?)) };
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Issue> {
        let mut left = self.binary(0)?;
        while self.is("&&") {
            let at = self.place();
            self.at += 1;
            left = Expr { at, node: Node::And(Box::new(left), Box::new(self.binary(0)?)) };
        }
        Ok(left)
    }

    fn binary(&mut self, level: usize) -> Result<Expr, Issue> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            let found = match self.kind() {
                Kind::Sign(sign) => operators.iter().find(|(s, _)| s == sign),
                _ => None,
            };
            let Some((_, function)) = found else { return Ok(left) };
            let at = self.place();
            self.at += 1;
            left = call(at, function, vec![left, self.binary(level + 1)?]);
        }
    }

    fn unary(&mut self) -> Result<Expr, Issue> {
        let at = self.place();
        let Some(sign) = ["!", "-"].into_iter().find(|s| self.is(s)) else { return self.member() };
        let mut count = 0usize;
        while self.eat(sign) {
            count += 1;
        }
        if sign == "-" && count % 2 == 1 {
            let negated = match self.kind() {
                Kind::Literal(Literal::Int(n)) => Some(Literal::Int(n.wrapping_neg())),
                Kind::Literal(Literal::Double(n)) => Some(Literal::Double(-n)),
                _ => None,
            };
            if let Some(literal) = negated {
                self.tokens[self.at].kind = Kind::Literal(literal);
                return self.member_signed(true);
            }
        }
        let operand = self.member()?;
        let function = if sign == "!" { "!_" } else { "-_" };
        Ok(if count % 2 == 1 { call(at, function, vec![operand]) } else { operand })
    }

    fn member(&mut self) -> Result<Expr, Issue> {
        self.member_signed(false)
    }

    fn member_signed(&mut self, negative: bool) -> Result<Expr, Issue> {
        let mut expr = self.primary(negative)?;
        loop {
            let at = self.place();
            let node = if self.is(".") || self.is(".?") {
                let optional = self.is(".?");
                self.at += 1;
                let field = self.name()?;
                if !optional && self.eat("(") {
                    let args = self.list_of(")")?;
                    self.method(expr, field, args)?
                } else {
                    Node::Select { operand: Box::new(expr), field, optional }
                }
            } else if self.is("[") || self.is("[?") {
                let optional = self.is("[?");
                self.at += 1;
                let index = self.expr()?;
                self.expect("]")?;
                Node::Index { operand: Box::new(expr), index: Box::new(index), optional }
            } else if self.is("{") && type_name(&expr).is_some() {
                self.at += 1;
                let name = type_name(&expr).unwrap_or_default();
                Node::Struct { name, fields: self.fields()? }
            } else {
                return Ok(expr);
            };
            expr = Expr { at, node };
        }
    }

    fn name(&mut self) -> Result<String, Issue> {
        match self.kind() {
            Kind::Ident(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            // Only after a dot: `request.in` is no expression, and `namespace` is.
            _ => Err(self.unexpected("IDENTIFIER")),
        }
    }

    fn primary(&mut self, negative: bool) -> Result<Expr, Issue> {
        let at = self.place();
        let node = match self.kind().clone() {
            Kind::Literal(Literal::Int(i64::MIN)) if !negative => return Err(self.error(at, "invalid int literal")),
            Kind::Literal(literal) => {
                self.at += 1;
                Node::Literal(literal)
            }
            Kind::Ident(name) => {
                self.at += 1;
                if RESERVED.contains(&name.as_str()) {
                    return Err(self.error(at, format!("reserved identifier: {name}")));
                }
                if self.eat("(") {
                    let args = self.list_of(")")?;
                    self.function(at, name, args)?
                } else {
                    Node::Ident(name)
                }
            }
            Kind::Sign(".") => {
                self.at += 1;
                Node::Ident(self.name()?)
            }
            Kind::Sign("(") => {
                self.at += 1;
                let inner = self.expr()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Kind::Sign("[" | "[?") => self.list()?,
            Kind::Sign("{") => {
                self.at += 1;
                self.map()?
            }
            Kind::Sign(_) | Kind::End => {
                return Err(self.unexpected("{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"));
            }
        };
        Ok(Expr { at, node })
    }

    fn list(&mut self) -> Result<Node, Issue> {
        let mut optional = self.is("[?");
        self.at += 1;
        let mut items = Vec::new();
        while !self.is("]") {
            items.push((self.expr()?, optional));
            if !self.eat(",") {
                break;
            }
            optional = self.eat("?");
        }
        self.expect("]")?;
        Ok(Node::List(items))
    }

    fn map(&mut self) -> Result<Node, Issue> {
        let mut entries = Vec::new();
        while !self.is("}") {
            let optional = self.eat("?");
            let key = self.expr()?;
            self.expect(":")?;
            entries.push((key, self.expr()?, optional));
            if !self.eat(",") {
                break;
            }
        }
        self.expect("}")?;
        Ok(Node::Map(entries))
    }

    fn fields(&mut self) -> Result<Vec<(String, Expr, bool)>, Issue> {
        let mut fields = Vec::new();
        while !self.is("}") {
            let optional = self.eat("?");
            let name = self.name()?;
            self.expect(":")?;
            fields.push((name, self.expr()?, optional));
            if !self.eat(",") {
                break;
            }
        }
        self.expect("}")?;
        Ok(fields)
    }

    fn list_of(&mut self, end: &'static str) -> Result<Vec<Expr>, Issue> {
        let mut items = Vec::new();
        while !self.is(end) {
            items.push(self.expr()?);
            if !self.eat(",") {
                break;
            }
        }
        self.expect(end)?;
        Ok(items)
    }

    fn function(&self, at: usize, name: String, mut args: Vec<Expr>) -> Result<Node, Issue> {
        if name == "has" && args.len() == 1 {
            return match args.remove(0).node {
                Node::Select { operand, field, optional: false } => Ok(Node::Has { operand, field }),
                _ => Err(self.error(at, "invalid argument to has() macro")),
            };
        }
        Ok(Node::Call { target: None, function: name, args })
    }

    fn method(&self, target: Expr, name: String, mut args: Vec<Expr>) -> Result<Node, Issue> {
        let bind = name == "bind" && matches!(&target.node, Node::Ident(n) if n == "cel");
        let which = match (name.as_str(), args.len()) {
            ("bind", 3) if bind => Macro::Bind,
            ("all", 2 | 3) => Macro::All,
            ("exists", 2 | 3) => Macro::Exists,
            ("exists_one" | "existsOne", 2 | 3) => Macro::ExistsOne,
            ("map", 2 | 3) => Macro::Map,
            ("filter", 2) => Macro::Filter,
            ("transformList", 3 | 4) => Macro::TransformList,
            ("transformMap", 3 | 4) => Macro::TransformMap,
            ("optMap", 2) => Macro::OptMap,
            ("optFlatMap", 2) => Macro::OptFlatMap,
            _ => return Ok(Node::Call { target: Some(Box::new(target)), function: name, args }),
        };
        let two = match which {
            Macro::All | Macro::Exists | Macro::ExistsOne => args.len() == 3,
            Macro::TransformList | Macro::TransformMap => true,
            Macro::Map | Macro::Filter | Macro::Bind | Macro::OptMap | Macro::OptFlatMap => false,
        };
        let body = args.split_off(if two { 2 } else { 1 });
        let mut names = Vec::new();
        for arg in args {
            match arg.node {
                Node::Ident(name) => names.push(name),
                _ => return Err(self.error(arg.at, "argument must be a simple name")),
            }
        }
        if which == Macro::Bind {
            let mut body = body;
            let value = body.remove(0);
            return Ok(Node::Macro { which, range: Box::new(value), names, body });
        }
        Ok(Node::Macro { which, range: Box::new(target), names, body })
    }
}

/// `a.b.c` as the name of a type.
pub fn type_name(expr: &Expr) -> Option<String> {
    match &expr.node {
        Node::Ident(name) => Some(name.clone()),
        Node::Select { operand, field, optional: false } => Some(format!("{}.{field}", type_name(operand)?)),
        _ => None,
    }
}
