//! One run: choose the tests, start the cluster, let ginkgo run them, keep what it tells.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    time::{Duration, Instant},
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use super::{
    On, Options,
    cluster::{Cluster, Place, Wanted, inside},
    guard::Session,
    logs,
    output::{Ended, News, Outcome, Parser},
    processes,
    results::{Meta, Record, Run},
    selection::{Selection, pattern},
    suite::{Suite, Test},
    table,
};

/// What the suite speaks with the API server: upstream's default.
const CONTENT_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// Without `--limit`: longer than any run.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Some tests wait without a limit for what never comes. The longest that passes takes half of this.
const STALL: Duration = Duration::from_secs(900);
/// So long may ginkgo take to clean up after tests that were given up.
const FAREWELL: Duration = Duration::from_secs(300);

/// Runs the tests that the options choose; `only` narrows them to a list.
pub fn run(root: &Path, options: Options, only: Option<BTreeSet<String>>) -> anyhow::Result<()> {
    let suite = Suite::build(root)?;
    let tests = suite.tests()?;
    let images = suite.images()?;
    let podium = podium(root, &options)?;
    let mut run = open(root, &options, &tests, only)?;
    let missing = run.missing();
    say(&format!("{} of {} tests to run, results in {}", missing.len(), run.meta.tests.len(), run.dir.display()));
    if !missing.is_empty() {
        let place = Place::named(&options.name);
        let session = Session::begin(&place)?;
        let wanted = Wanted { on: options.on, podium: &podium, images: &images, upstream: upstream(root) };
        let result = place.start(&wanted).and_then(|cluster| {
            run.meta.nodes = cluster.nodes;
            ginkgo(&suite, &place, &cluster, &options, &mut run)
        });
        keep_logs(&place, &run);
        session.end()?;
        result?;
    }
    finish(&run, &tests)
}

