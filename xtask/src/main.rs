//! Development tasks: `cargo xtask NAME`.

mod codegen;
mod conformance;
mod tidy;

use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy::run(&root),
        ["codegen", facts] => codegen::run(facts.as_ref(), &root.join("crates/api/src/generated")),
        ["conformance", ..] => conformance::main(&root, &args[1..]),
        _ => anyhow::bail!("usage: cargo xtask tidy | codegen FACTS | conformance --help"),
    }
}
