//! `cargo xtask bench`: Podium's figures, upstream's where it is built, and their ratio, in one run on one machine.
//!
//! Each side runs in a network namespace of its own and is measured from within by a second process ([`inside`]).
//! Upstream, the registry and the images come from the folder `--shared` (default: `../shared` beside the repository).

mod api;
mod basics;
mod figure;
mod inside;
mod load;
mod node;
mod processes;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use figure::{PARTS, Values};
use inside::{Podium, Side, done};

/// Where the pieces of a run lie; made new each time.
const WORK: &str = "/tmp/podium-bench";
/// The namespace in which Podium runs.
const OURS: &str = "podium-bench";
/// The namespace that `../shared/upstream/up` uses.
const THEIRS: &str = "podium-acc";
/// Where it keeps its state.
const THEIR_STATE: &str = "/var/tmp/podium-upstream";
/// Where the registry listens, within the namespace of a side.
const REGISTRY: &str = "127.0.0.1:5001";
/// Built images, shared with the acceptance tests.
const IMAGES: &str = "/var/tmp/podium-acceptance-cache";

struct Args {
    parts: Vec<String>,
    podium: Option<PathBuf>,
    upstream: bool,
    shared: PathBuf,
    short: bool,
}

/// Runs the named parts, all when none is named; fails when a goal is missed.
pub fn run(root: &Path, args: &[String]) -> anyhow::Result<()> {
    if let [flag, description] = args
        && flag == "--inside"
    {
        return inside::run(description);
    }
    let args = parse(root, args)?;
    let program = match &args.podium {
        Some(path) => path.clone(),
        None => build(root)?,
    };
    let upstream = if args.upstream { measure_upstream(&args)? } else { None };
    let podium = measure_podium(&args, &program)?;
    let mut missed = Vec::new();
    for (part, figures) in PARTS.iter().filter(|(p, _)| args.parts.iter().any(|a| a == p)) {
        missed.extend(figure::show(part, figures, &podium, upstream.as_ref()));
        if !args.short {
            figure::record(root, args.podium.as_deref(), part, figures, &podium, upstream.as_ref())?;
        }
    }
    anyhow::ensure!(missed.is_empty(), "goals missed: {}", missed.join("; "));
    Ok(())
}

fn parse(root: &Path, args: &[String]) -> anyhow::Result<Args> {
    let beside = root.parent().unwrap_or(root).join("shared");
    let mut parsed = Args { parts: Vec::new(), podium: None, upstream: true, shared: beside, short: false };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--podium" => parsed.podium = Some(fs::canonicalize(args.next().context("--podium PATH")?)?),
            "--shared" => parsed.shared = fs::canonicalize(args.next().context("--shared DIR")?)?,
            "--upstream" => parsed.upstream = true,
            "--no-upstream" => parsed.upstream = false,
            "--short" => parsed.short = true,
            part if PARTS.iter().any(|(p, _)| *p == part) => parsed.parts.push(part.to_owned()),
            other => bail!("bench: {other:?} is neither a flag nor one of basics, api, node"),
        }
    }
    if parsed.parts.is_empty() {
        parsed.parts = ["basics", "node", "api"].map(str::to_owned).to_vec();
    }
    Ok(parsed)
}

/// The program as users get it.
fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    done_loudly(cargo.args(["build", "--release", "--package", "podium"]).current_dir(root))?;
    let out = Command::new(root.join("scripts/target-dir")).output()?;
    Ok(PathBuf::from(String::from_utf8(out.stdout)?.trim()).join("release/podium"))
}

fn done_loudly(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    anyhow::ensure!(status.success(), "{command:?} failed");
    Ok(())
}

/// Runs a program in a network namespace.
fn within(namespace: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{namespace}")).arg(program);
    command
}

/// A registry with the images that pods need; ends with this value.
struct Registry(Child);

