//! Probes: whether a container has started, lives, and is ready. One task per probe of a running container.

pub(crate) mod exec;
pub(crate) mod grpc;
pub(crate) mod http;
pub(crate) mod run;
pub(crate) mod task;
pub(crate) mod threshold;

/// Which probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Whether it has started; the others wait for it.
    Startup,
    /// Whether it lives; it is restarted when not.
    Liveness,
    /// Whether it takes traffic.
    Readiness,
}

impl Kind {
    /// As events name it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }
}

/// What a probe says after its thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not known yet.
    Unknown,
    /// Good.
    Success,
    /// Bad.
    Failure,
}

/// What one attempt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Good.
    Success,
    /// Good, with something to tell.
    Warning(String),
    /// Bad, and why.
    Failure(String),
    /// Could not be tried: the attempt does not count.
    Error(String),
}
