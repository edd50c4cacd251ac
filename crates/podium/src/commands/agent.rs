//! `podium agent`.

use anyhow::{Context, bail};

use crate::{
    agent, background,
    cli::Agent,
    commands::say,
    host,
    instance::{Instance, Role},
    join::JoinToken,
};

/// What `agent` was told, checked.
pub struct Plan {
    /// The instance.
    pub instance: Instance,
    /// The flags.
    pub args: Agent,
    /// The token, if there is one.
    pub token: Option<JoinToken>,
    /// The cluster's authority (PEM), if it was given.
    pub ca: Option<String>,
    /// Registries.
    pub registries: image::Registries,
}

impl Plan {
    /// The node's name: it stays what it was.
    pub fn name_of(&self, known: Option<&str>) -> anyhow::Result<String> {
        match (known, &self.args.node_name) {
            (Some(known), Some(wished)) if known != wished => bail!(
                "{} belongs to node {known}: a node keeps its name (`podium reset{}` makes the machine forget it)",
                self.instance.dir.display(),
                self.data_flag()
            ),
            (Some(known), _) => Ok(known.to_owned()),
            (None, Some(wished)) => Ok(wished.clone()),
            (None, None) => Ok(host::node_name()),
        }
    }

    /// ` --data-dir …`, where it is not the usual one.
    pub fn data_flag(&self) -> String {
        self.instance.flag()
    }
}

/// Makes this machine a node, or continues one.
pub fn run(args: &Agent) -> anyhow::Result<()> {
    let plan = plan(args)?;
    plan.instance.must_be(Role::Agent)?;
    if let Some(running) = plan.instance.running() {
        say(&format!("it runs already (pid {}), see `podium status{}`", running.pid, plan.data_flag()));
        return Ok(());
    }
    plan.instance.await_end()?;
    if args.detach && !args.notify { background::detach(&plan.instance, &ports(args)) } else { foreground(plan) }
}

fn plan(args: &Agent) -> anyhow::Result<Plan> {
    let read = |file: &std::path::PathBuf| {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
    };
    let token = match (&args.token, &args.token_file) {
        (Some(token), _) => Some(JoinToken::parse(token)?),
        (None, Some(file)) => Some(JoinToken::parse(&read(file)?)?),
        (None, None) => None,
    };
    let ca = args.ca_cert.as_ref().map(read).transpose()?;
    if let Some(ca) = &ca {
        anyhow::ensure!(!crate::join::ca(ca)?.is_empty(), "--ca-cert holds no certificate");
    }
    let registries = match &args.registries {
        Some(file) => image::Registries::read(file)?,
        None => image::Registries::default(),
    };
    Ok(Plan { instance: Instance::new(&args.data.data_dir)?, args: args.clone(), token, ca, registries })
}

fn ports(args: &Agent) -> [(u16, &'static str); 1] {
    [(args.kubelet_port, "--kubelet-port")]
}

fn foreground(plan: Plan) -> anyhow::Result<()> {
    let report = background::report(plan.args.notify)?;
    let result = background::ready_host(&plan.instance, &ports(&plan.args), &report).and_then(|()| {
        report.step("the host has what is needed");
        let runtime = background::runtime()?;
        let result = runtime.block_on(agent::run(plan, &report));
        runtime.shutdown_timeout(background::LAST_WORDS);
        result
    });
    if let Err(error) = &result {
        report.failed(error);
    }
    result
}
