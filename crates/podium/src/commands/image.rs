//! `podium image`: through the running server, which owns the image store.

use crate::{
    cli::{DataDir, Image, ImageCommand},
    commands::{say, small_runtime},
    control::{self, Answer, Request},
    instance::Instance,
    report::show,
};

/// Runs one of the image commands.
pub fn run(args: &Image) -> anyhow::Result<()> {
    let (data, request) = match &args.command {
        ImageCommand::Import { data, file } => {
            let file =
                std::fs::canonicalize(file).map_err(|e| anyhow::anyhow!("cannot read {}: {e}", file.display()))?;
            (data, Request::ImageImport(file))
        }
        ImageCommand::List { data } => (data, Request::ImageList),
        ImageCommand::Remove { data, image } => (data, Request::ImageRemove(image.clone())),
        ImageCommand::Pull { data, image } => (data, Request::ImagePull(image.clone())),
    };
    ask(data, &request)
}

fn ask(data: &DataDir, request: &Request) -> anyhow::Result<()> {
    let instance = Instance::new(&data.data_dir)?;
    anyhow::ensure!(
        instance.running().is_some(),
        "no cluster runs in {}: images belong to a running node (start it with `podium up`)",
        instance.dir.display()
    );
    match small_runtime()?.block_on(control::ask(&instance, request, &mut show))? {
        Answer::Done(text) => say(&text),
        Answer::Failed(why) => anyhow::bail!(why),
        other => anyhow::bail!("the server answered {other:?}"),
    }
    Ok(())
}
