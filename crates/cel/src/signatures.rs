//! The functions that expressions may call, with the types of their arguments: CEL's own, its extensions, and Kubernetes' libraries.

use std::{collections::HashMap, sync::LazyLock};

use crate::types::Type;

/// One way to call a function. Of a method, the first parameter is what it is called on.
#[derive(Debug)]
pub struct Overload {
    pub method: bool,
    pub params: Vec<Type>,
    pub result: Type,
}

/// `name`, or `.name` for a method; parameters; result. Capitals stand for any type.
const TABLE: &[(&str, &[&str], &str)] = &[
    ("!_", &["bool"], "bool"),
    ("-_", &["int"], "int"),
    ("-_", &["double"], "double"),
    ("-_", &["duration"], "duration"),
    ("_==_", &["A", "A"], "bool"),
    ("_!=_", &["A", "A"], "bool"),
    ("@in", &["A", "list A"], "bool"),
    ("@in", &["A", "map A B"], "bool"),
    ("_+_", &["int", "int"], "int"),
    ("_+_", &["uint", "uint"], "uint"),
    ("_+_", &["double", "double"], "double"),
    ("_+_", &["string", "string"], "string"),
    ("_+_", &["bytes", "bytes"], "bytes"),
    ("_+_", &["list A", "list A"], "list A"),
    ("_+_", &["duration", "duration"], "duration"),
    ("_+_", &["timestamp", "duration"], "timestamp"),
    ("_+_", &["duration", "timestamp"], "timestamp"),
    ("_-_", &["int", "int"], "int"),
    ("_-_", &["uint", "uint"], "uint"),
    ("_-_", &["double", "double"], "double"),
    ("_-_", &["duration", "duration"], "duration"),
    ("_-_", &["timestamp", "duration"], "timestamp"),
    ("_-_", &["timestamp", "timestamp"], "duration"),
    ("_*_", &["int", "int"], "int"),
    ("_*_", &["uint", "uint"], "uint"),
    ("_*_", &["double", "double"], "double"),
    ("_/_", &["int", "int"], "int"),
    ("_/_", &["uint", "uint"], "uint"),
    ("_/_", &["double", "double"], "double"),
    ("_%_", &["int", "int"], "int"),
    ("_%_", &["uint", "uint"], "uint"),
    ("size", &["string"], "int"),
    ("size", &["bytes"], "int"),
    ("size", &["list A"], "int"),
    ("size", &["map A B"], "int"),
    (".size", &["string"], "int"),
    (".size", &["bytes"], "int"),
    (".size", &["list A"], "int"),
    (".size", &["map A B"], "int"),
    ("type", &["A"], "type"),
    ("dyn", &["A"], "dyn"),
    ("bool", &["bool"], "bool"),
    ("bool", &["string"], "bool"),
    ("int", &["int"], "int"),
    ("int", &["uint"], "int"),
    ("int", &["double"], "int"),
    ("int", &["string"], "int"),
    ("int", &["timestamp"], "int"),
    ("uint", &["int"], "uint"),
    ("uint", &["uint"], "uint"),
    ("uint", &["double"], "uint"),
    ("uint", &["string"], "uint"),
    ("double", &["int"], "double"),
    ("double", &["uint"], "double"),
    ("double", &["double"], "double"),
    ("double", &["string"], "double"),
    ("string", &["A"], "string"),
    ("bytes", &["string"], "bytes"),
    ("bytes", &["bytes"], "bytes"),
    ("timestamp", &["string"], "timestamp"),
    ("timestamp", &["int"], "timestamp"),
    ("timestamp", &["timestamp"], "timestamp"),
    ("duration", &["string"], "duration"),
    ("duration", &["duration"], "duration"),
    (".contains", &["string", "string"], "bool"),
    (".startsWith", &["string", "string"], "bool"),
    (".endsWith", &["string", "string"], "bool"),
    (".matches", &["string", "string"], "bool"),
    ("matches", &["string", "string"], "bool"),
    (".getFullYear", &["timestamp"], "int"),
    (".getMonth", &["timestamp"], "int"),
    (".getDate", &["timestamp"], "int"),
    (".getDayOfMonth", &["timestamp"], "int"),
    (".getDayOfWeek", &["timestamp"], "int"),
    (".getDayOfYear", &["timestamp"], "int"),
    (".getHours", &["timestamp"], "int"),
    (".getMinutes", &["timestamp"], "int"),
    (".getSeconds", &["timestamp"], "int"),
    (".getMilliseconds", &["timestamp"], "int"),
    (".getHours", &["duration"], "int"),
    (".getMinutes", &["duration"], "int"),
    (".getSeconds", &["duration"], "int"),
    (".getMilliseconds", &["duration"], "int"),
    // Strings.
    (".charAt", &["string", "int"], "string"),
    (".indexOf", &["string", "string"], "int"),
    (".indexOf", &["string", "string", "int"], "int"),
    (".lastIndexOf", &["string", "string"], "int"),
    (".lastIndexOf", &["string", "string", "int"], "int"),
    (".lowerAscii", &["string"], "string"),
    (".upperAscii", &["string"], "string"),
    (".replace", &["string", "string", "string"], "string"),
    (".replace", &["string", "string", "string", "int"], "string"),
    (".split", &["string", "string"], "list string"),
    (".split", &["string", "string", "int"], "list string"),
    (".substring", &["string", "int"], "string"),
    (".substring", &["string", "int", "int"], "string"),
    (".trim", &["string"], "string"),
    (".reverse", &["string"], "string"),
    (".join", &["list string"], "string"),
    (".join", &["list string", "string"], "string"),
    (".format", &["string", "list dyn"], "string"),
    (".find", &["string", "string"], "string"),
    (".findAll", &["string", "string"], "list string"),
    (".findAll", &["string", "string", "int"], "list string"),
    // Lists and sets.
    (".isSorted", &["list A"], "bool"),
    (".sum", &["list A"], "A"),
    (".min", &["list A"], "A"),
    (".max", &["list A"], "A"),
    (".indexOf", &["list A", "A"], "int"),
    (".lastIndexOf", &["list A", "A"], "int"),
    ("sets.contains", &["list A", "list A"], "bool"),
    ("sets.equivalent", &["list A", "list A"], "bool"),
    ("sets.intersects", &["list A", "list A"], "bool"),
    // Optional values.
    ("optional.of", &["A"], "optional A"),
    ("optional.ofNonZeroValue", &["A"], "optional A"),
    ("optional.none", &[], "optional A"),
    (".hasValue", &["optional A"], "bool"),
    (".value", &["optional A"], "A"),
    (".or", &["optional A", "optional A"], "optional A"),
    (".orValue", &["optional A", "A"], "A"),
    // URLs.
    ("url", &["string"], "kubernetes.URL"),
    ("isURL", &["string"], "bool"),
    (".getScheme", &["kubernetes.URL"], "string"),
    (".getHost", &["kubernetes.URL"], "string"),
    (".getHostname", &["kubernetes.URL"], "string"),
    (".getPort", &["kubernetes.URL"], "string"),
    (".getEscapedPath", &["kubernetes.URL"], "string"),
    (".getQuery", &["kubernetes.URL"], "map string list-string"),
    // Addresses.
    ("ip", &["string"], "net.IP"),
    ("isIP", &["string"], "bool"),
    ("ip.isCanonical", &["string"], "bool"),
    ("string", &["net.IP"], "string"),
    (".family", &["net.IP"], "int"),
    (".isUnspecified", &["net.IP"], "bool"),
    (".isLoopback", &["net.IP"], "bool"),
    (".isLinkLocalMulticast", &["net.IP"], "bool"),
    (".isLinkLocalUnicast", &["net.IP"], "bool"),
    (".isGlobalUnicast", &["net.IP"], "bool"),
    ("cidr", &["string"], "net.CIDR"),
    ("isCIDR", &["string"], "bool"),
    (".containsIP", &["net.CIDR", "net.IP"], "bool"),
    (".containsIP", &["net.CIDR", "string"], "bool"),
    (".containsCIDR", &["net.CIDR", "net.CIDR"], "bool"),
    (".containsCIDR", &["net.CIDR", "string"], "bool"),
    (".ip", &["net.CIDR"], "net.IP"),
    (".masked", &["net.CIDR"], "net.CIDR"),
    (".prefixLength", &["net.CIDR"], "int"),
    // Quantities.
    ("quantity", &["string"], "kubernetes.Quantity"),
    ("isQuantity", &["string"], "bool"),
    (".sign", &["kubernetes.Quantity"], "int"),
    (".isInteger", &["kubernetes.Quantity"], "bool"),
    (".asInteger", &["kubernetes.Quantity"], "int"),
    (".asApproximateFloat", &["kubernetes.Quantity"], "double"),
    (".add", &["kubernetes.Quantity", "kubernetes.Quantity"], "kubernetes.Quantity"),
    (".add", &["kubernetes.Quantity", "int"], "kubernetes.Quantity"),
    (".sub", &["kubernetes.Quantity", "kubernetes.Quantity"], "kubernetes.Quantity"),
    (".sub", &["kubernetes.Quantity", "int"], "kubernetes.Quantity"),
    (".isLessThan", &["kubernetes.Quantity", "kubernetes.Quantity"], "bool"),
    (".isGreaterThan", &["kubernetes.Quantity", "kubernetes.Quantity"], "bool"),
    (".compareTo", &["kubernetes.Quantity", "kubernetes.Quantity"], "int"),
    // The authorizer.
    (".path", &["kubernetes.authorization.Authorizer", "string"], "kubernetes.authorization.PathCheck"),
    (".group", &["kubernetes.authorization.Authorizer", "string"], "kubernetes.authorization.GroupCheck"),
    (
        ".serviceAccount",
        &["kubernetes.authorization.Authorizer", "string", "string"],
        "kubernetes.authorization.Authorizer",
    ),
    (".resource", &["kubernetes.authorization.GroupCheck", "string"], "kubernetes.authorization.ResourceCheck"),
    (".subresource", &["kubernetes.authorization.ResourceCheck", "string"], "kubernetes.authorization.ResourceCheck"),
    (".namespace", &["kubernetes.authorization.ResourceCheck", "string"], "kubernetes.authorization.ResourceCheck"),
    (".name", &["kubernetes.authorization.ResourceCheck", "string"], "kubernetes.authorization.ResourceCheck"),
    (".check", &["kubernetes.authorization.PathCheck", "string"], "kubernetes.authorization.Decision"),
    (".check", &["kubernetes.authorization.ResourceCheck", "string"], "kubernetes.authorization.Decision"),
    (".allowed", &["kubernetes.authorization.Decision"], "bool"),
    (".reason", &["kubernetes.authorization.Decision"], "string"),
    (".errored", &["kubernetes.authorization.Decision"], "bool"),
    (".error", &["kubernetes.authorization.Decision"], "string"),
    // Paths of JSON patches.
    ("jsonpatch.escapeKey", &["string"], "string"),
    // Encoders.
    ("base64.encode", &["bytes"], "string"),
    ("base64.decode", &["string"], "bytes"),
];