/// Starts a cluster with the images and leaves it running.
pub fn up(root: &Path, options: &Options) -> anyhow::Result<()> {
    let suite = Suite::build(root)?;
    let images = suite.images()?;
    let podium = podium(root, options)?;
    let place = Place::named(&options.name);
    let _lock = place.lock(false)?;
    place.clear()?;
    let wanted = Wanted { on: options.on, podium: &podium, images: &images, upstream: upstream(root) };
    let cluster = place.start(&wanted)?;
    let (net, programs, config) = (cluster.net.display(), suite.programs.display(), cluster.kubeconfig.display());
    say(&format!(
        "kubectl:   nsenter --net={net} {programs}/kubectl --kubeconfig {config} get pods -A\n\
         one test:  nsenter --net={net} {programs}/e2e.test --ginkgo.no-color --ginkgo.v --ginkgo.focus='REGEX.*\\[Conformance\\]' \\\n             \
         --provider=skeleton --kubeconfig={config} --kubectl-path={programs}/kubectl --kube-api-content-type={CONTENT_TYPE}\n\
         its log:   {}\n\
         the end:   cargo xtask conformance down --name {}",
        cluster.logs.first().map_or_else(String::new, |l| l.display().to_string()),
        options.name
    ));
    Ok(())
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The binary that is judged: the one named, or a fresh release build.
fn podium(root: &Path, options: &Options) -> anyhow::Result<PathBuf> {
    if let Some(path) = &options.podium {
        return Ok(path.clone());
    }
    if options.on == On::Upstream {
        return Ok(PathBuf::new());
    }
    let status =
        Command::new("cargo").args(["build", "--release", "--package", "podium"]).current_dir(root).status()?;
    anyhow::ensure!(status.success(), "cargo build --release failed");
    let out = Command::new(root.join("scripts/target-dir")).output()?;
    Ok(Path::new(String::from_utf8(out.stdout)?.trim()).join("release/podium"))
}

/// `../shared/upstream` of the checkout, or of a folder above it.
fn upstream(root: &Path) -> Option<PathBuf> {
    root.ancestors().map(|a| a.join("shared/upstream")).find(|p| p.join("up").exists())
}

/// The run that goes on, or a new one.
fn open(root: &Path, options: &Options, tests: &[Test], only: Option<BTreeSet<String>>) -> anyhow::Result<Run> {
    let all = target(root).join("conformance");
    let last = all.join("last");
    if options.resume {
        return Run::open(options.out.as_deref().unwrap_or(&last)).context("there is no run to go on with");
    }
    let names = if options.failed { Some(Run::open(&last).context("there is no last run")?.failed()) } else { only };
    let focus = options.focus.as_deref().map(regex_lite::Regex::new).transpose()?;
    let selection =
        Selection { focus: focus.as_ref(), file: options.file.as_deref(), names: names.as_ref(), shard: options.shard };
    let chosen: BTreeSet<String> = selection.of(tests).into_iter().map(|t| t.name).collect();
    if let Some(names) = &names {
        let unknown: Vec<&String> = names.iter().filter(|n| !tests.iter().any(|t| t.name == **n)).collect();
        anyhow::ensure!(unknown.is_empty(), "the suite has no such tests: {unknown:?}");
    }
    anyhow::ensure!(!chosen.is_empty(), "no test is chosen");
    let started = Timestamp::now();
    let dir = options.out.clone().unwrap_or_else(|| all.join(started.strftime("%Y%m%d-%H%M%S").to_string()));
    let meta = Meta {
        commit: commit(root)?,
        on: if options.on == On::Podium { "podium" } else { "upstream" }.into(),
        nodes: 0,
        procs: options.procs.max(2),
        content_type: CONTENT_TYPE.into(),
        started,
        tests: chosen,
        wall_seconds: 0.0,
    };
    let run = Run::create(std::path::absolute(dir)?, meta)?;
    std::fs::create_dir_all(&all)?;
    let _ = std::fs::remove_file(&last);
    std::os::unix::fs::symlink(&run.dir, &last)?;
    Ok(run)
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn commit(root: &Path) -> anyhow::Result<String> {
    let git = |args: &[&str]| -> anyhow::Result<String> {
        let out = Command::new("git").args(args).current_dir(root).output()?;
        Ok(String::from_utf8(out.stdout)?.trim().to_owned())
    };
    let changed = if git(&["status", "--porcelain"])?.is_empty() { "" } else { "+" };
    Ok(git(&["rev-parse", "--short", "HEAD"])? + changed)
}

/// Why ginkgo was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// It ended.
    Done,
    /// Nothing had ended for so long that what ran was given up; the rest goes on.
    Stalled,
    /// The time of the whole run is over.
    TimeUp,
}

/// Runs what has no result yet, until there is nothing left or the time is up.
fn ginkgo(suite: &Suite, place: &Place, cluster: &Cluster, options: &Options, run: &mut Run) -> anyhow::Result<()> {
    let end = Instant::now() + options.limit.map_or(DAY, Duration::from_secs);
    loop {
        let (before, round) = (run.results.len(), Instant::now());
        let child = spawn(suite, place, cluster, options, &run.missing())?;
        let left = read(child, cluster, run, end);
        run.meta.wall_seconds += round.elapsed().as_secs_f64();
        run.write_meta()?;
        let (left, broken) = left?;
        let progress = run.results.len() > before;
        anyhow::ensure!(progress, "no test ended: {}", broken.unwrap_or_else(|| "see ginkgo.log".into()));
        if left != Left::Stalled || run.missing().is_empty() {
            return Ok(());
        }
    }
}

/// Reads what ginkgo tells; every test's end is on disk before the next line is read. Also answers why the suite failed.
fn read(mut child: Child, cluster: &Cluster, run: &mut Run, end: Instant) -> anyhow::Result<(Left, Option<String>)> {
    let (lines, tests, of) = (lines(&mut child, &run.dir)?, run.missing(), run.meta.tests.len());
    let (mut parser, mut broken, mut left) = (Parser::default(), None, Left::Done);
    let mut until = end.min(Instant::now() + STALL);
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => match parser.line(&line) {
                Some(News::Test(ended)) => {
                    if let Some(record) = keep(run, cluster, &tests, given_up(ended))? {
                        say(&table::line(run.results.len(), of, &record));
                        until = if left == Left::Done { end.min(Instant::now() + STALL) } else { until };
                    }
                }
                Some(News::Suite(why)) => {
                    say(&why);
                    broken = Some(why);
                }
                None => {}
            },
            Err(RecvTimeoutError::Timeout) if left == Left::Done && Instant::now() < end => {
                say(&format!("no test ended within {} s: those that run are given up", STALL.as_secs()));
                left = Left::Stalled;
                until = end.min(Instant::now() + FAREWELL);
                Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
            }
            Err(RecvTimeoutError::Timeout) => {
                if Instant::now() >= end {
                    say("the time is up: --resume goes on");
                    left = Left::TimeUp;
                }
                break;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    processes::wait(&mut child, Duration::from_secs(1))?;
    Ok((left, broken))
}

/// A test that was ended from outside after so long has failed; what ran beside it has not.
fn given_up(mut ended: Ended) -> Ended {
    if ended.outcome == Outcome::Interrupted && ended.seconds >= STALL.as_secs_f64() {
        ended.outcome = Outcome::Failed;
        ended.message = format!("did not end within {:.0} s and was given up", ended.seconds);
    }
    ended
}

fn spawn(
    suite: &Suite,
    place: &Place,
    cluster: &Cluster,
    options: &Options,
    tests: &BTreeSet<String>,
) -> anyhow::Result<Child> {
    let mut ginkgo = inside(&cluster.net, &suite.program("ginkgo"));
    // At least two processes: alone, ginkgo prints in another form.
    ginkgo.arg(format!("--procs={}", options.procs.max(2)));
    ginkgo.args(["--timeout=24h", "--no-color", "-v", "--focus"]).arg(pattern(tests.iter().map(String::as_str)));
    ginkgo.arg(suite.program("e2e.test")).args(["--", "--provider=skeleton", "--disable-log-dump"]);
    ginkgo.arg(format!("--kube-api-content-type={CONTENT_TYPE}"));
    ginkgo.arg("--kubeconfig").arg(&cluster.kubeconfig).arg("--kubectl-path").arg(suite.program("kubectl"));
    let path = std::env::join_paths(
        std::iter::once(suite.programs.clone())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    place.mark(&mut ginkgo).env("PATH", path).env_remove("KUBECONFIG").current_dir(place.dir.join("tmp"));
    ginkgo.stdin(Stdio::null()).stdout(Stdio::piped());
    ginkgo.stderr(std::fs::File::create(place.dir.join("ginkgo.err"))?).spawn().context("ginkgo")
}

/// What the process prints, line by line, and all of it in `ginkgo.log`.
fn lines(child: &mut Child, dir: &Path) -> anyhow::Result<Receiver<String>> {
    const AHEAD: usize = 4096;
    let out = child.stdout.take().context("ginkgo has no output")?;
    let mut log = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("ginkgo.log"))?;
    let (send, receive) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        let mut out = BufReader::new(out);
        let mut line = Vec::new();
        while out.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let _ = log.write_all(&line);
            let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
            if send.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    Ok(receive)
}

/// Writes down how a test ended; a failed one with its log and the servers' logs of its time.
fn keep(run: &mut Run, cluster: &Cluster, tests: &BTreeSet<String>, ended: Ended) -> anyhow::Result<Option<Record>> {
    let named = tests.iter().filter(|t| ended.title.starts_with(t.as_str())).max_by_key(|t| t.len());
    let Some(name) = named.filter(|_| ended.outcome != Outcome::Interrupted) else { return Ok(None) };
    let now = Timestamp::now();
    let log = run.log_of(name);
    if ended.outcome == Outcome::Passed {
        for ending in ["log", "server.log"] {
            let _ = std::fs::remove_file(log.with_added_extension(ending));
        }
    } else {
        std::fs::write(log.with_added_extension("log"), &ended.text)?;
        let from = now.saturating_sub(SignedDuration::from_secs_f64(ended.seconds))?;
        let mut cut = String::new();
        for path in &cluster.logs {
            let text = String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
            cut.push_str(&format!("=== {}\n{}", path.display(), logs::cut(&text, from, now)));
        }
        std::fs::write(log.with_added_extension("server.log"), cut)?;
    }
    let Ended { outcome, seconds, message, .. } = ended;
    let record = Record { name: name.clone(), outcome, seconds, ended: now, message };
    run.add(record.clone())?;
    Ok(Some(record))
}

/// The whole logs of the last cluster, which goes away with its place.
fn keep_logs(place: &Place, run: &Run) {
    for (from, to) in
        [("data/podium.log", "podium.log"), ("ginkgo.err", "ginkgo.err"), ("registry.log", "registry.log")]
    {
        let _ = std::fs::copy(place.dir.join(from), run.dir.join(to));
    }
}

fn finish(run: &Run, tests: &[Test]) -> anyhow::Result<()> {
    run.write_junit()?;
    std::fs::write(run.dir.join("table.md"), table::page(tests, run))?;
    let (failed, missing) = (run.failed().len(), run.missing().len());
    say(&format!("{}\n{}", table::summary(&run.results), run.dir.join("table.md").display()));
    anyhow::ensure!(failed + missing == 0, "{failed} of {} tests failed, {missing} did not run", run.meta.tests.len());
    say(&format!("all {} tests passed", run.results.len()));
    Ok(())
}
