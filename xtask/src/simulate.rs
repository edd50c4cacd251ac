//! `cargo xtask simulate`: many seeds of the simulation, optimised; the arguments go to `testing`'s example of that name.

use std::{path::Path, process::Command};

/// Runs it; fails when a seed does.
pub fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--release", "--quiet", "--package", "testing", "--example", "simulate", "--"]);
    let status = cargo.args(arguments).current_dir(root).status()?;
    anyhow::ensure!(status.success(), "the simulation found something");
    Ok(())
}
