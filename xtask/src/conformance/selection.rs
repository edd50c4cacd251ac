//! Which tests a run is about, and the pattern that tells the suite so.

use std::{collections::BTreeSet, str::FromStr};

use super::suite::Test;

/// The i-th of n parts, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    part: usize,
    of: usize,
}

/// A shard that is not one.
#[derive(Debug, thiserror::Error)]
#[error("a shard is I/N with 1 <= I <= N, such as 2/3")]
pub struct NoShard;

impl FromStr for Shard {
    type Err = NoShard;
    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (part, of) = text.split_once('/').ok_or(NoShard)?;
        let (part, of) = (part.parse().map_err(|_| NoShard)?, of.parse().map_err(|_| NoShard)?);
        if part == 0 || part > of { Err(NoShard) } else { Ok(Self { part, of }) }
    }
}

/// What narrows the suite down; nothing set is all of it.
#[derive(Default)]
pub struct Selection<'a> {
    /// A pattern that the name matches.
    pub focus: Option<&'a regex_lite::Regex>,
    /// The source file, or its end.
    pub file: Option<&'a str>,
    /// Only these names.
    pub names: Option<&'a BTreeSet<String>>,
    /// One part of what is left.
    pub shard: Option<Shard>,
}

impl Selection<'_> {
    /// The chosen tests, in the order given.
    pub fn of(&self, tests: &[Test]) -> Vec<Test> {
        let wanted = |t: &&Test| {
            self.focus.is_none_or(|r| r.is_match(&t.name))
                && self.file.is_none_or(|f| t.file.ends_with(f))
                && self.names.is_none_or(|n| n.contains(&t.name))
        };
        let in_shard = |i: usize| self.shard.is_none_or(|s| i % s.of + 1 == s.part);
        tests.iter().filter(wanted).enumerate().filter(|(i, _)| in_shard(*i)).map(|(_, t)| t.clone()).collect()
    }
}

/// The pattern by which ginkgo runs exactly these tests: it matches the suite's title, a space and the full name.
pub fn pattern<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(regex_lite::escape).collect();
    format!("^Kubernetes e2e suite (?:{})$", names.join("|"))
}

/// Names in a file, one a line; `#` begins a comment line.
pub fn names(text: &str) -> BTreeSet<String> {
    text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str, file: &str) -> Test {
        Test { name: name.into(), file: file.into() }
    }

    fn chosen(selection: &Selection) -> Vec<String> {
        let tests =
            [test("[sig-a] one", "e2e/a.go"), test("[sig-a] two", "e2e/b.go"), test("[sig-b] three", "e2e/b.go")];
        selection.of(&tests).into_iter().map(|t| t.name).collect()
    }

    #[test]
    fn narrows_by_name_file_and_list() {
        let sig_a = regex_lite::Regex::new(r"\[sig-a\]").unwrap();
        let list = BTreeSet::from(["[sig-b] three".to_owned()]);
        assert_eq!(chosen(&Selection::default()).len(), 3);
        assert_eq!(chosen(&Selection { focus: Some(&sig_a), ..Selection::default() }), ["[sig-a] one", "[sig-a] two"]);
        assert_eq!(chosen(&Selection { file: Some("e2e/b.go"), ..Selection::default() }).len(), 2);
        assert_eq!(chosen(&Selection { names: Some(&list), ..Selection::default() }), ["[sig-b] three"]);
    }

    #[test]
    fn shards_add_up() {
        let mut all: Vec<String> = Vec::new();
        for part in ["1/2", "2/2"] {
            all.extend(chosen(&Selection { shard: Some(part.parse().unwrap()), ..Selection::default() }));
        }
        all.sort();
        assert_eq!(all, ["[sig-a] one", "[sig-a] two", "[sig-b] three"]);
        for wrong in ["0/2", "3/2", "x", "1/"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_pattern_takes_names_literally() {
        let r = regex_lite::Regex::new(&pattern(["[sig-a] one (x|y) [Conformance]"].into_iter())).unwrap();
        assert!(r.is_match("Kubernetes e2e suite [sig-a] one (x|y) [Conformance]"));
        assert!(!r.is_match("Kubernetes e2e suite [sig-a] one (x|y) [Conformance] more"));
    }
}
