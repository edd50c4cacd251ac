//! The server process: everything in order, until it is told to stop, then everything in reverse.

use std::{net::Ipv4Addr, os::unix::net::UnixStream, sync::Arc};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use crate::{
    backup, certs,
    commands::{backup as backup_command, up::Plan},
    control::{self, Answer, Request, StatusReport},
    control_plane::{ControlPlane, Settings},
    demo, kubeconfig, log, memory,
    node::Node,
    nodes::Cluster,
    report::Report,
    service,
};

/// Why it stops.
enum Stop {
    /// Its pods stop too.
    WithPods,
    /// The pods run on.
    KeepPods,
    /// The pods run on, and so does the process, from its beginning; somebody follows it.
    Again(UnixStream),
}

/// Runs until told to stop. When it shall start again it answers with who follows that.
pub async fn run(plan: Plan, report: &Report) -> anyhow::Result<Option<UnixStream>> {
    let log = log::stderr();
    if let Some(before) = backup::finish(&plan.instance)? {
        report.step(&format!("the restored state is in place; the one before is in {}", before.display()));
    }
    let port = plan.args.api_port;
    let socket = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        .await
        .with_context(|| format!("cannot listen on port {port} (--api-port)"))?;
    let pki = Arc::new(certificates(&plan)?);
    report.step("certificates are in place");
    let settings = Settings {
        pod_cidr: plan.args.pod_cidr.clone(),
        service_cidr: plan.args.service_cidr.clone(),
        node_ports: plan.node_ports,
        cluster_domain: plan.args.cluster_domain.clone(),
        advertise: plan.address,
        api_port: port,
        log: log.clone(),
    };
    let nodes = Arc::new(Cluster::new(&plan.node, &pki)?);
    let mut control = ControlPlane::start(&plan.instance, &pki, &settings, socket, nodes.clone()).await?;
    report.step(&format!("the API answers on https://127.0.0.1:{port}"));
    plan.instance.announce(port)?;
    control.start_loops(&pki, &settings);
    kubeconfig::write_admin(&plan.instance.admin_kubeconfig(), &pki, port)?;
    let node = Arc::new(Node::start(&plan, &control, &pki, &nodes, log).await?);
    let (stop, stopped) = mpsc::channel(4);
    let control = Arc::new(control);
    let socket = control::serve(&plan.instance, handler(&plan, &control, &node, &stop))?;
    let small = tokio::spawn(memory::keep_small());
    let result = serve(&plan, report, &pki, &control, &node, stopped).await;
    small.abort();
    // An error of ours is no reason to end what runs.
    let keep = !matches!(result, Ok(Stop::WithPods));
    if !matches!(result, Ok(Stop::Again(_))) {
        service::tell(service::STOPPING);
    }
    if !keep && node.pods() > 0 {
        report.step(&format!(
            "{} pods end, within {} s; another Ctrl-C kills them",
            node.pods(),
            node.ending_takes().as_secs()
        ));
        let mut again = signal(SignalKind::interrupt())?;
        tokio::select! {
            () = node.end_pods() => {}
            _ = again.recv() => {}
        }
    }
    node.stop(keep).await;
    plan.instance.retract();
    socket.abort();
    // Conversations that are still open hold it too; they end with the process.
    match Arc::try_unwrap(control) {
        Ok(control) => control.stop().await,
        Err(control) => control.store.close(),
    }
    match result? {
        Stop::Again(follower) => Ok(Some(follower)),
        Stop::WithPods | Stop::KeepPods => Ok(None),
    }
}

fn certificates(plan: &Plan) -> anyhow::Result<certs::Pki> {
    let network: Ipv4Addr = plan.args.service_cidr.split('/').next().unwrap_or_default().parse()?;
    let first = Ipv4Addr::from(u32::from(network) + 1);
    let addresses = [Ipv4Addr::LOCALHOST.into(), first.into(), plan.address];
    certs::ensure(&plan.instance.pki(), &plan.node, &addresses, jiff::Timestamp::now())
}

