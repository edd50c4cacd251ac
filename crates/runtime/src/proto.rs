//! What agent and sandbox say to each other: one JSON value per packet of a unix seqpacket socket, descriptors beside it.
//!
//! An agent may be newer or older than the sandboxes that it finds. Fields may be added with a default; anything else
//! needs a new [`VERSION`], and the agent then speaks the sandbox's.

use std::path::PathBuf;

use cri::runtime::Exit;
use serde::{Deserialize, Serialize};

/// Version of these messages.
pub(crate) const VERSION: u32 = 1;

/// Largest packet.
pub(crate) const MOST_BYTES: usize = 64 * 1024;

/// A request with its number, which the reply repeats.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    /// Number.
    pub n: u64,
    /// What is asked.
    pub what: Request,
}

/// What an agent asks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// First message of a connection; from then on the sandbox reports what happens.
    Hello {
        /// The agent's version of the protocol.
        version: u32,
    },
    /// Start a container whose record is on disk.
    Start(Box<Start>),
    /// Start a process in a container. Descriptors: the [`crate::spec::ExecSpec`], then stdin, stdout and stderr as far as
    /// wanted, or with a terminal one socket that its master is sent over.
    Exec(Exec),
    /// End such a process.
    KillExec {
        /// Its number.
        exec: u64,
    },
    /// Signal a container's first process.
    Signal {
        /// The container.
        container: String,
        /// The signal.
        signal: i32,
    },
    /// Join a container's streams. Descriptors: write ends for stdout and stderr as far as wanted. The reply carries
    /// the stdin write end and the terminal as far as they are there.
    Attach {
        /// The container.
        container: String,
        /// Wants stdin.
        stdin: bool,
        /// Wants stdout.
        stdout: bool,
        /// Wants stderr.
        stderr: bool,
    },
    /// Open the log file anew.
    Reopen {
        /// The container.
        container: String,
    },
    /// Drop the memory of an ended container.
    Forget {
        /// The container.
        container: String,
    },
    /// Make a TCP socket in the sandbox's network namespace; the reply carries it.
    Socket {
        /// For IPv6.
        v6: bool,
    },
    /// End. Containers that still run are killed.
    Quit,
}

/// How to start a container.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    /// Its id.
    pub container: String,
    /// With a terminal.
    pub tty: bool,
    /// With stdin.
    pub stdin: bool,
    /// Close stdin after the first session.
    pub stdin_once: bool,
    /// Log file.
    pub log: PathBuf,
    /// Where the process goes.
    pub place: Place,
    /// `oom_score_adj` if one is set.
    pub oom_score_adj: Option<i32>,
    /// File and key that count kills by the out-of-memory killer.
    pub oom_counter: Option<PathBuf>,
    /// Join the process namespace of this container.
    pub target: Option<String>,
}

/// The cgroups of a process.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Group of version 2, entered by being born there.
    pub unified: Option<PathBuf>,
    /// Groups of version 1.
    pub legacy: Vec<PathBuf>,
}

/// How to start a process in a container.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Exec {
    /// Number given by the agent.
    pub exec: u64,
    /// The container.
    pub container: String,
    /// With a terminal.
    pub tty: bool,
    /// A descriptor for stdin comes along.
    pub stdin: bool,
    /// One for stdout.
    pub stdout: bool,
    /// One for stderr.
    pub stderr: bool,
    /// Where the process goes.
    pub place: Place,
    /// `oom_score_adj` if one is set.
    pub oom_score_adj: Option<i32>,
}

/// What a sandbox says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// Answer to a request.
    Reply {
        /// The request's number.
        n: u64,
        /// The answer.
        reply: Reply,
    },
    /// A container ended.
    Exited {
        /// The container.
        container: String,
        /// How.
        exit: Exit,
    },
    /// A process in a container ended.
    ExecEnded {
        /// Its number.
        exec: u64,
        /// Its exit code.
        code: i32,
    },
}

/// Answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// To hello: what there is.
    Hello {
        /// The sandbox's version of the protocol.
        version: u32,
        /// Process id of the sandbox.
        pid: i32,
        /// Its containers.
        containers: Vec<Known>,
    },
    /// Something runs.
    Started {
        /// Process id on the host.
        pid: i32,
        /// Since when, nanoseconds since the epoch.
        at_ns: i64,
        /// What the host refused and can be done without.
        remarks: Vec<String>,
    },
    /// Something could not be started.
    Failed(Failure),
    /// Done.
    Done,
    /// No such container, or it does not run.
    Missing,
    /// The system refused.
    Refused {
        /// What and why.
        message: String,
    },
    /// Attached; descriptors as asked for.
    Attached {
        /// The first descriptor is the write end of stdin.
        stdin: bool,
        /// The last descriptor is the terminal.
        terminal: bool,
    },
}

/// Why a program did not start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// In runc's words.
    pub message: String,
    /// 126, 127 or 128.
    pub code: i32,
}

/// A container that a sandbox knows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Known {
    /// Its id.
    pub container: String,
    /// Process id on the host.
    pub pid: i32,
    /// Since when.
    pub started_at_ns: i64,
    /// How it ended, if it did.
    pub exit: Option<Exit>,
}
