//! Reads what ginkgo prints while several processes run tests: one block for each test, when it has ended.

use serde::{Deserialize, Serialize};

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed, panicked or ran into its time limit.
    Failed,
    /// It skipped itself, which no conformance test may.
    Skipped,
    /// It was ended from outside: it counts as not run.
    Interrupted,
}

/// One test's end.
#[derive(Debug, PartialEq)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// How long it ran.
    pub seconds: f64,
    /// The line that names it, with ginkgo's marks of the failing node taken out, and its labels behind the name.
    pub title: String,
    /// Why it failed, in one line.
    pub message: String,
    /// All that was printed about it.
    pub text: String,
}

/// What a finished block tells.
#[derive(Debug, PartialEq)]
pub enum News {
    /// A test ended.
    Test(Ended),
    /// The suite could not begin, or could not end: why.
    Suite(String),
}

const DELIMITER: &str = "------------------------------";
/// A test that prints more than this keeps its beginning.
const BLOCK_LIMIT: usize = 8 << 20;

/// The parser: one line in, news out when a block is complete.
#[derive(Default)]
pub struct Parser {
    block: String,
}

impl Parser {
    /// Takes the next line, without its line feed.
    pub fn line(&mut self, line: &str) -> Option<News> {
        if line.trim_end() == DELIMITER {
            return block(&std::mem::take(&mut self.block));
        }
        if self.block.len() < BLOCK_LIMIT {
            self.block.push_str(line);
            self.block.push('\n');
        }
        None
    }
}

fn block(text: &str) -> Option<News> {
    let (header, rest) = text.split_once('\n')?;
    let (mark, seconds) = header.strip_suffix(" seconds]")?.rsplit_once(" [")?;
    let seconds: f64 = seconds.parse().ok()?;
    if mark.contains("Suite]") || mark.contains("AfterSuite") {
        return mark.contains("] [").then(|| News::Suite(format!("{mark}: {}", message(rest))));
    }
    let outcome = match mark {
        "•" => Outcome::Passed,
        "S [SKIPPED]" => Outcome::Skipped,
        m if m.starts_with("• [INTERRUPTED]") || m.starts_with("• [ABORTED]") => Outcome::Interrupted,
        m if m.starts_with("• [") => Outcome::Failed,
        _ => return None,
    };
    let message = if outcome == Outcome::Passed { String::new() } else { message(rest) };
    let title = plain(rest.lines().next()?);
    Some(News::Test(Ended { outcome, seconds, title, message, text: text.to_owned() }))
}

/// A title without the marks by which ginkgo shows the node that failed.
fn plain(title: &str) -> String {
    const NODES: [&str; 6] =
        ["BeforeEach", "JustBeforeEach", "AfterEach", "JustAfterEach", "DeferCleanup (Each)", "ReportAfterEach"];
    let mut plain = title.replace("[It] ", "");
    for node in NODES {
        plain = plain.replace(&format!("TOP-LEVEL [{node}] "), "").replace(&format!(" [{node}]"), "");
    }
    plain
}

/// The reason, which stands behind the timeline.
fn message(text: &str) -> String {
    const LIMIT: usize = 500;
    let tail = text.rsplit_once("<< Timeline").map_or(text, |(_, tail)| tail);
    let lines = tail.lines().map(str::trim).skip_while(|l| !l.starts_with('['));
    let words: Vec<&str> = lines.take_while(|l| !l.starts_with("In [")).flat_map(str::split_whitespace).collect();
    let line = words.join(" ");
    line.char_indices().nth(LIMIT).map_or(line.clone(), |(at, _)| line[..at].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<News> {
        let mut parser = Parser::default();
        text.lines().filter_map(|l| parser.line(l)).collect()
    }

    fn test(news: &News) -> &Ended {
        match news {
            News::Test(t) => t,
            News::Suite(why) => panic!("{why}"),
        }
    }

    #[test]
    fn passed_and_failed_tests() {
        let news = read(
            "Running in parallel across 2 processes\nSSSSSS\n------------------------------\n\
             • [5.043 seconds]\n[sig-node] Pods should be updated [Conformance] [sig-node, Conformance]\nk8s.io/x.go:342\n\n  Timeline >>\n  STEP: a @ 11/21/26\n  << Timeline\n------------------------------\n\
             SS\n------------------------------\n\
             • [FAILED] [300.100 seconds]\n[sig-apps] Job [It] should run [Conformance] [sig-apps]\nk8s.io/y.go:1\n\n  Timeline >>\n  [FAILED] in [It] - y.go:3\n  << Timeline\n\n  [FAILED] Timed out\n  after 300 s.\n  In [It] at: y.go:3 @ 11/21/26\n------------------------------\n",
        );
        assert_eq!(news.len(), 2);
        let (a, b) = (test(&news[0]), test(&news[1]));
        assert_eq!((a.outcome, a.seconds), (Outcome::Passed, 5.043));
        assert!(a.title.starts_with("[sig-node] Pods should be updated [Conformance]"));
        assert_eq!((b.outcome, b.message.as_str()), (Outcome::Failed, "[FAILED] Timed out after 300 s."));
        assert!(b.title.starts_with("[sig-apps] Job should run [Conformance]"), "{}", b.title);
    }

    #[test]
    fn a_failure_in_setup_does_not_hide_the_name() {
        let news = read(
            "------------------------------\n• [FAILED] [1.0 seconds]\n[sig-a] X [BeforeEach] works [Conformance]\nx.go:1\n\n  [FAILED] no\n  In [BeforeEach] at: x\n------------------------------\n",
        );
        assert_eq!(test(&news[0]).title, "[sig-a] X works [Conformance]");
    }

    #[test]
    fn an_interrupted_test_has_not_run_and_a_failing_suite_is_told() {
        let news = read(
            "------------------------------\n• [INTERRUPTED] [1.0 seconds]\n[sig-a] X\nx.go:1\n------------------------------\n[SynchronizedBeforeSuite] [FAILED] [1.0 seconds]\n[SynchronizedBeforeSuite] \ne2e.go:9\n\n  [FAILED] no nodes\n  In [SynchronizedBeforeSuite] at: e2e.go:9\n------------------------------\n[SynchronizedBeforeSuite] PASSED [1.0 seconds]\nx\n------------------------------\n",
        );
        assert_eq!(test(&news[0]).outcome, Outcome::Interrupted);
        assert_eq!(
            news[1],
            News::Suite(
                "[SynchronizedBeforeSuite] [FAILED]: [SynchronizedBeforeSuite] e2e.go:9 [FAILED] no nodes".into()
            )
        );
        assert_eq!(news.len(), 2);
    }
}
