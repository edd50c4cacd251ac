//! Lifecycle hooks: a command, a request, or a pause.

use std::time::Duration;

use k8s_openapi::api::core::v1::{LifecycleHandler, Pod};

use super::spec;
use crate::probes::{
    exec::{self, Outcome},
    http::{self, Target},
    run::Place,
};

/// Runs a hook; the error is for the log and the container's status.
pub(crate) async fn run(place: &Place, pod: &Pod, hook: &LifecycleHandler) -> Result<(), String> {
    let what = |kind: &str, detail: &str, error: &str| {
        format!(
            "{kind} lifecycle hook ({detail}) for Container {:?} in Pod {:?} failed - error: {error}",
            place.container.name,
            spec::full_name(pod)
        )
    };
    if let Some(action) = &hook.exec {
        let command = action.command.clone().unwrap_or_default();
        let shown = format!("[{}]", command.join(" "));
        return match exec::run(&place.runtime, &place.sandbox, &place.id, &command, None).await {
            Outcome::Exited(0, _) => Ok(()),
            Outcome::Exited(code, text) => Err(format!(
                "{}, message: {text:?}",
                what("Exec", &shown, &format!("command '{}' exited with {code}: {text}", command.join(" ")))
            )),
            Outcome::TimedOut => Err(what("Exec", &shown, "timed out")),
            Outcome::Failed(error) => Err(what("Exec", &shown, &error)),
        };
    }
    if let Some(action) = &hook.http_get {
        let path = action.path.as_deref().unwrap_or_default();
        let target = Target::new(action, &place.container, &place.pod_ip, "lifecycle")
            .map_err(|error| what("HTTP", path, &error))?;
        // Any answer counts; only a failed connection does not.
        return http::get(&target).await.map(drop).map_err(|error| what("HTTP", path, &error));
    }
    if let Some(action) = &hook.sleep {
        tokio::time::sleep(Duration::from_secs(u64::try_from(action.seconds).unwrap_or(0))).await;
        return Ok(());
    }
    Err("Cannot run handler: invalid handler".into())
}
