//! The dependency table of the rooms: which crate may use which.

use std::path::{Path, PathBuf};

use super::Breach;

/// Room → rooms that it may depend on. Development dependencies are free.
const TABLE: &[(&str, &[&str])] = &[
    ("sys", &[]),
    ("apimachinery", &[]),
    ("cel", &["apimachinery"]),
    ("api", &["apimachinery", "cel"]),
    ("storage", &[]),
    ("apiserver", &["api", "apimachinery", "cel", "storage"]),
    ("client", &["api", "apimachinery"]),
    ("controllers", &["client", "api", "apimachinery"]),
    ("scheduler", &["client", "api", "apimachinery"]),
    ("cri", &[]),
    ("kubelet", &["client", "api", "apimachinery", "cri"]),
    ("runtime", &["cri", "sys"]),
    ("image", &["cri", "sys"]),
    ("network", &["cri", "sys", "client", "api", "apimachinery"]),
    (
        "podium",
        &[
            "api",
            "apimachinery",
            "apiserver",
            "client",
            "controllers",
            "cri",
            "image",
            "kubelet",
            "network",
            "runtime",
            "scheduler",
            "storage",
            "sys",
        ],
    ),
    (
        "testing",
        &[
            "api",
            "apimachinery",
            "apiserver",
            "client",
            "controllers",
            "cri",
            "image",
            "kubelet",
            "network",
            "runtime",
            "scheduler",
            "storage",
            "sys",
        ],
    ),
];

/// Crates that rooms without k8s-openapi must not name.
const WITHOUT_TYPED: &[&str] = &["apiserver", "api", "apimachinery", "storage"];

/// Checks every `crates/*/Cargo.toml`.
pub fn check(root: &Path) -> anyhow::Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    let mut names: Vec<String> =
        std::fs::read_dir(root.join("crates"))?.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    for name in names {
        let file = PathBuf::from("crates").join(&name).join("Cargo.toml");
        if root.join(&file).is_file() {
            let text = std::fs::read_to_string(root.join(&file))?;
            breaches.extend(room(&file, &name, &text));
        }
    }
    Ok(breaches)
}

fn room(file: &Path, name: &str, text: &str) -> Vec<Breach> {
    let breach = |line, what| Breach { file: file.to_path_buf(), line, what };
    let Some((_, allowed)) = TABLE.iter().find(|(room, _)| *room == name) else {
        return vec![breach(
            0,
            format!("{name} is no room: add it to the table in xtask/src/tidy/rooms.rs and to ARCHITECTURE.md"),
        )];
    };
    let mut breaches = Vec::new();
    let mut section = "";
    for (at, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            section = line;
            continue;
        }
        if section != "[dependencies]" {
            continue;
        }
        let dependency = line.split(['.', '=', ' ']).next().unwrap_or("");
        let in_house = TABLE.iter().any(|(room, _)| *room == dependency);
        if in_house && !allowed.contains(&dependency) {
            breaches.push(breach(at + 1, format!("{name} may not depend on {dependency}")));
        }
        if dependency == "k8s-openapi" && WITHOUT_TYPED.contains(&name) {
            breaches.push(breach(at + 1, format!("{name} does without k8s-openapi")));
        }
        if dependency == "anyhow" && !["podium", "testing"].contains(&name) {
            breaches
                .push(breach(at + 1, "anyhow is for podium, xtask and tests: a thiserror enum says more".to_owned()));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_keeps_to_its_row() {
        let ok = "[dependencies]\napi.workspace = true\nserde = \"1\"\n[dev-dependencies]\ntesting.workspace = true\n";
        assert_eq!(room(Path::new("x"), "client", ok), vec![]);
        for (name, text, word) in [
            ("client", "[dependencies]\nstorage.workspace = true\n", "may not depend on storage"),
            ("storage", "[dependencies]\nk8s-openapi = \"1\"\n", "does without"),
            ("client", "[dependencies]\nanyhow.workspace = true\n", "anyhow"),
            ("attic", "", "no room"),
        ] {
            let found = room(Path::new("x"), name, text);
            assert!(found.len() == 1 && found[0].what.contains(word), "{name}: {found:?}");
        }
    }
}
