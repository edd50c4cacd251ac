use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::selector::{Labels, Matcher};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn selectors_match_as_kubernetes_does() {
    let requirement = |key: &str, operator: &str, values: &[&str]| LabelSelectorRequirement {
        key: key.to_owned(),
        operator: operator.to_owned(),
        values: Some(values.iter().map(|v| (*v).to_owned()).collect()),
    };
    let cases = [
        (vec![], vec![], vec![("a", "b")], true),
        (vec![("a", "b")], vec![], vec![("a", "b"), ("c", "d")], true),
        (vec![("a", "b")], vec![], vec![("a", "x")], false),
        (vec![], vec![requirement("a", "In", &["x", "y"])], vec![("a", "y")], true),
        (vec![], vec![requirement("a", "NotIn", &["x"])], vec![], true),
        (vec![], vec![requirement("a", "NotIn", &["x"])], vec![("a", "x")], false),
        (vec![], vec![requirement("a", "Exists", &[])], vec![("a", "")], true),
        (vec![], vec![requirement("a", "DoesNotExist", &[])], vec![("a", "")], false),
    ];
    for (index, (match_labels, expressions, object, expected)) in cases.into_iter().enumerate() {
        let selector =
            LabelSelector { match_labels: Some(labels(&match_labels)), match_expressions: Some(expressions) };
        let matcher = Matcher::new(&selector).expect("a valid selector");
        assert_eq!(matcher.matches(Some(&labels(&object))), expected, "case {index}");
    }
    assert!(!Matcher::optional(None).expect("none").matches(Some(&labels(&[("a", "b")]))));
}
