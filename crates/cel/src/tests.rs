use serde_json::{Value as Json, json};

use super::*;
use crate::authorizer::{Answer, Authority, Check, Question};

fn env() -> Env {
    let mut env = Env::default();
    env.declare("object", Type::Dyn);
    env.declare("request", Type::object("kubernetes.AdmissionRequest", [("name", Type::String)]));
    env.declare("authorizer", Type::named("kubernetes.authorization.Authorizer"));
    env.declare("authorizer.requestResource", Type::named("kubernetes.authorization.ResourceCheck"));
    env.compose("odd", Type::Bool);
    env.allow_patches();
    env
}

fn object() -> Json {
    json!({"metadata": {"name": "n", "labels": {"a/b": "c"}}, "spec": {"replicas": 3, "names": ["x", "y"], "half": 0.5}})
}

fn value(source: &str) -> Result<Json, String> {
    let object = object();
    let program = compile(source, &env()).map_err(|e| e.to_string())?;
    let composed = [("odd".to_owned(), compile("object.spec.replicas % 2 == 1", &env()).map_err(|e| e.to_string()))];
    let mut scope = Scope::new(10_000_000);
    scope.set("object", Value::from_json(&object));
    scope.set("authorizer", Value::Authorizer(std::sync::Arc::new(Check::new(&Admin))));
    let question = Question { resource: "pods".into(), ..Question::default() };
    scope.set("authorizer.requestResource", Value::Authorizer(std::sync::Arc::new(Check::about(&Admin, question))));
    scope.compose(&composed);
    program.evaluate(&scope).and_then(|v| v.to_json()).map_err(|e| e.to_string())
}

struct Admin;
impl Authority for Admin {
    fn decide(&self, question: &Question) -> Answer {
        Answer { allowed: question.verb == "get" && question.resource == "pods", reason: "because".into() }
    }
}

/// Everything that must be true.
const TRUE: &[&str] = &[
    "1 + 2 * 3 == 7 && -2 - -3 == 1 && 7 % 4 == 3 && 0x1f == 31",
    "dyn(1) == 1.0 || false",
    "dyn(1) == 1u && dyn(2) > 1.5",
    "object.spec.replicas > 2 ? true : false",
    "object.metadata.name == 'n' && object.metadata.labels['a/b'] == \"c\"",
    "has(object.spec.replicas) && !has(object.spec.missing)",
    "object.?spec.?missing.orValue(5) == 5 && object.?spec.?replicas.orValue(5) == 3",
    "object.spec.names[?7].hasValue() == false && object.spec.names[?1] == optional.of('y')",
    "optional.of(3).optMap(x, x + 1).value() == 4 && !optional.none().hasValue()",
    "object.spec.names.all(n, n in ['x', 'y', 'z']) && object.spec.names.exists(n, n == 'y')",
    "object.spec.names.exists_one(n, n == 'x') && object.spec.names.all(i, n, i < 2 && size(n) == 1)",
    "object.spec.names.map(n, n + '!') == ['x!', 'y!'] && [1, 2, 3].filter(n, n > 1) == [2, 3]",
    "[1, 2, 3].map(n, n > 1, n * 2) == [4, 6] && [1, 2].transformList(i, v, i * v) == [0, 2]",
    "{'a': 1, 'b': 2}.transformMap(k, v, v + 1) == {'a': 2, 'b': 3} && {'a': 1}.all(k, k == 'a')",
    "cel.bind(x, object.spec.replicas, x * x) == 9",
    "false && object.missing.deep || true",
    "object.missing.deep || true",
    "[1, 0].exists(n, 1 / n == 1)",
    "variables.odd",
    "'hello'.startsWith('he') && 'hello'.contains('ll') && 'hello'.matches('^h.*o$') && 'ä'.size() == 1",
    "'a,b,c'.split(',') == ['a', 'b', 'c'] && ['a', 'b'].join('-') == 'a-b' && 'abc'.substring(1, 2) == 'b'",
    "'abcabc'.indexOf('c') == 2 && 'abcabc'.lastIndexOf('c') == 5 && 'abc'.charAt(1) == 'b' && ' a '.trim() == 'a'",
    "'aXbX'.replace('X', '-', 1) == 'a-bX' && 'AbC'.lowerAscii() == 'abc' && 'abc'.reverse() == 'cba'",
    "'%s has %d, %.2f, %x'.format(['n', 3, 0.5, 255]) == 'n has 3, 0.50, ff'",
    "'a12b3'.find('[0-9]+') == '12' && 'a12b3'.findAll('[0-9]+') == ['12', '3']",
    "r'\\d' == '\\\\d' && b'abc'.size() == 3 && '''it's''' == \"it's\" && '\\u00e4' == 'ä'",
    "string(5) + string(true) + string(1.5) == '5true1.5' && int('7') == 7 && double('2') == 2.0 && uint(3) == 3u",
    "type(1) == int && type('a') == string && type(object.spec.half) == double",
    "timestamp('2024-01-02T03:04:05Z').getFullYear() == 2024 && timestamp('2024-01-02T03:04:05Z').getMonth() == 0",
    "duration('1h30m').getMinutes() == 90 && timestamp('2024-01-01T00:00:00Z') + duration('24h') == timestamp('2024-01-02T00:00:00Z')",
    "[1, 2, 3].sum() == 6 && [3, 1].min() == 1 && [3, 1].max() == 3 && [1, 2].isSorted() && ![2, 1].isSorted()",
    "sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1]) && !sets.intersects([1], [2])",
    "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('1500m').add(quantity('500m')).asInteger() == 2",
    "isQuantity('10Mi') && !isQuantity('x') && quantity('2').compareTo(quantity('2000m')) == 0",
    "url('https://h.example:8443/a%20b?k=v&k=w').getHost() == 'h.example:8443' && url('https://[::1]:80/').getHostname() == '::1'",
    "url('https://h/?k=v&k=w').getQuery() == {'k': ['v', 'w']} && isURL('/path') && !isURL('path')",
    "ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsIP('11.0.0.0')",
    "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && ip('::1').isLoopback()",
    "authorizer.group('').resource('pods').namespace('n').check('get').allowed()",
    "!authorizer.group('').resource('pods').check('delete').allowed() && authorizer.requestResource.check('get').allowed()",
    "base64.decode(base64.encode(b'x')) == b'x' && jsonpatch.escapeKey('a/b~c') == 'a~1b~0c'",
];

