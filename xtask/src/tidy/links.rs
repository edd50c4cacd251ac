//! Dead links in Markdown files: relative paths and anchors within the repository.

use std::path::Path;

use super::Breach;

/// Checks the links of one file.
pub fn check(root: &Path, file: &Path, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut code = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code {
            continue;
        }
        for target in targets(line) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let to = if path.is_empty() { root.join(file) } else { root.join(folder).join(path) };
            if !to.exists() {
                breaches.push(Breach { file: file.to_path_buf(), line: at + 1, what: format!("dead link {target:?}") });
            } else if !anchor.is_empty() && !has_heading(&to, anchor) {
                breaches.push(Breach {
                    file: file.to_path_buf(),
                    line: at + 1,
                    what: format!("no heading for {target:?}"),
                });
            }
        }
    }
    breaches
}

/// The targets of `[text](target)` in a line.
fn targets(line: &str) -> Vec<&str> {
    line.match_indices("](")
        .filter_map(|(at, _)| {
            let rest = &line[at + 2..];
            rest.find(')').map(|end| rest[..end].trim())
        })
        .filter(|t| !t.is_empty())
        .collect()
}

fn has_heading(file: &Path, anchor: &str) -> bool {
    let slug = |h: &str| {
        h.trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-' || *c == '_')
            .map(|c| if c == ' ' { '-' } else { c })
            .collect::<String>()
    };
    std::fs::read_to_string(file).is_ok_and(|text| text.lines().any(|l| l.starts_with('#') && slug(l) == anchor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.md"), "# One two\n").unwrap();
        let text = "[ok](a.md) [web](https://x.example) [head](a.md#one-two) [no](b.md)\n[none](a.md#three)\n```\n[code](c.md)\n```\n";
        let found: Vec<_> = check(root.path(), Path::new("t.md"), text).into_iter().map(|b| (b.line, b.what)).collect();
        assert_eq!(found, [(1, "dead link \"b.md\"".to_owned()), (2, "no heading for \"a.md#three\"".to_owned())]);
    }
}
