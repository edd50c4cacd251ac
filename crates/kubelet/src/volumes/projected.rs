//! Projected volumes: files from several sources in one directory.

use k8s_openapi::api::core::v1::{
    PodCertificateProjection, ProjectedVolumeSource, ServiceAccountTokenProjection, VolumeProjection,
};

use super::{
    payload::{self, File, Files},
    setup::{Job, Outcome, file_mode, found, fs_group, token_user},
    trust,
};
use crate::env::build::Objects;

/// The files of all sources; later ones win. What does not work is told of all of them.
pub(super) async fn files(
    job: &Job,
    volume: &str,
    source: &ProjectedVolumeSource,
    outcome: &mut Outcome,
) -> Result<Files, String> {
    let default = file_mode(source.default_mode);
    let (mut files, mut errors) = (Files::new(), Vec::new());
    for (index, part) in source.sources.iter().flatten().enumerate() {
        match one(job, (volume, index), part, default, outcome).await {
            Ok(more) => files.extend(more),
            Err(error) => errors.push(error),
        }
    }
    // As Go's aggregate: what is said twice is said once.
    let mut said = std::collections::BTreeSet::new();
    errors.retain(|error| said.insert(error.clone()));
    match errors.len() {
        0 => Ok(files),
        1 => Err(errors.remove(0)),
        _ => Err(format!("[{}]", errors.join(", "))),
    }
}

async fn one(
    job: &Job,
    id: (&str, usize),
    part: &VolumeProjection,
    default: u32,
    outcome: &mut Outcome,
) -> Result<Files, String> {
    if let Some(source) = &part.config_map {
        let optional = source.optional == Some(true);
        return match found(job.objects.config_map(&source.name), optional)? {
            Some(object) => payload::config_map(&object, source.items.as_deref(), default, optional),
            None => Ok(Files::new()),
        };
    }
    if let Some(source) = &part.secret {
        let optional = source.optional == Some(true);
        return match found(job.objects.secret(&source.name), optional)? {
            Some(object) => payload::secret(&object, source.items.as_deref(), default, optional),
            None => Ok(Files::new()),
        };
    }
    if let Some(source) = &part.downward_api {
        return payload::downward(&job.pod, source.items.as_deref().unwrap_or_default(), default, &job.facts);
    }
    let mode = if token_user(&job.pod).is_some() || fs_group(&job.pod).is_some() { 0o600 } else { default };
    if let Some(source) = &part.service_account_token {
        return token(job, source, mode, outcome).await;
    }
    if let Some(source) = &part.cluster_trust_bundle {
        let data = trust::anchors(job.objects.bundles.as_deref(), source, job.objects.order)?;
        return Ok(Files::from([(source.path.clone(), File { data, mode })]));
    }
    if let Some(source) = &part.pod_certificate {
        return certificate(job, id, source, mode, outcome).await;
    }
    Ok(Files::new())
}

async fn token(
    job: &Job,
    source: &ServiceAccountTokenProjection,
    mode: u32,
    outcome: &mut Outcome,
) -> Result<Files, String> {
    let seconds = source.expiration_seconds.unwrap_or(3600);
    let (text, refresh_at) = job
        .tokens
        .get(&job.context.client, &job.pod, source.audience.as_deref(), seconds, job.context.env.now())
        .await?;
    outcome.refresh(Some(refresh_at));
    Ok(Files::from([(source.path.clone(), File { data: text.into_bytes(), mode })]))
}

async fn certificate(
    job: &Job,
    id: (&str, usize),
    source: &PodCertificateProjection,
    mode: u32,
    outcome: &mut Outcome,
) -> Result<Files, String> {
    let bundle = job.certificates.get(&job.context, &job.pod, &job.objects.requests, id, source).await?;
    outcome.refresh(bundle.refresh_at);
    let both = format!("{}{}", bundle.key, bundle.chain);
    Ok([
        (&source.credential_bundle_path, both),
        (&source.key_path, bundle.key),
        (&source.certificate_chain_path, bundle.chain),
    ]
    .into_iter()
    .filter_map(|(path, text)| {
        let path = path.clone().filter(|path| !path.is_empty())?;
        Some((path, File { data: text.into_bytes(), mode }))
    })
    .collect())
}
