//! A run's results on disk: written line by line as tests end, so that a run that was killed goes on.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{output::Outcome, suite};

/// The result of one test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Its full name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it ran.
    pub seconds: f64,
    /// When it ended.
    pub ended: Timestamp,
    /// Why it failed, in one line; empty when it passed.
    pub message: String,
}

/// What a run is: kept beside its results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Meta {
    /// The commit of the checkout, with `+` behind it where files differed.
    pub commit: String,
    /// What was judged.
    pub on: String,
    /// Nodes of the cluster.
    pub nodes: u32,
    /// Processes that ran tests.
    pub procs: u32,
    /// How the suite talked to the API server.
    pub content_type: String,
    /// When the run began.
    pub started: Timestamp,
    /// The tests that it is about.
    pub tests: BTreeSet<String>,
    /// Seconds that ginkgo ran, over all resumptions.
    pub wall_seconds: f64,
}

/// A run in its folder.
pub struct Run {
    /// The folder.
    pub dir: PathBuf,
    /// What it is.
    pub meta: Meta,
    /// The last result of each test that ended.
    pub results: BTreeMap<String, Record>,
}

impl Run {
    /// A new run in `dir`, which becomes the last one.
    pub fn create(dir: PathBuf, meta: Meta) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir.join("failed")).with_context(|| dir.display().to_string())?;
        let run = Self { dir, meta, results: BTreeMap::new() };
        run.write_meta()?;
        Ok(run)
    }

    /// A run that `create` made earlier.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        let read =
            |name: &str| std::fs::read_to_string(dir.join(name)).with_context(|| format!("{}/{name}", dir.display()));
        let meta = serde_json::from_str(&read("meta.json")?)?;
        let lines = if dir.join("results.jsonl").exists() { read("results.jsonl")? } else { String::new() };
        // A line that a kill cut short is no result: the test runs again.
        let records = lines.lines().filter_map(|l| serde_json::from_str::<Record>(l).ok());
        let results = records.map(|r| (r.name.clone(), r)).collect();
        Ok(Self { dir: dir.to_owned(), meta, results })
    }

    /// Writes what the run is.
    pub fn write_meta(&self) -> anyhow::Result<()> {
        let part = self.dir.join("meta.json.part");
        std::fs::write(&part, serde_json::to_vec_pretty(&self.meta)?)?;
        Ok(std::fs::rename(part, self.dir.join("meta.json"))?)
    }

    /// Adds a result.
    pub fn add(&mut self, record: Record) -> anyhow::Result<()> {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.dir.join("results.jsonl"))?;
        // The line feed comes first: what a kill cut short then stays alone on its line.
        let mut line = vec![b'\n'];
        serde_json::to_writer(&mut line, &record)?;
        file.write_all(&line)?;
        self.results.insert(record.name.clone(), record);
        Ok(())
    }

    /// The tests without a result.
    pub fn missing(&self) -> BTreeSet<String> {
        self.meta.tests.iter().filter(|t| !self.results.contains_key(*t)).cloned().collect()
    }

    /// Those that did not pass.
    pub fn failed(&self) -> BTreeSet<String> {
        self.results.values().filter(|r| r.outcome != Outcome::Passed).map(|r| r.name.clone()).collect()
    }

    /// The file of a failed test's log, without its ending.
    pub fn log_of(&self, name: &str) -> PathBuf {
        const LIMIT: usize = 120;
        let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let words: Vec<&str> = plain.split('-').filter(|w| !w.is_empty() && *w != "Conformance").collect();
        let name = words.join("-");
        self.dir.join("failed").join(&name[..name.len().min(LIMIT)])
    }

    /// Writes `junit.xml`.
    pub fn write_junit(&self) -> anyhow::Result<()> {
        Ok(std::fs::write(self.dir.join("junit.xml"), junit(self.results.values()))?)
    }
}

