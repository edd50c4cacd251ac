//! Development tasks: `cargo xtask NAME`.

mod codegen;
mod conformance;
mod crash;
mod tidy;
mod vm;

use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy::run(&root),
        ["crash", args @ ..] => crash::run(&root, args),
        ["codegen", facts] => codegen::run(facts.as_ref(), &root.join("crates/api/src/generated")),
        ["conformance", ..] => conformance::main(&root, &args[1..]),
        ["vm", options @ ..] => vm::run(&root, &vm::Options::parse(options)?),
        _ => anyhow::bail!(
            "usage: cargo xtask tidy | crash [--seeds N] [--seed S] [--release] | codegen FACTS | conformance --help | vm [--podium PATH] [--cgroup v1|v2] [--no-tests]"
        ),
    }
}
