use serde_json::json;

use super::*;

#[test]
fn texts_that_parse() {
    for (given, want) in [
        ("", ""),
        ("x=a,y=b,z=c", "x=a,y=b,z=c"),
        ("x!=a,y=b", "x!=a,y=b"),
        ("x=", "x="),
        ("x= ", "x="),
        ("x=,z= ", "x=,z="),
        ("x= ,z= ", "x=,z="),
        ("x", "x"),
        ("!x", "!x"),
        ("x in ()", "x in ()"),
        ("x==a", "x==a"),
        ("y in (b,a),x", "x,y in (a,b)"),
        ("x in (a,,b)", "x in (,a,b)"),
        ("x notin (in,notin)", "x notin (in,notin)"),
        ("x>1,y<2", "x>1,y<2"),
        ("in=a", "in=a"),
        ("a.b/c = d", "a.b/c=d"),
    ] {
        assert_eq!(Selector::parse(given).map(|s| s.to_string()), Ok(want.to_owned()), "{given:?}");
    }
}

#[test]
fn texts_that_do_not() {
    for (given, want) in [
        ("x=a||y=b", "unable to parse requirement: values[0][x]: Invalid value: \"a||y\": "),
        ("x==a==b", "found '==', expected: ',' or 'end of string'"),
        ("!x=a", "found '=', expected: ',' or 'end of string'"),
        (
            "x<a",
            "unable to parse requirement: values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
        ("x,", "found '', expected: identifier after ','"),
        (",x", "found ',', expected: !, identifier, or 'end of string'"),
        ("x in", "unable to parse requirement: found '' expected: '('"),
        ("x in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("x y", "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("-x", "unable to parse requirement: <nil>: Invalid value: \"-x\": name part must consist of"),
    ] {
        let error = Selector::parse(given).expect_err(given);
        assert!(error.starts_with(want), "{given:?}: {error}");
    }
}

#[test]
fn matching() {
    let labels = json!({"x": "y", "n": "5", "e": ""});
    let labels = labels.as_object().unwrap();
    for (selector, want) in [
        ("", true),
        ("x=y", true),
        ("x=z", false),
        ("x!=z", true),
        ("q!=z", true),
        ("x in (y,z)", true),
        ("x notin (y)", false),
        ("q notin (y)", true),
        ("x", true),
        ("!x", false),
        ("!q", true),
        ("n>4", true),
        ("n>5", false),
        ("n<6", true),
        ("x>1", false),
        ("q<1", false),
        ("e=", true),
        ("q=", false),
    ] {
        assert_eq!(Selector::parse(selector).unwrap().matches_map(labels), want, "{selector}");
    }
}

#[test]
fn label_selectors() {
    let selector = |v| Selector::from_label_selector(&v);
    assert!(selector(json!(null)).unwrap().is_nothing());
    assert!(selector(json!({})).unwrap().is_everything());
    let full = json!({"matchLabels": {"a": "b"}, "matchExpressions": [
        {"key": "c", "operator": "NotIn", "values": ["x"]}, {"key": "d", "operator": "Exists"}]});
    assert_eq!(selector(full).unwrap().to_string(), "a=b,c notin (x),d");
    let bad = json!({"matchExpressions": [{"key": "c", "operator": "Foo"}]});
    assert_eq!(selector(bad).unwrap_err(), "\"Foo\" is not a valid label selector operator");
    let empty = json!({"matchExpressions": [{"key": "c", "operator": "In"}]});
    assert!(selector(empty).unwrap_err().contains("values set can't be empty"));
}
