//! Rules on Rust sources: sizes, walls that are not crates, and words that stand for unfinished work.

use std::path::Path;

use super::Breach;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;

/// A word, where it may stand, and why not elsewhere.
struct Forbidden {
    word: &'static str,
    /// Path prefixes where it is fine.
    except: &'static [&'static str],
    why: &'static str,
}

const FORBIDDEN: &[Forbidden] = &[
    Forbidden { word: "unsafe {", except: &["crates/sys/"], why: "unsafe lives in sys only" },
    Forbidden { word: "unsafe fn", except: &["crates/sys/"], why: "unsafe lives in sys only" },
    Forbidden { word: "unsafe impl", except: &["crates/sys/"], why: "unsafe lives in sys only" },
    Forbidden { word: "todo!(", except: &[], why: "nothing unfinished lands" },
    Forbidden { word: "unimplemented!(", except: &[], why: "nothing unfinished lands" },
    Forbidden { word: "TODO", except: &[], why: "what is missing goes to docs/status.md" },
    Forbidden { word: "FIXME", except: &[], why: "what is missing goes to docs/status.md" },
    Forbidden { word: "#[ignore", except: &[], why: "a test runs or is not there" },
    Forbidden { word: "Other(String)", except: &[], why: "an error says what was tried, on what" },
    // A module that several test binaries share is never used whole by each of them.
    Forbidden { word: "allow(dead_code", except: &["/tests/common/"], why: "delete what is dead" },
    Forbidden {
        word: "std::env::",
        except: &[
            "crates/podium/",
            "crates/testing/",
            "/tests/",
            "/tests.rs",
            "_tests.rs",
            "/examples/",
            "/src/bin/",
            "build.rs",
        ],
        why: "podium resolves the configuration and hands it in",
    },
    Forbidden { word: "getaddrinfo", except: &[], why: "static glibc has no NSS: resolve with hickory" },
];

/// What a `plan.rs` must not name: it decides from values.
const IO: &[&str] = &["std::fs", "std::net", "tokio::", "Instant::now", "SystemTime::now", "Timestamp::now"];

/// Rooms of the simulation: a seed replays there. Their parts that only connections use are left out.
const SIMULATED: &[&str] = &[
    "crates/apiserver/src/",
    "crates/client/src/",
    "crates/controllers/src/",
    "crates/kubelet/src/",
    "crates/scheduler/src/",
];
const CONNECTIONS: &[&str] =
    &["listener.rs", "client/src/https.rs", "kubelet/src/streaming/", "kubelet/src/logs/", "connect/"];
/// What a simulation cannot hand in, and where it is handed in from.
const UNSEEDED: &[(&str, &str)] = &[
    ("SystemTime::now", "env.rs"),
    ("Timestamp::now", "env.rs"),
    ("std::time::Instant", ""),
    ("spawn_blocking", "env.rs"),
];

/// What would make two runs of a seed differ: (line, what).
fn unseeded(path: &str, text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let is = |parts: &[&str]| parts.iter().any(|part| path.contains(part));
    if !is(SIMULATED) || is(CONNECTIONS) || is(&["/tests", "_tests.rs", "tests.rs"]) {
        return found;
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.starts_with("//")) {
        if line.contains("select! {") && lines.get(at + 1) != Some(&"biased;") {
            found.push((at + 1, "select! without biased; chooses at random: a seed must replay".to_owned()));
        }
        for (word, from) in UNSEEDED {
            if line.contains(word) && (from.is_empty() || !path.ends_with(from)) {
                found.push((
                    at + 1,
                    format!("{word:?}: time and threads are handed in (client::Env), so that a seed replays"),
                ));
            }
        }
    }
    found
}

