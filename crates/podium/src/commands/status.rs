//! `podium status`.

use crate::{
    cli::{Output, Status},
    commands::{say, small_runtime},
    control::{self, Answer, Request, StatusReport},
    instance::Instance,
};

/// Says what runs. Exit code 1 where nothing does.
pub fn run(args: &Status) -> anyhow::Result<()> {
    let instance = Instance::new(&args.data.data_dir)?;
    if instance.running().is_none() {
        if args.output == Output::Json {
            say(r#"{"pid":0,"ready":false}"#);
        }
        anyhow::bail!("no cluster runs in {} (start it with `podium up`)", instance.dir.display());
    }
    let answer = small_runtime()?.block_on(control::ask(&instance, &Request::Status, &mut |_| {}))?;
    match (answer, args.output) {
        (Answer::Status(report), Output::Json) => say(&serde_json::to_string(&report)?),
        (Answer::Status(report), Output::Text) => say(&text(&report, &instance)),
        (Answer::Failed(why), _) => anyhow::bail!(why),
        (other, _) => anyhow::bail!("the server answered {other:?}"),
    }
    Ok(())
}

fn text(report: &StatusReport, instance: &Instance) -> String {
    let state = if report.ready {
        "Ready".to_owned()
    } else {
        format!("starting, waits for {}", report.waiting_for.join(", "))
    };
    let (version, server, pid) = (&report.version, &report.server, report.pid);
    let head = format!("podium {version}   {state}\n  server     {server}  (pid {pid})\n");
    let node = format!("  node       {}, {} pods\n", report.node, report.pods);
    let dir = instance.dir.display();
    if report.agent {
        let head = format!("podium {version}   {state}\n  server     {server}\n");
        return format!("{head}{node}  agent      pid {pid}\n  data       {dir}\n");
    }
    let data = format!("  data       {dir}, datastore {} KiB\n", report.datastore_bytes >> 10);
    format!("{head}{node}{data}  kubeconfig {}\n", instance.admin_kubeconfig().display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_starts_is_not_called_ready() {
        let report = StatusReport {
            pid: 7,
            ready: false,
            version: "1".into(),
            server: "https://127.0.0.1:6443".into(),
            node: "n".into(),
            pods: 0,
            agent: false,
            datastore_bytes: 4096,
            waiting_for: vec!["node".into()],
        };
        let instance = Instance { dir: "/d".into(), id: "x".into() };
        assert!(!text(&report, &instance).contains("Ready") && text(&report, &instance).contains("waits for node"));
        assert!(text(&StatusReport { ready: true, ..report.clone() }, &instance).contains("Ready"));
        let joined = text(&StatusReport { agent: true, ..report }, &instance);
        assert!(!joined.contains("kubeconfig") && !joined.contains("datastore"), "{joined}");
    }
}
