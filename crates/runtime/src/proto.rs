//! What agent and sandbox say to each other: one JSON value per packet of a unix seqpacket socket, descriptors beside it.
//!
//! An agent may be newer or older than the sandboxes that it finds. Within a major version everything that was said
//! before keeps its form: fields may be added with a default, unknown ones are ignored, and a new request may only be
//! asked of a sandbox whose minor version has it. A change of another kind needs a new major version, of which an agent
//! speaks all that came before its own. Sandboxes of a later major version are left alone ([`Request::Hello`] and its
//! reply keep their form for ever, so that they are recognised).
//!
//! | version | what is new |
//! |---|---|
//! | 1.0 | |
//! | 1.1 | the minor version is told; a request that the sandbox does not know is refused (1.0 hangs up) |

use std::path::PathBuf;

use cri::runtime::Exit;
use serde::{Deserialize, Serialize};

/// A version of these messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Others cannot be spoken with.
    pub major: u32,
    /// Later ones know more.
    pub minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl std::str::FromStr for Version {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self { major: major.parse()?, minor: minor.parse()? })
    }
}

/// The version of this program.
pub(crate) const VERSION: Version = Version { major: 1, minor: 1 };

/// The first in which a sandbox refuses what it does not know.
pub(crate) const REFUSES: Version = Version { major: 1, minor: 1 };

/// Largest request.
pub(crate) const MOST_BYTES: usize = 64 * 1024;

/// Largest answer: what a sandbox with very many containers says about them.
pub(crate) const MOST_ANSWER_BYTES: usize = 192 * 1024;

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
        /// The agent's major version of the protocol.
        version: u32,
        /// Its minor version.
        #[serde(default)]
        minor: u32,
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

/// As much of a request as every version understands: its number, which an answer needs.
#[derive(Debug, Deserialize)]
pub(crate) struct Numbered {
    /// Number.
    pub n: u64,
}

/// As much of an answer as every version understands.
#[derive(Debug, Deserialize)]
pub(crate) struct AnyReply {
    /// Its number.
    #[serde(rename = "Reply")]
    pub reply: Numbered,
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
        /// The sandbox's major version of the protocol.
        version: u32,
        /// Its minor version.
        #[serde(default)]
        minor: u32,
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

#[cfg(test)]
#[path = "proto_tests.rs"]
mod tests;
