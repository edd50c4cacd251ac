//! Pages in Markdown: the table of a run, and what differs between two.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    output::Outcome,
    results::{Record, Run},
    suite::{self, Test},
};

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
    all: usize,
    seconds: f64,
}

/// The table of a run: per group, per source file, and every test that did not pass. `tests` is the whole suite.
pub fn page(tests: &[Test], run: &Run) -> String {
    let (mut sigs, mut files, mut total) = (BTreeMap::new(), BTreeMap::new(), Count::default());
    for test in tests {
        let record = run.results.get(&test.name);
        for count in [sigs.entry(test.sig()).or_default(), files.entry(test.file.as_str()).or_default(), &mut total] {
            add(count, record);
        }
    }
    let meta = &run.meta;
    let mut page = format!(
        "{} of {} passed, {} failed, {} not run. {}, commit {}, {} node(s), {} processes, {}, content type {}, {} of wall time.\n\n",
        total.passed,
        total.all,
        total.failed,
        total.all - total.passed - total.failed,
        meta.started.strftime("%Y-%m-%d %H:%M UTC"),
        meta.commit,
        meta.nodes,
        meta.procs,
        meta.on,
        meta.content_type,
        clock(meta.wall_seconds),
    );
    rows(&mut page, "group", &sigs);
    rows(&mut page, "source file", &files);
    page.push_str("| failed | seconds | what the suite says |\n|---|---|---|\n");
    for r in run.results.values().filter(|r| r.outcome != Outcome::Passed) {
        let _ = writeln!(page, "| {} | {:.0} | {} |", cell(&r.name), r.seconds, cell(&r.message));
    }
    page
}

/// What `b` has otherwise than `a`.
pub fn diff(a: &BTreeMap<String, Record>, b: &BTreeMap<String, Record>) -> String {
    let passes = |r: &Record| r.outcome == Outcome::Passed;
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in a.keys().chain(b.keys().filter(|n| !a.contains_key(*n))) {
        let title = match (a.get(name).map(passes), b.get(name).map(passes)) {
            (Some(true), Some(false)) => "passed in A, fails in B",
            (Some(false), Some(true)) => "failed in A, passes in B",
            (Some(_), None) => "only in A",
            (None, Some(_)) => "only in B",
            (Some(true), Some(true)) | (Some(false), Some(false)) | (None, None) => continue,
        };
        lists.entry(title).or_default().push(name);
    }
    let mut page = String::new();
    for (title, names) in lists {
        let _ = writeln!(page, "{title}: {}", names.len());
        // A shard beside a whole run: the many that only one of them ran are no difference.
        let shown = if title.starts_with("only") { names.len().min(SHOWN) } else { names.len() };
        for name in &names[..shown] {
            let _ = writeln!(page, "  {name}");
        }
        if shown < names.len() {
            let _ = writeln!(page, "  and {} more", names.len() - shown);
        }
    }
    let passed = |x: &BTreeMap<String, Record>| x.values().filter(|r| passes(r)).count();
    let _ = writeln!(page, "A: {} of {} passed; B: {} of {}", passed(a), a.len(), passed(b), b.len());
    page
}

/// So many of those that only one of two runs has are named.
const SHOWN: usize = 10;

/// One line about a test that ended.
pub fn line(done: usize, of: usize, record: &Record) -> String {
    let word = match record.outcome {
        Outcome::Passed => "pass",
        Outcome::Failed => "FAIL",
        Outcome::Skipped => "SKIP",
        Outcome::Interrupted => "stop",
    };
    let colon = if record.message.is_empty() { "" } else { ": " };
    format!("{done:>4} of {of} {word} {:>6.1}s {}{colon}{}", record.seconds, record.name, record.message)
}

/// The counts of one group in a short line, such as `sig-apps 12/60`.
pub fn summary(results: &BTreeMap<String, Record>) -> String {
    let mut sigs: BTreeMap<&str, Count> = BTreeMap::new();
    for (name, record) in results {
        add(sigs.entry(suite::sig(name)).or_default(), Some(record));
    }
    let words: Vec<String> = sigs.iter().map(|(sig, c)| format!("{sig} {}/{}", c.passed, c.all)).collect();
    words.join(", ")
}

fn add(count: &mut Count, record: Option<&Record>) {
    count.all += 1;
    if let Some(r) = record {
        count.seconds += r.seconds;
        if r.outcome == Outcome::Passed {
            count.passed += 1;
        } else {
            count.failed += 1;
        }
    }
}

fn rows(page: &mut String, what: &str, counts: &BTreeMap<&str, Count>) {
    let _ = writeln!(page, "| {what} | passed | failed | of | seconds |\n|---|---|---|---|---|");
    for (name, c) in counts {
        let _ = writeln!(page, "| {name} | {} | {} | {} | {:.0} |", c.passed, c.failed, c.all, c.seconds);
    }
    page.push('\n');
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn clock(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a run's length in seconds")]
    let s = seconds as u64;
    format!("{} h {} min {} s", s / 3600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(list: &[(&str, Outcome)]) -> BTreeMap<String, Record> {
        let record = |(name, outcome): &(&str, Outcome)| Record {
            name: (*name).into(),
            outcome: *outcome,
            seconds: 2.0,
            ended: jiff::Timestamp::UNIX_EPOCH,
            message: "a | b".into(),
        };
        list.iter().map(record).map(|r| (r.name.clone(), r)).collect()
    }

    #[test]
    fn differences() {
        let a =
            records(&[("x", Outcome::Passed), ("y", Outcome::Failed), ("z", Outcome::Passed), ("w", Outcome::Passed)]);
        let b =
            records(&[("x", Outcome::Failed), ("y", Outcome::Passed), ("z", Outcome::Passed), ("v", Outcome::Passed)]);
        let page = diff(&a, &b);
        for part in [
            "failed in A, passes in B: 1\n  y\n",
            "passed in A, fails in B: 1\n  x\n",
            "only in A: 1\n  w\n",
            "only in B: 1\n  v\n",
        ] {
            assert!(page.contains(part), "{page}");
        }
        assert!(!page.contains("  z"));
    }

    #[test]
    fn one_line_and_a_summary() {
        let r =
            records(&[("[sig-a] x", Outcome::Passed), ("[sig-a] y", Outcome::Failed), ("[sig-b] z", Outcome::Passed)]);
        assert_eq!(summary(&r), "sig-a 1/2, sig-b 1/1");
        assert_eq!(line(3, 462, &r["[sig-a] y"]), "   3 of 462 FAIL    2.0s [sig-a] y: a | b");
    }
}
