//! `podium backup`: the whole state of a cluster in one file.

use std::path::Path;

use storage::Store;

use crate::{
    backup::{self, About},
    cli::Backup,
    commands::{say, small_runtime},
    control::{self, Answer, Request},
    host,
    instance::Instance,
    report::show,
};

/// Makes a backup, of a running cluster or of one that is stopped.
pub fn run(args: &Backup) -> anyhow::Result<()> {
    let instance = Instance::new(&args.data.data_dir)?;
    let file = std::path::absolute(&args.file)?;
    if instance.running().is_some() {
        return match small_runtime()?.block_on(control::ask(&instance, &Request::Backup(file), &mut show))? {
            Answer::Done(text) => {
                say(&text);
                Ok(())
            }
            Answer::Failed(why) => anyhow::bail!(why),
            other => anyhow::bail!("the server answered {other:?}"),
        };
    }
    instance.await_end()?;
    anyhow::ensure!(
        instance.dir.join("store").exists(),
        "there is no cluster in {} to make a backup of",
        instance.dir.display()
    );
    let store = storage::Embedded::open(instance.dir.join("store"), storage::Options::default())?;
    say(&small_runtime()?.block_on(write(&instance, &store, &host::node_name(), &file))?);
    store.close();
    Ok(())
}

/// Writes the backup, and says what was written.
pub async fn write(instance: &Instance, store: &dyn Store, node: &str, file: &Path) -> anyhow::Result<String> {
    let about =
        About { podium: env!("CARGO_PKG_VERSION").to_owned(), taken: jiff::Timestamp::now(), node: node.to_owned() };
    let with = backup::attachments(instance, &about)?;
    let revision = store.snapshot(file, with).await?;
    let bytes = std::fs::metadata(file)?.len();
    Ok(format!(
        "{} holds the cluster at revision {} with its certificates and keys ({} KiB): keep it as secret as those",
        file.display(),
        revision.0,
        bytes >> 10
    ))
}
