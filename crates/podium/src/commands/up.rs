//! `podium up`.

use std::{
    net::{IpAddr, Ipv4Addr},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use crate::{
    backup,
    cli::Up,
    commands::say,
    host,
    instance::Instance,
    report::{self, Report},
    server,
};

/// What `up` was told, checked.
pub struct Plan {
    /// The instance.
    pub instance: Instance,
    /// The flags.
    pub args: Up,
    /// Node name.
    pub node: String,
    /// Address of the node.
    pub address: IpAddr,
    /// Ports of NodePort Services.
    pub node_ports: (u16, u16),
    /// Registries.
    pub registries: image::Registries,
}

/// Starts a cluster, or continues one.
pub fn run(args: &Up) -> anyhow::Result<()> {
    let plan = plan(args)?;
    if let Some(running) = plan.instance.running() {
        say(&format!(
            "it runs already (pid {}), see `podium status --data-dir {}`",
            running.pid,
            plan.instance.dir.display()
        ));
        return Ok(());
    }
    plan.instance.await_end()?;
    if args.detach && !args.notify { detach(&plan) } else { foreground(plan) }
}

/// Checks everything that can be checked without changing anything.
fn plan(args: &Up) -> anyhow::Result<Plan> {
    let instance = Instance::new(&args.data.data_dir)?;
    let registries = match &args.registries {
        Some(file) => image::Registries::read(file)?,
        None => image::Registries::default(),
    };
    let node_ports = args
        .node_ports
        .split_once('-')
        .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)))
        .filter(|(a, b): &(u16, u16)| *a > 0 && a <= b)
        .with_context(|| format!("--node-ports {:?} is no range like 30000-32767", args.node_ports))?;
    for (flag, cidr) in [("--pod-cidr", &args.pod_cidr), ("--service-cidr", &args.service_cidr)] {
        let good = cidr.split_once('/').is_some_and(|(a, n)| {
            a.parse::<Ipv4Addr>().is_ok() && n.parse::<u8>().is_ok_and(|n| (8..=28).contains(&n))
        });
        anyhow::ensure!(good, "{flag} {cidr:?} is no IPv4 range like 10.244.0.0/16");
    }
    Ok(Plan {
        node: args.node_name.clone().unwrap_or_else(host::node_name),
        address: args.node_ip.or_else(|| host::node_address(&args.pod_cidr)).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        args: args.clone(),
        instance,
        node_ports,
        registries,
    })
}

/// Checks the host before anything is made; what is missing is an error, what can be done without is returned.
fn check_host(plan: &Plan) -> anyhow::Result<Vec<String>> {
    let uid = rustix::process::geteuid().as_raw();
    let data = rustix::fs::statvfs(nearest(&plan.instance.dir)).map_or(u64::MAX, |s| s.f_bavail * s.f_frsize);
    let facts = host::Facts {
        uid,
        overlay: sys::mount::is_known("overlay"),
        controllers: host::cgroup_controllers(),
        nftables: host::nftables(),
        forwarding: if uid == 0 { host::enable_forwarding() } else { Ok(()) },
        taken_ports: host::taken(&[(plan.args.api_port, "--api-port"), (plan.args.kubelet_port, "--kubelet-port")]),
        may_lower_oom: host::may_lower_oom(),
        may_set_conntrack: host::may_set_conntrack(),
        free_bytes: data,
        continued: backup::in_use(&plan.instance),
        data_dir: plan.instance.dir.display().to_string(),
    };
    let verdict = host::judge(&facts);
    if !verdict.missing.is_empty() {
        bail!("this host lacks what podium needs:\n  - {}", verdict.missing.join("\n  - "));
    }
    Ok(verdict.warnings)
}

fn nearest(path: &Path) -> &Path {
    path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"))
}

fn foreground(plan: Plan) -> anyhow::Result<()> {
    let report = if plan.args.notify { Report::to_parent()? } else { Report::here() };
    if plan.args.notify {
        // A session of its own: the terminal of the one who started it may go.
        let _ = rustix::process::setsid();
    }
    let result = check_host(&plan).and_then(|warnings| {
        plan.instance.prepare()?;
        warnings.iter().for_each(|warning| report.warn(warning));
        report.step("the host has what is needed");
        // Each arena of the allocator keeps what it once had.
        sys::process::arenas(2);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8))
            .enable_all()
            .build()?;
        let result = runtime.block_on(server::run(plan, &report));
        runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        result
    });
    let result = match result {
        Ok(Some(follower)) => Err(again(follower)),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = &result {
        report.failed(error);
    }
    result
}

/// Starts the program anew in this process, with the same arguments: whoever waits for its end goes on waiting. Only comes back if that fails.
fn again(follower: UnixStream) -> anyhow::Error {
    use std::os::unix::process::CommandExt;
    let mut args: Vec<_> = std::env::args_os().collect();
    // The demo has been deployed.
    args.retain(|a| a != "--demo" && a != "--notify");
    let mut command = Command::new("/proc/self/exe");
    command.arg0(&args[0]).args(&args[1..]).arg("--notify");
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(follower)));
    anyhow::Error::new(command.exec()).context("cannot start the server again")
}

/// Starts the same program in the background and shows its progress until it is ready.
fn detach(plan: &Plan) -> anyhow::Result<()> {
    anyhow::ensure!(
        rustix::process::geteuid().is_root(),
        "podium needs root: namespaces, mounts and cgroups do; run it with sudo"
    );
    // Also here, so that a refusal leaves no directory behind; the warnings are told by the server.
    check_host(plan)?;
    plan.instance.prepare()?;
    let log = plan.instance.log();
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new("/proc/self/exe")
        .args(std::env::args_os().skip(1))
        .arg("--notify")
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .context("cannot start the server")?;
    match report::follow(ours) {
        Ok(text) => {
            say(&text);
            say(&format!("\nIt runs in the background (pid {}); its log is {}.", child.id(), log.display()));
            Ok(())
        }
        Err(error) => Err(error.context(format!("see {}", log.display()))),
    }
}
