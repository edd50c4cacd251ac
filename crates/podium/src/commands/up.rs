//! `podium up`.

use std::{
    net::{IpAddr, Ipv4Addr},
    os::unix::net::UnixStream,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context;

use crate::{
    background,
    cli::Up,
    commands::say,
    host,
    instance::{Instance, Role},
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
    /// A node that is silent for so long is given up.
    pub node_grace: Duration,
    /// Registries.
    pub registries: image::Registries,
}

/// Starts a cluster, or continues one.
pub fn run(args: &Up) -> anyhow::Result<()> {
    let plan = plan(args)?;
    plan.instance.must_be(Role::Server)?;
    if let Some(running) = plan.instance.running() {
        say(&format!(
            "it runs already (pid {}), see `podium status --data-dir {}`",
            running.pid,
            plan.instance.dir.display()
        ));
        return Ok(());
    }
    plan.instance.await_end()?;
    if args.detach && !args.notify { background::detach(&plan.instance, &ports(args)) } else { foreground(plan) }
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
        node_grace: node_grace(&args.node_monitor_grace_period)?,
        registries,
    })
}

/// Shorter than a heartbeat would give up nodes that are well.
fn node_grace(text: &str) -> anyhow::Result<Duration> {
    let bad = || format!("--node-monitor-grace-period {text:?} is no time of at least 15s");
    let grace: jiff::SignedDuration = text.parse().with_context(bad)?;
    Duration::try_from(grace).ok().filter(|grace| *grace >= Duration::from_secs(15)).with_context(bad)
}

fn ports(args: &Up) -> [(u16, &'static str); 2] {
    [(args.api_port, "--api-port"), (args.kubelet_port, "--kubelet-port")]
}

fn foreground(plan: Plan) -> anyhow::Result<()> {
    let report = background::report(plan.args.notify)?;
    let result = background::ready_host(&plan.instance, &ports(&plan.args), &report).and_then(|()| {
        report.step("the host has what is needed");
        let runtime = background::runtime()?;
        let result = runtime.block_on(server::run(plan, &report));
        runtime.shutdown_timeout(background::LAST_WORDS);
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
