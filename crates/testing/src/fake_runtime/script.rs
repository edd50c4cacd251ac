//! What decides in a runtime where no test does so call by call.

use std::time::Duration;

use cri::runtime::{ContainerConfig, SandboxConfig};

use super::Behaviour;

/// What takes time in a scripted runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A sandbox.
    Sandbox,
    /// A container, from the call to its program.
    Start,
    /// From a signal to the end.
    Stop,
}

/// Decides what happens in a runtime, where no test does so call by call.
pub trait Script: Send + Sync {
    /// What a container will do.
    fn behaviour(&self, container: &ContainerConfig) -> Behaviour;
    /// How long a step takes, of tokio's clock.
    fn delay(&self, step: Step) -> Duration;
    /// How a command in a container ends.
    fn exec(&self, container: &ContainerConfig, args: &[String]) -> i32;
    /// A program runs.
    fn started(&self, pod: &SandboxConfig, container: &ContainerConfig);
    /// A program ended.
    fn ended(&self, pod: &SandboxConfig, container: &ContainerConfig, code: i32);
}