/// From "the node starts" to the word to stop.
async fn serve(
    plan: &Plan,
    report: &Report,
    pki: &certs::Pki,
    control: &ControlPlane,
    node: &Node,
    mut stopped: mpsc::Receiver<Stop>,
) -> anyhow::Result<Stop> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = async {
        tokio::select! {
            _ = interrupt.recv() => Stop::WithPods,
            _ = terminate.recv() => Stop::KeepPods,
            asked = stopped.recv() => asked.unwrap_or(Stop::WithPods),
        }
    };
    let start = async {
        node.ready().await?;
        report.step(&format!("node {} is Ready", plan.node));
        let merged =
            kubeconfig::users_file().map(|file| kubeconfig::merge_into(&file, pki, plan.args.api_port).map(|()| file));
        let hint = match &merged {
            Some(Ok(file)) => format!("the context \"podium\" is in {}", file.display()),
            Some(Err(error)) => {
                report.warn(&format!("{error:#}"));
                format!("use --kubeconfig {}", plan.instance.admin_kubeconfig().display())
            }
            None => format!("use --kubeconfig {}", plan.instance.admin_kubeconfig().display()),
        };
        if plan.args.demo {
            demo::run(control, node, report).await?;
        }
        service::tell(service::READY);
        report.ready(&format!("\nThe cluster is up. Next ({hint}):\n\n  kubectl get nodes\n  kubectl create deployment web --image=nginx --replicas=3\n  podium status{}", data_flag(plan)));
        std::future::pending::<anyhow::Result<Stop>>().await
    };
    tokio::select! {
        stop = stop => Ok(stop),
        failed = start => failed,
    }
}

fn data_flag(plan: &Plan) -> String {
    let dir = &plan.instance.dir;
    if dir.as_os_str() == "/var/lib/podium" { String::new() } else { format!(" --data-dir {}", dir.display()) }
}

/// Answers the control socket.
fn handler(plan: &Plan, control: &Arc<ControlPlane>, node: &Arc<Node>, stop: &mpsc::Sender<Stop>) -> control::Handler {
    let (control, node, stop) = (control.clone(), node.clone(), stop.clone());
    let (name, port, instance) = (plan.node.clone(), plan.args.api_port, plan.instance.clone());
    Arc::new(move |request, out| {
        let (control, node, stop, name, instance) =
            (control.clone(), node.clone(), stop.clone(), name.clone(), instance.clone());
        Box::pin(async move {
            let answer = match request {
                Request::Status => Answer::Status(StatusReport {
                    pid: i32::try_from(std::process::id()).unwrap_or(0),
                    ready: control.server.is_bootstrapped() && node.is_ready(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    server: format!("https://127.0.0.1:{port}"),
                    pods: node.pods(),
                    node: name,
                    datastore_bytes: storage::Store::size_bytes(&*control.store),
                    waiting_for: if node.is_ready() { Vec::new() } else { vec!["node".to_owned()] },
                }),
                Request::Down { keep_pods } => {
                    let most_seconds = if keep_pods { 0 } else { node.ending_takes().as_secs() };
                    let _ = stop.send(if keep_pods { Stop::KeepPods } else { Stop::WithPods }).await;
                    Answer::Stopping { pods: if keep_pods { 0 } else { node.pods() }, most_seconds }
                }
                Request::Backup(file) => match backup_command::write(&instance, &*control.store, &name, &file).await {
                    Ok(text) => Answer::Done(text),
                    Err(error) => Answer::Failed(format!("{error:#}")),
                },
                Request::Restart { report_to } => match UnixStream::connect(&report_to) {
                    Ok(follower) => {
                        let _ = stop.send(Stop::Again(follower)).await;
                        Answer::Done("starting again".to_owned())
                    }
                    Err(error) => Answer::Failed(format!("cannot reach {}: {error}", report_to.display())),
                },
                other => node.image_request(other, &out).await,
            };
            let _ = out.send(answer).await;
        })
    })
}
