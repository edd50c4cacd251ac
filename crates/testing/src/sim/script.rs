//! What containers do, by image: `task` ends by itself, everything else serves. Until all is calm they fail, hang and
//! ignore signals now and then.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use client::Rng;
use cri::runtime::{ContainerConfig, SandboxConfig};

use crate::{
    fake_runtime::{Behaviour, Script, Step},
    sim::Judge,
};

/// The script of one node.
pub struct Actors {
    /// The node.
    pub node: String,
    /// Where whims come from.
    pub rng: Rng,
    /// No whims any more.
    pub calm: Arc<AtomicBool>,
    /// Who wants to know.
    pub judge: Arc<Judge>,
}

impl Actors {
    /// One time in so many, while it is not calm.
    fn whim(&self, of: u64) -> bool {
        !self.calm.load(Ordering::Relaxed) && self.rng.below(of) == 0
    }

    fn seconds(&self, most: u64) -> Duration {
        Duration::from_secs(self.rng.below(most))
    }
}

impl Script for Actors {
    fn behaviour(&self, container: &ContainerConfig) -> Behaviour {
        let task = container.image.contains("task:");
        match () {
            () if self.whim(40) => Behaviour::FailToStart("no such program".into(), 127),
            () if task && self.whim(8) => Behaviour::ExitAfter(self.seconds(60), 1),
            () if task => Behaviour::ExitAfter(self.seconds(240), 0),
            () if self.whim(15) => Behaviour::ExitAfter(self.seconds(600), 1),
            () if self.whim(30) => Behaviour::Ignore,
            () => Behaviour::Run,
        }
    }

    fn delay(&self, step: Step) -> Duration {
        let usual = Duration::from_millis(5 + self.rng.below(200));
        match step {
            Step::Sandbox if self.whim(60) => Duration::from_secs(90),
            Step::Start if self.whim(60) => Duration::from_secs(150),
            Step::Stop if self.whim(20) => Duration::from_secs(40),
            Step::Stop => self.seconds(4),
            Step::Sandbox | Step::Start => usual,
        }
    }

    fn exec(&self, _: &ContainerConfig, _: &[String]) -> i32 {
        i32::from(self.whim(6))
    }

    fn started(&self, pod: &SandboxConfig, container: &ContainerConfig) {
        self.judge.started(&self.node, pod, container);
    }

    fn ended(&self, pod: &SandboxConfig, container: &ContainerConfig, code: i32) {
        self.judge.ended(&self.node, pod, container, code);
    }
}