impl Registry {
    fn start(namespace: &str, shared: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(
            processes::installed("docker-registry"),
            "the part `node` needs Debian's package docker-registry"
        );
        let images = shared.join("acceptance/images.py");
        anyhow::ensure!(images.exists(), "the part `node` needs {}: name its folder with --shared", images.display());
        done_loudly(Command::new(&images).arg(IMAGES).stdout(Stdio::null()))?;
        let config = format!("{WORK}/registry.yml");
        fs::write(
            &config,
            format!(
                "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
                 storage: {{filesystem: {{rootdirectory: {WORK}/registry}}}}\nhttp: {{addr: \"{REGISTRY}\"}}\n"
            ),
        )?;
        let child = within(namespace, "docker-registry")
            .args(["serve", &config])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let registry = Self(child);
        let begun = Instant::now();
        loop {
            let tried = done(quiet(within(namespace, &images).arg(IMAGES).arg(REGISTRY)));
            match tried {
                Ok(()) => return Ok(registry),
                Err(e) if begun.elapsed() > Duration::from_secs(20) => return Err(e.context("no images")),
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
        }
    }
}

fn quiet(command: &mut Command) -> Command {
    let mut same = Command::new(command.get_program());
    same.args(command.get_args()).stdin(Stdio::null());
    same
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures a cluster from within its namespace.
fn measure(namespace: &str, side: &Side) -> anyhow::Result<Values> {
    let out = within(namespace, std::env::current_exe()?)
        .args(["bench", "--inside", &serde_json::to_string(side)?])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    anyhow::ensure!(out.status.success(), "the measuring of {} failed", side.programs);
    Ok(serde_json::from_slice(&out.stdout)?)
}

fn needs_images(args: &Args) -> bool {
    args.parts.iter().any(|p| p == "node")
}

fn measure_podium(args: &Args, program: &Path) -> anyhow::Result<Values> {
    let _ = fs::remove_dir_all(WORK);
    fs::create_dir_all(format!("{WORK}/bin"))?;
    // A path of its own: processes of other instances are not counted.
    let podium = Podium {
        program: format!("{WORK}/bin/podium").into(),
        data: format!("{WORK}/data").into(),
        registries: format!("{WORK}/registries.yaml").into(),
    };
    fs::copy(program, &podium.program).with_context(|| program.display().to_string())?;
    fs::write(&podium.registries, format!("mirrors:\n  docker.io:\n    endpoint: [\"http://{REGISTRY}\"]\n"))?;
    let _namespace = Namespace::make()?;
    let _registry = needs_images(args).then(|| Registry::start(OURS, &args.shared)).transpose()?;
    let side = Side {
        kubeconfig: podium.data.join("admin.kubeconfig"),
        programs: format!("{WORK}/bin/"),
        podium: Some(podium),
        parts: args.parts.clone(),
        short: args.short,
    };
    let values = measure(OURS, &side);
    if values.is_ok() {
        let _ = fs::remove_dir_all(WORK);
    }
    values
}

/// A network namespace with an address and a default route that lead nowhere; ends with this value.
struct Namespace;

impl Namespace {
    fn make() -> anyhow::Result<Self> {
        drop(Self);
        let ip = |args: &[&str]| done(quiet(Command::new("ip").args(args)));
        ip(&["netns", "add", OURS])?;
        let made = Self;
        for args in [
            &["link", "set", "lo", "up"][..],
            // A pair with both ends here: not every kernel has dummy links.
            &["link", "add", "up0", "type", "veth", "peer", "name", "far0"],
            &["link", "set", "far0", "up"],
            &["addr", "add", "198.18.9.2/24", "dev", "up0"],
            &["link", "set", "up0", "up"],
            &["route", "add", "default", "via", "198.18.9.1"],
        ] {
            ip(&[&["-n", OURS], args].concat())?;
        }
        Ok(made)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = done(quiet(Command::new("ip").args(["netns", "del", OURS])));
    }
}

/// `None`: it is not built here.
fn measure_upstream(args: &Args) -> anyhow::Result<Option<Values>> {
    let programs = std::env::var("UPSTREAM_BIN").unwrap_or_else(|_| "/var/tmp/podium-upstream-bin".to_owned());
    let scripts = args.shared.join("upstream");
    if !Path::new(&programs).join("kube-apiserver").exists() || !scripts.join("up").exists() {
        eprintln!("upstream is not built here ({}/build does it): no ratios", scripts.display());
        return Ok(None);
    }
    fs::create_dir_all(WORK)?;
    let down = || done(Command::new(scripts.join("down")));
    down()?;
    let values = upstream_figures(args, &scripts, &programs);
    down()?;
    values.map(Some)
}

fn upstream_figures(args: &Args, scripts: &Path, programs: &str) -> anyhow::Result<Values> {
    done(Command::new(scripts.join("up")))?;
    let _registry = needs_images(args).then(|| Registry::start(THEIRS, &args.shared)).transpose()?;
    let at = |name: &str| -> anyhow::Result<f64> {
        Ok(fs::read_to_string(format!("{THEIR_STATE}/{name}")).context("upstream's times")?.trim().parse()?)
    };
    let start = at("node-ready")? - at("started")?;
    let side = Side {
        podium: None,
        kubeconfig: format!("{THEIR_STATE}/pki/admin.kubeconfig").into(),
        programs: format!("{programs}/"),
        parts: args.parts.clone(),
        short: args.short,
    };
    let mut values = measure(THEIRS, &side)?;
    values.insert("start on empty data → node Ready".to_owned(), start);
    Ok(values)
}
