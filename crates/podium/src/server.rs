//! The server process: everything in order, until it is told to stop, then everything in reverse.

use std::{net::Ipv4Addr, os::unix::net::UnixStream, sync::Arc};

use anyhow::Context;
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    backup, certs,
    commands::{backup as backup_command, up::Plan},
    control::{self, Answer, Request, StatusReport},
    control_plane::{ControlPlane, Settings},
    demo,
    join::{self, ClusterFacts, Shown},
    kubeconfig, log, memory,
    node::{self, Node},
    nodes::Cluster,
    report::Report,
    service,
    stop::{self, Stop},
};

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
        node_grace: plan.node_grace,
        objects: join::objects(plan.address, port, &pki.ca.cert, &facts(&plan, &pki)?),
        log: log.clone(),
    };
    let nodes = Arc::new(Cluster::new(&plan.node, &pki)?);
    let mut control = ControlPlane::start(&plan.instance, &pki, &settings, socket, nodes.clone()).await?;
    report.step(&format!("the API answers on https://127.0.0.1:{port}"));
    plan.instance.announce(port)?;
    control.start_loops(&pki, &settings)?;
    kubeconfig::write_admin(&plan.instance.admin_kubeconfig(), &pki, port)?;
    let node = Arc::new(start_node(&plan, &control, &pki, &nodes, log).await?);
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
    stop::end(&node, keep, report).await?;
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

async fn start_node(
    plan: &Plan,
    control: &ControlPlane,
    pki: &certs::Pki,
    nodes: &Cluster,
    log: log::Log,
) -> anyhow::Result<Node> {
    let user = format!("system:node:{}", plan.node);
    let access = node::Access {
        kubelet: control.client(&user, &["system:nodes"]).with_manager("kubelet"),
        informers: control.informers.clone(),
        env: control.env.clone(),
    };
    let node_plan = node::Plan {
        instance: plan.instance.clone(),
        name: plan.node.clone(),
        address: plan.address,
        kubelet_port: plan.args.kubelet_port,
        cluster: facts(plan, pki)?,
        registries: plan.registries.clone(),
    };
    let node = Node::start(&node_plan, &access, log).await?;
    let identity = Shown::new(&pki.kubelet.cert, &pki.kubelet.key)?;
    node.listen(plan.args.kubelet_port, kubelet::Tls { identity, client_ca: join::ca(&pki.ca.cert)? }).await?;
    node.serve_locally(nodes);
    Ok(node)
}

/// What the nodes of this cluster are told.
fn facts(plan: &Plan, pki: &certs::Pki) -> anyhow::Result<ClusterFacts> {
    Ok(ClusterFacts {
        pod_cidr: plan.args.pod_cidr.clone(),
        service_cidr: plan.args.service_cidr.clone(),
        cluster_dns: plan.args.cluster_dns,
        cluster_domain: plan.args.cluster_domain.clone(),
        overlay_id: join::overlay_id(&pki.ca.cert)?,
        overlay_port: join::OVERLAY_PORT,
    })
}

fn certificates(plan: &Plan) -> anyhow::Result<certs::Pki> {
    let network: Ipv4Addr = plan.args.service_cidr.split('/').next().unwrap_or_default().parse()?;
    let first = Ipv4Addr::from(u32::from(network) + 1);
    let addresses = [Ipv4Addr::LOCALHOST.into(), first.into(), plan.address];
    certs::ensure(&plan.instance.pki(), &plan.node, &addresses, &plan.args.tls_san, jiff::Timestamp::now())
}

/// From "the node starts" to the word to stop.
async fn serve(
    plan: &Plan,
    report: &Report,
    pki: &certs::Pki,
    control: &ControlPlane,
    node: &Node,
    stopped: mpsc::Receiver<Stop>,
) -> anyhow::Result<Stop> {
    let stop = stop::asked(stopped);
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
        report.ready(&format!("\nThe cluster is up. Next ({hint}):\n\n  kubectl get nodes\n  kubectl create deployment web --image=nginx --replicas=3\n  podium status{}", plan.instance.flag()));
        std::future::pending::<anyhow::Result<Stop>>().await
    };
    tokio::select! {
        stop = stop => stop,
        failed = start => failed,
    }
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
                    agent: false,
                    datastore_bytes: storage::Store::size_bytes(&*control.store),
                    waiting_for: if node.is_ready() { Vec::new() } else { vec!["node".to_owned()] },
                }),
                Request::Down { keep_pods } => {
                    let answer = stop::answer(Some(&*node), keep_pods);
                    let _ = stop.send(if keep_pods { Stop::KeepPods } else { Stop::WithPods }).await;
                    answer
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
