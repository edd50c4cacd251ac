//! The command line.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Kubernetes' API and behaviour, from one binary.
#[derive(Debug, Parser)]
#[command(name = "podium", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a cluster on this machine, or continue where it stopped
    Up(Box<Up>),
    /// Make this machine a node of a cluster elsewhere, or continue as one
    Agent(Box<Agent>),
    /// Tokens with which machines join
    Token(Token),
    /// Stop it; its pods too, unless kept
    Down(Down),
    /// Say what runs
    Status(Status),
    /// Remove every trace of it: pods, mounts, cgroups, links, nft tables, data
    Reset(Reset),
    /// Write the whole state of the cluster, with its certificates and keys, to one file; it may run meanwhile
    Backup(Backup),
    /// Put the state of a backup in place
    Restore(Restore),
    /// The node's images
    Image(Image),
    /// Let systemd start it with the machine
    Service(Service),
    /// The demo application's server: what the demo's image runs
    #[command(hide = true)]
    DemoServer {
        /// Port to listen on.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
}

/// Where the cluster lives.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct DataDir {
    /// Certificates, datastore, images and pods of the cluster
    #[arg(long, value_name = "DIR", default_value = "/var/lib/podium")]
    pub data_dir: PathBuf,
}

/// `podium up`.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct Up {
    #[command(flatten)]
    pub data: DataDir,
    /// Return when the node is Ready; the cluster runs on in the background
    #[arg(long)]
    pub detach: bool,
    /// Deploy an application of three replicas and a Service, and show its answers
    #[arg(long)]
    pub demo: bool,
    /// Mirrors, credentials and TLS of image registries, in k3s' format
    #[arg(long, value_name = "FILE")]
    pub registries: Option<PathBuf>,
    /// Port of the API server
    #[arg(long, value_name = "PORT", default_value_t = 6443)]
    pub api_port: u16,
    /// Port of the node's own API
    #[arg(long, value_name = "PORT", default_value_t = 10250)]
    pub kubelet_port: u16,
    /// Addresses of pods
    #[arg(long, value_name = "CIDR", default_value = "10.244.0.0/16")]
    pub pod_cidr: String,
    /// Addresses of Services
    #[arg(long, value_name = "CIDR", default_value = "10.96.0.0/16")]
    pub service_cidr: String,
    /// Address of the cluster's DNS, within the Services' range
    #[arg(long, value_name = "ADDRESS", default_value = "10.96.0.10")]
    pub cluster_dns: IpAddr,
    /// Ports of NodePort Services
    #[arg(long, value_name = "FROM-TO", default_value = "30000-32767")]
    pub node_ports: String,
    /// DNS domain of the cluster
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    pub cluster_domain: String,
    /// Name of this node; the host's name unless given
    #[arg(long, value_name = "NAME")]
    pub node_name: Option<String>,
    /// A node without a sign of life for so long is given up (nodes give one every 10 s)
    #[arg(long, value_name = "TIME", default_value = "50s")]
    pub node_monitor_grace_period: String,
    /// A further name or address under which the API is reached; may be repeated
    #[arg(long, value_name = "NAME")]
    pub tls_san: Vec<String>,
    /// Address of this node; the one of the default route unless given
    #[arg(long, value_name = "ADDRESS")]
    pub node_ip: Option<IpAddr>,
    /// Tell a waiting parent about the progress on standard input's socket
    #[arg(long, hide = true)]
    pub notify: bool,
}

/// `podium agent`.
#[derive(Debug, Clone, Args)]
pub struct Agent {
    #[command(flatten)]
    pub data: DataDir,
    /// Address of the cluster's API, such as https://10.0.0.1:6443
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// What `podium token create` printed on the server; needed once
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    pub token: Option<String>,
    /// A file that holds the token
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The cluster's authority (PEM), where the token does not say which to trust
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// Return when the node is Ready; it runs on in the background
    #[arg(long)]
    pub detach: bool,
    /// Mirrors, credentials and TLS of image registries, in k3s' format
    #[arg(long, value_name = "FILE")]
    pub registries: Option<PathBuf>,
    /// Port of the node's own API
    #[arg(long, value_name = "PORT", default_value_t = 10250)]
    pub kubelet_port: u16,
    /// Name of this node; the host's name unless given
    #[arg(long, value_name = "NAME")]
    pub node_name: Option<String>,
    /// Address of this node; the one from which the server is reached unless given
    #[arg(long, value_name = "ADDRESS")]
    pub node_ip: Option<IpAddr>,
    /// Tell a waiting parent about the progress on standard input's socket
    #[arg(long, hide = true)]
    pub notify: bool,
}

