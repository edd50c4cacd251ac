//! `cargo xtask codegen FACTS`: makes `crates/api/src/generated` from the facts of an upstream release
//! (`resources.json`, `columns.json`, `schemas.json`, `gotags.json`, `objects.json`). The output is checked in, so that
//! a build needs neither the facts nor this tool. Run `cargo fmt -p api` behind it.

mod facts;
mod resources;
mod types;

use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::path::Path;

/// Reads the facts below `input` and writes the tables of the `api` room below `output`.
pub(crate) fn run(input: &Path, output: &Path) -> Result<()> {
    let facts = facts::Facts::read(input)?;
    let types = types::Types::collect(&facts);
    std::fs::create_dir_all(output).with_context(|| format!("cannot make {}", output.display()))?;
    let mut modules = vec!["resources".to_string(), "nodes".to_string(), "kinds".to_string()];
    for (module, text) in types.fields(&facts) {
        write(output, &module, &text)?;
        modules.push(module);
    }
    write(output, "nodes", &types.nodes())?;
    write(output, "kinds", &types.kinds(&facts))?;
    write(output, "resources", &resources::text(&facts, &types))?;
    modules.sort();
    let mut text = String::from("//! Tables made by `cargo xtask codegen` from upstream's facts; do not edit.\n\n");
    for module in &modules {
        let _ = writeln!(text, "#[rustfmt::skip]\npub(crate) mod {module};");
    }
    text.push_str(MAKERS);
    let path = output.join("mod.rs");
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    let path = output.join("objects.json");
    std::fs::write(&path, facts.bootstrap_objects()?).with_context(|| format!("cannot write {}", path.display()))
}

fn write(output: &Path, module: &str, text: &str) -> Result<()> {
    let path = output.join(format!("{module}.rs"));
    let text = format!("//! Made by `cargo xtask codegen`; do not edit.\n\n{text}");
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Constructors that keep the tables short. They are `const`, so the tables need no start-up code.
const MAKERS: &str = r#"
use apimachinery::schema::{Field, List, ListKind, Map, Node, Str, Struct, TypeRef};
use std::borrow::Cow;

const REQUIRED: u8 = 1;
const POINTER: u8 = 2;
const OMIT_EMPTY: u8 = 4;
const PATCH_MERGE: u8 = 8;
const PATCH_RETAIN_KEYS: u8 = 16;

/// A string.
const fn s(text: &'static str) -> Str {
    Cow::Borrowed(text)
}

/// A field without default, values or merge key.
const fn f(name: &'static str, ty: u32, flags: u8, proto: u32) -> Field {
    g(name, ty, flags, proto, "", &[], "")
}

/// A field with everything.
const fn g(name: &'static str, ty: u32, flags: u8, proto: u32, default: &'static str, values: &'static [Str], merge_key: &'static str) -> Field {
    Field {
        name: s(name),
        ty: TypeRef(ty),
        required: flags & REQUIRED != 0,
        pointer: flags & POINTER != 0,
        omit_empty: flags & OMIT_EMPTY != 0,
        default: s(default),
        values: Cow::Borrowed(values),
        patch_merge: flags & PATCH_MERGE != 0,
        patch_retain_keys: flags & PATCH_RETAIN_KEYS != 0,
        patch_merge_key: s(merge_key),
        proto,
    }
}

/// A struct.
const fn st(name: &'static str, fields: &'static [Field], atomic: bool) -> Node {
    Node::Struct(Struct { name: s(name), fields: Cow::Borrowed(fields), atomic, open: false })
}

/// An atomic list.
const fn la(item: u32) -> Node {
    Node::List(List { item: TypeRef(item), kind: ListKind::Atomic })
}

/// A set.
const fn ls(item: u32) -> Node {
    Node::List(List { item: TypeRef(item), kind: ListKind::Set })
}

/// A list by keys.
const fn lm(item: u32, keys: &'static [Str]) -> Node {
    Node::List(List { item: TypeRef(item), kind: ListKind::Map(Cow::Borrowed(keys)) })
}

/// A map.
const fn mp(value: u32, atomic: bool) -> Node {
    Node::Map(Map { value: TypeRef(value), atomic })
}
"#;
