//! `cargo xtask crash [--seeds N] [--seed S] [--release]`: many lives of the datastore on a bad disk, or the replay of one.

use std::{path::Path, process::Command};

use anyhow::Context;

/// Lives, unless told otherwise.
const SEEDS: u64 = 5_000;

/// Runs the seeded crash test of `crates/storage/tests/crash`.
pub fn run(root: &Path, args: &[&str]) -> anyhow::Result<()> {
    let (mut seeds, mut first, mut release) = (None, None, false);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut number =
            || rest.next().with_context(|| format!("{arg} needs a number"))?.parse::<u64>().map_err(anyhow::Error::new);
        match *arg {
            "--seeds" => seeds = Some(number()?),
            "--seed" => first = Some(number()?),
            "--release" => release = true,
            other => anyhow::bail!("crash does not know {other}"),
        }
    }
    let seeds = seeds.unwrap_or(if first.is_some() { 1 } else { SEEDS });
    let first = first.unwrap_or(1);
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["test", "--quiet", "--package", "storage", "--test", "crash"]);
    if release {
        cargo.arg("--release");
    }
    cargo.args(["--", "--exact", "seeds"]);
    cargo.env("CRASH_SEEDS", seeds.to_string()).env("CRASH_SEED", first.to_string());
    let begun = std::time::Instant::now();
    anyhow::ensure!(cargo.status()?.success(), "a seed from {first} to {} failed, see above", first + seeds - 1);
    eprintln!("crash: {seeds} seeds from {first} in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}