/// `podium token`.
#[derive(Debug, Args)]
pub struct Token {
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// Which cluster's tokens.
#[derive(Debug, Clone, Args)]
pub struct TokenTarget {
    #[command(flatten)]
    pub data: DataDir,
    /// Reach the cluster by this file instead of the data directory's own
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it
    Create {
        #[command(flatten)]
        target: TokenTarget,
        /// How long it is good, such as 24h or 30m; 0 for ever
        #[arg(long, value_name = "TIME", default_value = "24h")]
        ttl: String,
        /// For people
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
    },
    /// List the tokens, without their secrets
    List {
        #[command(flatten)]
        target: TokenTarget,
    },
    /// Take tokens back
    Delete {
        #[command(flatten)]
        target: TokenTarget,
        /// Tokens, or their ids
        #[arg(required = true)]
        tokens: Vec<String>,
    },
}

/// `podium down`.
#[derive(Debug, Args)]
pub struct Down {
    #[command(flatten)]
    pub data: DataDir,
    /// Leave the pods running; the next `up` takes them over
    #[arg(long)]
    pub keep_pods: bool,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `podium status`.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    pub data: DataDir,
    /// How to print it
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// `podium reset`.
#[derive(Debug, Args)]
pub struct Reset {
    #[command(flatten)]
    pub data: DataDir,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
}

/// `podium service`.
#[derive(Debug, Args)]
pub struct Service {
    #[command(subcommand)]
    pub command: ServiceCommand,
}

/// What to do with the service.
#[derive(Debug, Subcommand)]
pub enum ServiceCommand {
    /// Write a systemd unit, enable and start it; a cluster that runs is taken over with its pods
    Install(Box<Up>),
    /// Disable and remove the unit; the cluster stops, its pods run on
    Uninstall {
        #[command(flatten)]
        data: DataDir,
    },
    /// What the unit does to stop: the pods end only where the whole machine goes down
    #[command(hide = true)]
    Stop {
        #[command(flatten)]
        data: DataDir,
    },
}

/// `podium backup`.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    pub data: DataDir,
    /// The file to write; it must not exist
    pub file: PathBuf,
}

/// `podium restore`.
#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    pub data: DataDir,
    /// A file that `podium backup` wrote
    pub file: PathBuf,
    /// Replace the state of a cluster that is there; a running server starts again by itself
    #[arg(long)]
    pub force: bool,
}

/// `podium image`.
#[derive(Debug, Args)]
pub struct Image {
    #[command(subcommand)]
    pub command: ImageCommand,
}

/// What to do with images.
#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Load images from an OCI layout or a docker archive
    Import {
        #[command(flatten)]
        data: DataDir,
        /// The archive
        file: PathBuf,
    },
    /// List the images
    List {
        #[command(flatten)]
        data: DataDir,
    },
    /// Remove a name, and the image with its last name
    Remove {
        #[command(flatten)]
        data: DataDir,
        /// Name or id
        image: String,
    },
    /// Fetch an image from its registry
    Pull {
        #[command(flatten)]
        data: DataDir,
        /// Name
        image: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        let cli = Cli::try_parse_from(["podium", "up", "--detach", "--data-dir", "/x", "--api-port", "7443"]).unwrap();
        let Command::Up(up) = cli.command else { panic!("not up") };
        assert!(
            up.detach
                && up.api_port == 7443
                && up.data.data_dir == std::path::Path::new("/x")
                && up.pod_cidr == "10.244.0.0/16"
        );
    }
}