/// One run made of several: the later result of a test counts.
pub fn merge(runs: Vec<Run>) -> anyhow::Result<Run> {
    let mut runs = runs.into_iter();
    let mut all = runs.next().context("no run was named")?;
    for run in runs {
        for (name, record) in run.results {
            let newer = all.results.get(&name).is_none_or(|old| old.ended < record.ended);
            if newer {
                all.results.insert(name, record);
            }
        }
        all.meta.tests.extend(run.meta.tests);
        all.meta.wall_seconds += run.meta.wall_seconds;
        if !all.meta.commit.contains(&run.meta.commit) {
            all.meta.commit = format!("{}, {}", all.meta.commit, run.meta.commit);
        }
    }
    Ok(all)
}

fn junit<'a>(records: impl Iterator<Item = &'a Record>) -> String {
    let (mut cases, mut tests, mut failures, mut time) = (String::new(), 0, 0, 0.0);
    for r in records {
        tests += 1;
        time += r.seconds;
        let body = match r.outcome {
            Outcome::Passed => String::new(),
            Outcome::Skipped => "<skipped/>".to_owned(),
            Outcome::Failed | Outcome::Interrupted => {
                failures += 1;
                format!("<failure message=\"{}\"/>", escape(&r.message))
            }
        };
        cases.push_str(&format!(
            "  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\">{body}</testcase>\n",
            suite::sig(&r.name),
            escape(&r.name),
            r.seconds
        ));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"Kubernetes conformance\" tests=\"{tests}\" failures=\"{failures}\" time=\"{time:.3}\">\n{cases}</testsuite>\n"
    )
}

fn escape(text: &str) -> String {
    let printable = |c: &char| *c >= ' ' || *c == '\t';
    let text: String = text.chars().filter(printable).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, outcome: Outcome, ended: i64) -> Record {
        let ended = Timestamp::from_second(ended).unwrap();
        Record { name: name.into(), outcome, seconds: 1.0, ended, message: "a < b".into() }
    }

    fn meta(tests: &[&str]) -> Meta {
        Meta {
            commit: "c".into(),
            on: "podium".into(),
            nodes: 1,
            procs: 2,
            content_type: "application/json".into(),
            started: Timestamp::UNIX_EPOCH,
            tests: tests.iter().map(|t| (*t).to_owned()).collect(),
            wall_seconds: 1.0,
        }
    }

    #[test]
    fn a_killed_run_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut run = Run::create(dir.path().join("run"), meta(&["[a] x", "[a] y", "[a] z"])).unwrap();
        run.add(record("[a] x", Outcome::Passed, 1)).unwrap();
        run.add(record("[a] y", Outcome::Failed, 2)).unwrap();
        let mut cut = std::fs::OpenOptions::new().append(true).open(run.dir.join("results.jsonl")).unwrap();
        cut.write_all(b"\n{\"name\":\"[a] z\",\"outc").unwrap();
        let mut again = Run::open(&run.dir).unwrap();
        assert_eq!(again.missing(), BTreeSet::from(["[a] z".to_owned()]));
        assert_eq!(again.failed(), BTreeSet::from(["[a] y".to_owned()]));
        again.add(record("[a] z", Outcome::Passed, 3)).unwrap();
        assert!(Run::open(&run.dir).unwrap().missing().is_empty());
    }

    #[test]
    fn shards_add_up_and_the_later_result_counts() {
        let dir = tempfile::tempdir().unwrap();
        let mut a = Run::create(dir.path().join("a"), meta(&["x", "y"])).unwrap();
        let mut b = Run::create(dir.path().join("b"), meta(&["y", "z"])).unwrap();
        a.add(record("x", Outcome::Passed, 1)).unwrap();
        a.add(record("y", Outcome::Passed, 9)).unwrap();
        b.add(record("y", Outcome::Failed, 5)).unwrap();
        b.add(record("z", Outcome::Failed, 6)).unwrap();
        let all = merge(vec![a, b]).unwrap();
        assert_eq!(all.failed(), BTreeSet::from(["z".to_owned()]));
        assert_eq!((all.meta.tests.len(), all.meta.wall_seconds), (3, 2.0));
    }

    #[test]
    fn junit_escapes() {
        let text = junit([record("[sig-a] <x>", Outcome::Failed, 1)].iter());
        assert!(text.contains("name=\"[sig-a] &lt;x&gt;\"") && text.contains("message=\"a &lt; b\""), "{text}");
        assert!(text.contains("tests=\"1\" failures=\"1\""));
    }
}
