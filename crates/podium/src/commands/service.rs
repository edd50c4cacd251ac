//! `podium service`: the unit by which systemd starts the cluster with the machine.

use std::{
    ffi::OsStr,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use crate::{
    cli::{Service, ServiceCommand, Up},
    commands::{down, say},
    instance::{Instance, Role},
    kubeconfig,
};

/// Where an administrator's units lie.
const UNITS: &str = "/etc/systemd/system";
/// The data directory whose unit needs no id in its name.
const USUAL: &str = "/var/lib/podium";

/// Carries out one of the commands.
pub fn run(args: &Service) -> anyhow::Result<()> {
    match &args.command {
        ServiceCommand::Install(up) => install(up),
        ServiceCommand::Uninstall { data } => uninstall(&Instance::new(&data.data_dir)?),
        ServiceCommand::Stop { data } => stop(&Instance::new(&data.data_dir)?),
    }
}

/// Name of the unit of an instance.
fn name(instance: &Instance) -> String {
    if instance.dir == Path::new(USUAL) {
        "podium.service".to_owned()
    } else {
        format!("podium-{}.service", instance.id)
    }
}

fn file(instance: &Instance) -> PathBuf {
    Path::new(UNITS).join(name(instance))
}

fn install(up: &Up) -> anyhow::Result<()> {
    ensure!(rustix::process::geteuid().is_root(), "podium service needs root; run it with sudo");
    ensure!(
        Path::new("/run/systemd/system").is_dir(),
        "systemd does not run here: let your init system start `podium up`"
    );
    ensure!(!up.detach && !up.demo, "a service has neither --detach nor --demo");
    let instance = Instance::new(&up.data.data_dir)?;
    instance.prepare()?;
    let program = std::env::current_exe().context("the path of this program")?;
    let (unit, at) = (name(&instance), file(&instance));
    let role = instance.role().unwrap_or(Role::Server);
    let text = text(&program, role, &arguments(up, &instance, role)?, &instance);
    std::fs::write(&at, text).with_context(|| format!("cannot write {}", at.display()))?;
    systemctl(&["daemon-reload"])?;
    if let Some(running) = instance.running() {
        // Its pods do not notice.
        down::stop(&instance, running, true)?;
    }
    systemctl(&["enable", &unit])?;
    systemctl(&["restart", &unit]).with_context(|| format!("see `journalctl -u {unit}`"))?;
    if role == Role::Agent {
        say(&format!("{unit} runs and starts with the machine; its log: journalctl -u {unit}"));
        return Ok(());
    }
    let admin = instance.admin_kubeconfig();
    // The service has no home directory; the one who installs it has.
    let hint = match kubeconfig::users_file() {
        Some(users) if kubeconfig::merge_admin(&users, &admin).is_ok() => {
            format!("the context \"podium\" is in {}", users.display())
        }
        _ => format!("use --kubeconfig {}", admin.display()),
    };
    say(&format!("{unit} runs and starts with the machine ({hint}); its log: journalctl -u {unit}"));
    Ok(())
}

fn uninstall(instance: &Instance) -> anyhow::Result<()> {
    ensure!(rustix::process::geteuid().is_root(), "podium service needs root; run it with sudo");
    if !file(instance).exists() {
        say(&format!("no service of {} is installed", instance.dir.display()));
        return Ok(());
    }
    systemctl(&["disable", "--now", &name(instance)])?;
    remove(instance)?;
    say(&format!(
        "{} is gone; the pods run on: `podium up` continues with them, `podium reset` removes everything",
        name(instance)
    ));
    Ok(())
}

/// Keeps systemd from starting the cluster again.
pub fn disable(instance: &Instance) -> anyhow::Result<()> {
    if file(instance).exists() { systemctl(&["disable", "--now", &name(instance)]) } else { Ok(()) }
}

/// Removes the unit, if there is one.
pub fn remove(instance: &Instance) -> anyhow::Result<()> {
    let at = file(instance);
    match std::fs::remove_file(&at) {
        Ok(()) => systemctl(&["daemon-reload"]),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot remove {}", at.display())),
    }
}

/// A restart of the service is no reason to end pods. When the machine goes down they end in good order, before their
/// network does and before everything is killed.
fn stop(instance: &Instance) -> anyhow::Result<()> {
    let Some(running) = instance.running() else { return Ok(()) };
    let state = Command::new("systemctl").arg("is-system-running").output();
    let down = state.is_ok_and(|output| output.stdout.starts_with(b"stopping"));
    down::stop(instance, running, !down)
}

fn systemctl(args: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("systemctl").args(args).output().context("running systemctl")?;
    ensure!(
        output.status.success(),
        "systemctl {} failed: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// The flags of `podium up`, or of `podium agent`, again, as words of a unit.
fn arguments(up: &Up, instance: &Instance, role: Role) -> anyhow::Result<Vec<String>> {
    let path = |path: &Path| path.to_str().map(str::to_owned).with_context(|| format!("{} is no text", path.display()));
    let registries = match &up.registries {
        Some(file) => Some(path(&std::path::absolute(file)?)?),
        None => None,
    };
    let flags = [
        ("--data-dir", Some(path(&instance.dir)?)),
        ("--registries", registries),
        ("--api-port", Some(up.api_port.to_string())),
        ("--kubelet-port", Some(up.kubelet_port.to_string())),
        ("--pod-cidr", Some(up.pod_cidr.clone())),
        ("--service-cidr", Some(up.service_cidr.clone())),
        ("--cluster-dns", Some(up.cluster_dns.to_string())),
        ("--node-ports", Some(up.node_ports.clone())),
        ("--cluster-domain", Some(up.cluster_domain.clone())),
        ("--node-name", up.node_name.clone()),
        ("--node-ip", up.node_ip.map(|ip| ip.to_string())),
        ("--node-monitor-grace-period", Some(up.node_monitor_grace_period.clone())),
    ];
    let names = up.tls_san.iter().map(|name| ("--tls-san", Some(name.clone())));
    let flags = flags.into_iter().filter(|(flag, _)| role == Role::Server || OF_AGENTS.contains(flag));
    let names = names.filter(|_| role == Role::Server);
    Ok(flags.chain(names).filter_map(|(flag, value)| Some([flag.to_owned(), value?])).flatten().collect())
}

/// What a node that has joined a cluster elsewhere is told at its start; the rest it knows.
const OF_AGENTS: [&str; 5] = ["--data-dir", "--registries", "--kubelet-port", "--node-name", "--node-ip"];

/// A word of a unit's command line: quoted, with its specifiers and variables taken literally.
fn word(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    if escaped == text && !text.contains(char::is_whitespace) { escaped } else { format!("\"{escaped}\"") }
}

fn text(program: &Path, role: Role, arguments: &[String], instance: &Instance) -> String {
    let line = |words: &[&str]| {
        let all = std::iter::once(program.as_os_str()).chain(words.iter().map(OsStr::new));
        all.map(|text| word(&text.to_string_lossy())).collect::<Vec<_>>().join(" ")
    };
    let verb = if role == Role::Agent { "agent" } else { "up" };
    let start: Vec<&str> = std::iter::once(verb).chain(arguments.iter().map(String::as_str)).collect();
    let dir = instance.dir.to_string_lossy();
    format!(
        "# Written by `podium service install`; `podium service uninstall` removes it.
[Unit]
Description=Podium cluster in {dir}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={}
ExecStop={}
# The pods are no part of the service: it may be restarted or replaced at any time.
KillMode=process
Delegate=yes
Restart=on-failure
RestartSec=1
TimeoutStartSec=300
TimeoutStopSec=600
LimitNOFILE=1048576
LimitNPROC=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
",
        line(&start),
        line(&["service", "stop", "--data-dir", &dir]),
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn up(args: &[&str]) -> Up {
        match Cli::try_parse_from([&["podium", "up"], args].concat()).unwrap().command {
            Command::Up(up) => *up,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_unit_starts_what_was_asked_for() {
        let given = up(&[
            "--data-dir",
            "/d",
            "--registries",
            "/r.yaml",
            "--api-port",
            "1",
            "--kubelet-port",
            "2",
            "--pod-cidr",
            "10.1.0.0/16",
            "--service-cidr",
            "10.2.0.0/16",
            "--cluster-dns",
            "10.2.0.9",
            "--node-ports",
            "1-2",
            "--cluster-domain",
            "x.y",
            "--node-name",
            "n",
            "--node-ip",
            "10.0.0.1",
            "--node-monitor-grace-period",
            "40s",
            "--tls-san",
            "a.example",
            "--tls-san",
            "10.0.0.9",
        ]);
        for given in [given, up(&["--data-dir", "/d"])] {
            let instance = Instance::new(&given.data.data_dir).unwrap();
            let words = arguments(&given, &instance, Role::Server).unwrap();
            assert_eq!(up(&words.iter().map(String::as_str).collect::<Vec<_>>()), given);
        }
    }

    #[test]
    fn a_joined_node_starts_as_one() {
        let given = up(&["--data-dir", "/d", "--kubelet-port", "2", "--api-port", "1"]);
        let instance = Instance::new(&given.data.data_dir).unwrap();
        let words = arguments(&given, &instance, Role::Agent).unwrap();
        assert_eq!(words, ["--data-dir", "/d", "--kubelet-port", "2"]);
        let unit = text(Path::new("/podium"), Role::Agent, &words, &instance);
        assert!(unit.contains("\nExecStart=/podium agent --data-dir /d --kubelet-port 2\n"), "{unit}");
        assert!(
            Cli::try_parse_from(
                [&["podium", "agent"], &words.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat()
            )
            .is_ok()
        );
    }

    #[test]
    fn odd_paths_survive_systemds_reading() {
        let instance = Instance { dir: "/my data".into(), id: "x".into() };
        let unit =
            text(Path::new("/opt/100% podium"), Role::Server, &["--data-dir".into(), "/my data".into()], &instance);
        assert!(unit.contains("\nExecStart=\"/opt/100%% podium\" up --data-dir \"/my data\"\n"), "{unit}");
        assert!(unit.contains("\nExecStop=\"/opt/100%% podium\" service stop --data-dir \"/my data\"\n"), "{unit}");
        assert_eq!((word("a$b"), word("plain"), word("q\"")), ("\"a$$b\"".into(), "plain".into(), "\"q\\\"\"".into()));
        assert_eq!(name(&instance), "podium-x.service");
        assert_eq!(name(&Instance { dir: USUAL.into(), id: "x".into() }), "podium.service");
    }
}
