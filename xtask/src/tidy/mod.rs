//! `cargo xtask tidy`: the house rules that the compiler cannot check.

mod links;
mod rooms;
mod sources;

use std::path::{Path, PathBuf};

/// One breach of a rule: where, and what to do about it.
#[derive(Debug, PartialEq)]
pub struct Breach {
    /// File, relative to the repository.
    pub file: PathBuf,
    /// Line, 0 for the whole file.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Checks the repository at `root`; prints every breach and fails when there is one.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let mut breaches = rooms::check(root)?;
    let files = tracked(root)?;
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
        breaches.extend(sources::check(file, &std::fs::read_to_string(root.join(file))?));
    }
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "md")) {
        breaches.extend(links::check(root, file, &std::fs::read_to_string(root.join(file))?));
    }
    for b in &breaches {
        eprintln!("{}:{}: {}", b.file.display(), b.line, b.what);
    }
    anyhow::ensure!(breaches.is_empty(), "{} breaches of the house rules", breaches.len());
    eprintln!("tidy: {} files are in order", files.len());
    Ok(())
}

/// Files that git tracks or would track.
fn tracked(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let out =
        std::process::Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(root).output()?;
    anyhow::ensure!(out.status.success(), "git ls-files failed in {}", root.display());
    let mut files: Vec<PathBuf> =
        String::from_utf8(out.stdout)?.lines().map(PathBuf::from).filter(|f| root.join(f).is_file()).collect();
    files.sort();
    Ok(files)
}
