//! The runtime's own tests, built here and run in the guest: they are static programs.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

use super::output;

/// Copies them into the shared folder, with the program that they start as a sandbox and the path where they look for it.
pub fn copy(root: &Path, share: &Path) -> anyhow::Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["test", "--package", "runtime", "--tests", "--no-run", "--message-format=json"]);
    let messages = output(&mut cargo)?;
    let programs: Vec<(String, PathBuf)> = messages.lines().filter_map(program).collect();
    std::fs::create_dir_all(share.join("tests"))?;
    for (name, path) in &programs {
        let to = if name == "runtime-sandbox" { share.join(name) } else { share.join("tests").join(name) };
        std::fs::copy(path, to)?;
    }
    let sandbox =
        programs.iter().find(|(name, _)| name == "runtime-sandbox").context("no runtime-sandbox was built")?;
    std::fs::write(share.join("sandbox-path"), sandbox.1.to_string_lossy().as_bytes())?;
    Ok(())
}

/// A program that cargo says it built: of the target's name, where it is.
fn program(message: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let wanted = message["target"]["kind"].as_array()?.iter().any(|kind| kind == "test" || kind == "bin");
    let test = message["profile"]["test"].as_bool()?;
    let name = message["target"]["name"].as_str()?;
    // The unit tests of a binary are a program of the same name.
    (wanted && test == (name != "runtime-sandbox"))
        .then(|| Some((name.to_owned(), message["executable"].as_str()?.into())))?
}
