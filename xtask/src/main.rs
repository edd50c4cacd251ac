//! Development tasks: `cargo xtask NAME`.

#[cfg(feature = "bench")]
mod bench;
mod codegen;
mod conformance;
mod crash;
mod simulate;
mod tidy;
mod vm;

use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy::run(&root),
        ["crash", args @ ..] => crash::run(&root, args),
        ["simulate", ..] => simulate::run(&root, &args[1..]),
        ["codegen", facts] => codegen::run(facts.as_ref(), &root.join("crates/api/src/generated")),
        ["conformance", ..] => conformance::main(&root, &args[1..]),
        ["vm", options @ ..] => vm::run(&root, &vm::Options::parse(options)?),
        ["bench", ..] => bench(&root, &args[1..]),
        _ => anyhow::bail!(
            "usage: cargo xtask tidy | crash [--seeds N] [--seed S] [--release] | codegen FACTS | conformance --help | vm [--podium PATH] [--cgroup v1|v2] [--no-tests] | bench [basics] [api] [node] [--podium PATH] [--no-upstream] [--shared DIR] [--short] | simulate --seeds N --hours H [--seed S]"
        ),
    }
}

#[cfg(feature = "bench")]
fn bench(root: &std::path::Path, args: &[String]) -> anyhow::Result<()> {
    bench::run(root, args)
}

/// Builds the driver optimised, and hands over to it.
#[cfg(not(feature = "bench"))]
fn bench(root: &std::path::Path, args: &[String]) -> anyhow::Result<()> {
    let status = std::process::Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--package", "xtask", "--features", "bench", "--", "bench"])
        .args(args)
        .current_dir(root)
        .status()?;
    anyhow::ensure!(status.success(), "the bench failed");
    Ok(())
}