/// What can be ordered.
const ORDERED: [&str; 7] = ["bool", "int", "uint", "double", "string", "timestamp", "duration"];

fn read(name: &str) -> Type {
    let mut words = name.splitn(2, ' ');
    let (first, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match first {
        "dyn" => Type::Dyn,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "type" => Type::Type,
        "list" => Type::list(read(rest)),
        "list-string" => Type::list(Type::String),
        "optional" => Type::Optional(Box::new(read(rest))),
        "map" => {
            let (key, value) = rest.split_once(' ').unwrap_or((rest, "dyn"));
            Type::map(read(key), read(value))
        }
        "A" | "B" => Type::Param(if first == "A" { 'A' } else { 'B' }),
        _ => Type::named(first),
    }
}

static OVERLOADS: LazyLock<HashMap<&'static str, Vec<Overload>>> = LazyLock::new(|| {
    let mut all: HashMap<&'static str, Vec<Overload>> = HashMap::new();
    for (name, params, result) in TABLE {
        let overload = Overload {
            method: name.starts_with('.'),
            params: params.iter().map(|p| read(p)).collect(),
            result: read(result),
        };
        all.entry(name.trim_start_matches('.')).or_default().push(overload);
    }
    for name in ["_<_", "_<=_", "_>_", "_>=_"] {
        let pairs = ORDERED.iter().map(|of| (*of, *of));
        // Numbers of different kinds compare as numbers.
        let mixed = [
            ("int", "uint"),
            ("uint", "int"),
            ("int", "double"),
            ("double", "int"),
            ("uint", "double"),
            ("double", "uint"),
        ];
        let of = |(a, b)| Overload { method: false, params: vec![read(a), read(b)], result: Type::Bool };
        all.insert(name, pairs.chain(mixed).map(of).collect());
    }
    all
});

/// The ways to call a function; empty where there is no such function.
pub fn overloads(name: &str) -> &'static [Overload] {
    OVERLOADS.get(name).map_or(&[], Vec::as_slice)
}
