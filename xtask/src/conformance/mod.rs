//! `cargo xtask conformance`: the official suite of the Kubernetes release that podium follows, in one command (docs/conformance.md).

mod cluster;
mod guard;
mod logs;
mod output;
mod processes;
mod results;
mod run;
mod selection;
mod suite;
mod table;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// What is judged.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum On {
    /// Podium of this checkout, or the binary of `--podium`.
    Podium,
    /// Upstream Kubernetes as `../shared/upstream` starts it: what fails there too is the machine's or the images' fault.
    Upstream,
}

#[derive(Parser)]
#[command(
    name = "cargo xtask conformance",
    about = "Run the official conformance suite",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Task {
    /// Print which tests passed or failed in one run and not in the other
    Diff { a: PathBuf, b: PathBuf },
    /// Print one table of one or several runs (shards, repetitions: the later result of a test counts)
    Table { runs: Vec<PathBuf> },
    /// Run the quick gate: the tests of conformance/gate.txt, all of which must pass
    Gate(Options),
    /// Build the programs and images, and stop
    Build,
    /// Start a cluster with the suite's images and leave it running; print how to run tests on it
    Up(Options),
    /// Stop such a cluster and remove every trace
    Down {
        /// Name of the cluster
        #[arg(long, default_value = "conf")]
        name: String,
    },
    #[command(hide = true)]
    Guard { name: String, owner: u32 },
}

/// Which tests, where, and how.
#[derive(Args, Clone)]
struct Options {
    /// Only tests whose name matches
    #[arg(long, value_name = "REGEX")]
    focus: Option<String>,
    /// Only tests of this source file of upstream, such as test/e2e/apps/deployment.go
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// Only what failed in the last run
    #[arg(long)]
    failed: bool,
    /// Every n-th test, beginning with the i-th: 1/3, 2/3 and 3/3 are the whole suite
    #[arg(long, value_name = "I/N")]
    shard: Option<selection::Shard>,
    /// Go on with the last run where it was stopped
    #[arg(long)]
    resume: bool,
    /// Processes that run tests; serial tests come last, alone
    #[arg(long, default_value_t = 10)]
    procs: u32,
    #[arg(long, value_enum, default_value_t = On::Podium)]
    on: On,
    /// This binary instead of a release build of the checkout
    #[arg(long, value_name = "PATH")]
    podium: Option<PathBuf>,
    /// Where results go; `conformance/<time>` in the target directory unless given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Name of the cluster: several runs side by side need different ones
    #[arg(long, default_value = "conf")]
    name: String,
    /// How many seconds the whole run may take; what is not done by then can be resumed
    #[arg(long, value_name = "SECONDS")]
    limit: Option<u64>,
}

/// Runs the task that `args` name, for the repository at `root`.
pub fn main(root: &Path, args: &[String]) -> anyhow::Result<()> {
    let cli = Cli::parse_from(std::iter::once("conformance").chain(args.iter().map(String::as_str)));
    match cli.task {
        None => run::run(root, cli.options, None),
        Some(Task::Gate(options)) => {
            let path = root.join("conformance/gate.txt");
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            run::run(root, options, Some(selection::names(&text)))
        }
        Some(Task::Diff { a, b }) => {
            let (a, b) = (results::Run::open(&a)?, results::Run::open(&b)?);
            println(&table::diff(&a.results, &b.results))
        }
        Some(Task::Table { runs }) => {
            let tests = suite::Suite::build(root)?.tests()?;
            let runs = runs.iter().map(|r| results::Run::open(r)).collect::<anyhow::Result<Vec<_>>>()?;
            println(&table::page(&tests, &results::merge(runs)?))
        }
        Some(Task::Build) => {
            let suite = suite::Suite::build(root)?;
            println(&format!("{}\n{}\n", suite.programs.display(), suite.images()?.display()))
        }
        Some(Task::Up(options)) => run::up(root, &options),
        Some(Task::Down { name }) => {
            let place = cluster::Place::named(&name);
            let _lock = place.lock(false)?;
            place.clear()
        }
        Some(Task::Guard { name, owner }) => guard::stand(&cluster::Place::named(&name), owner),
    }
}

/// Prints a page to standard output, for reading and for redirecting.
fn println(page: &str) -> anyhow::Result<()> {
    use std::io::Write;
    Ok(std::io::stdout().write_all(page.as_bytes())?)
}