#[test]
fn what_is_true() {
    for source in TRUE {
        assert_eq!(value(source), Ok(Json::Bool(true)), "{source}");
    }
}

#[test]
fn objects_are_made() {
    assert_eq!(
        value("Object{spec: Object.spec{replicas: 1, ?gone: optional.none()}}"),
        Ok(json!({"spec": {"replicas": 1}}))
    );
    assert_eq!(
        value("[JSONPatch{op: 'add', path: '/a', value: {'x': [1]}}]"),
        Ok(json!([{"op": "add", "path": "/a", "value": {"x": [1]}}]))
    );
}

#[test]
fn what_fails_when_it_is_evaluated() {
    for (source, error) in [
        ("object.spec.missing", "no such key: missing"),
        ("1 / 0 == 1", "division by zero"),
        ("9223372036854775807 + 1 == 0", "integer overflow"),
        ("object.spec.names[5]", "index out of bounds: 5"),
        ("'wants ' + object.spec.replicas", "no such overload"),
        ("optional.none().value()", "optional.none() dereference"),
        ("{'a': 1, 'a': 2}", "insert failed: key a already exists"),
        (
            "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, a + b + c + d + e + f > 0))))))",
            "operation cancelled: actual cost limit exceeded",
        ),
    ] {
        assert_eq!(value(source), Err(error.to_owned()), "{source}");
    }
}

#[test]
fn what_does_not_compile() {
    for (source, error) in [
        ("... [] bad expression", "Syntax error"),
        ("1 +", "Syntax error"),
        ("foo.bar", "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo.bar\n | ^"),
        ("object.x.foo()", "undeclared reference to 'foo'"),
        ("1 + 'a' == 2", "found no matching overload for '_+_' applied to '(int, string)'"),
        ("request.nam == 'x'", "undefined field 'nam'"),
        ("variables.even", "undefined field 'even'"),
        ("'a' && true", "expected type 'bool' but found 'string'"),
        ("[1].all(x.y, true)", "argument must be a simple name"),
        ("Unknown{a: 1}", "undeclared reference to 'Unknown'"),
        ("Object{spec: Object.other{}}", "unexpected type name \"Object.other\", expected \"Object.spec\""),
        ("true ? 1 : 'a'", "found no matching overload for '_?_:_'"),
    ] {
        let found = compile(source, &env()).expect_err(source).to_string();
        assert!(found.contains(error), "{source}: {found}");
    }
    let deep = "(".repeat(200) + "1" + &")".repeat(200);
    assert!(compile(&deep, &env()).is_err());
}

#[test]
fn types_come_out() {
    for (source, of) in [
        ("object.spec.replicas > 1", "bool"),
        ("object.spec.replicas", "dyn"),
        ("object.spec.replicas % 2 == 1", "bool"),
        ("'a' + object.metadata.name", "string"),
        ("[1, 2]", "list(int)"),
        ("{'a': [1.5]}", "map(string, list(double))"),
        ("has(object.a) ? 'x' : null", "dyn"),
        ("Object{}", "Object"),
        ("[JSONPatch{op: 'remove', path: '/x'}]", "list(JSONPatch)"),
        ("object.spec.names.map(n, n.size())", "list(int)"),
    ] {
        let of_source = compile(source, &env()).map(|p| p.result().to_string());
        if source.starts_with("has(") {
            assert!(of_source.is_err(), "{source}");
            continue;
        }
        assert_eq!(of_source, Ok(of.to_owned()), "{source}");
    }
}