/// Checks one file.
pub fn check(file: &Path, text: &str) -> Vec<Breach> {
    let path = file.to_string_lossy().replace('\\', "/");
    if path.contains("/generated/") || path.starts_with("xtask/src/tidy/") {
        return Vec::new();
    }
    let breach = |line, what| Breach { file: file.to_path_buf(), line, what };
    let mut breaches = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES {
        breaches.push(breach(0, format!("{lines} lines: split it, {FILE_LINES} are the end")));
    }
    if file.file_stem().is_some_and(|s| s == "utils" || s == "util" || s == "helpers") {
        breaches.push(breach(0, "name it after what it does".to_owned()));
    }
    if path.starts_with("crates/") || path.starts_with("tests/") {
        for (at, line) in text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
            for f in FORBIDDEN {
                // Constants of the target are no configuration.
                let constant = line.contains("std::env::consts");
                if line.contains(f.word) && !constant && !f.except.iter().any(|e| path.contains(e)) {
                    breaches.push(breach(at + 1, format!("{:?}: {}", f.word, f.why)));
                }
            }
            if file.file_name().is_some_and(|n| n == "plan.rs")
                && let Some(word) = IO.iter().find(|w| line.contains(**w))
            {
                breaches.push(breach(at + 1, format!("{word:?}: a plan does no IO and reads no clock")));
            }
        }
    }
    breaches.extend(unseeded(&path, text).into_iter().map(|(line, what)| breach(line, what)));
    breaches.extend(
        long_functions(text)
            .into_iter()
            .map(|(line, n)| breach(line, format!("a function of {n} lines: {FUNCTION_LINES} are the end"))),
    );
    breaches
}

/// Functions longer than the limit, by the indentation that rustfmt guarantees: (line, length).
fn long_functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim_start();
        let starts = [
            "fn ",
            "pub fn ",
            "async fn ",
            "pub async fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "const fn ",
            "pub const fn ",
        ];
        if !starts.iter().any(|s| words.starts_with(s)) {
            continue;
        }
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines[at..].iter().take(2_000).position(|l| *l == end).map_or(0, |n| n + 1);
        if length > FUNCTION_LINES {
            found.push((at + 1, length));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(Path::new(path), text).into_iter().map(|b| b.what).collect()
    }

    #[test]
    fn each_rule_finds_its_breach_and_nothing_else() {
        for (path, text, word) in [
            ("crates/api/src/a.rs", "fn f() { unsafe { g() } }\n", "unsafe"),
            ("crates/api/src/a.rs", "    todo!()\n", "unfinished"),
            ("crates/api/src/utils.rs", "", "name it"),
            ("crates/network/src/proxy/plan.rs", "let now = Timestamp::now();\n", "no IO"),
            ("crates/kubelet/src/a.rs", "let x = std::env::var(\"X\");\n", "configuration"),
            ("crates/kubelet/src/a.rs", "tokio::select! {\n    a = b => {}\n}\n", "biased"),
            ("crates/scheduler/src/a.rs", "let now = Timestamp::now();\n", "handed in"),
        ] {
            let what = found(path, text);
            assert!(what.len() == 1 && what[0].contains(word), "{path}: {what:?}");
        }
        assert!(found("crates/sys/src/a.rs", "fn f() { unsafe { g() } }\n").is_empty());
        assert!(found("crates/client/src/a.rs", "select! {\n    biased;\n}\n").is_empty());
        assert!(found("crates/client/src/env.rs", "Timestamp::now()\n").is_empty());
        assert!(found("crates/api/src/a.rs", "// an unsafe { } in words\n").is_empty());
        assert!(found("crates/api/src/generated/t.rs", &"x\n".repeat(900)).is_empty());
    }

    #[test]
    fn sizes() {
        assert_eq!(found("crates/api/src/a.rs", &"// x\n".repeat(501)).len(), 1);
        let long = format!("    pub fn f() {{\n{}    }}\n", "        x();\n".repeat(69));
        assert_eq!(long_functions(&long), vec![(1, 71)]);
        let fits = format!("fn f() {{\n{}}}\n", "    x();\n".repeat(68));
        assert_eq!(long_functions(&fits), vec![]);
    }
}
