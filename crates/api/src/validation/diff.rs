//! A unified diff of two values, as it stands in the message of a refused pod update.

use serde_json::Value;

const CONTEXT: usize = 3;

/// The diff of their indented JSON.
pub(super) fn unified(old: &Value, new: &Value) -> String {
    let (old, new) = (lines(old), lines(new));
    let kept = common(&old, &new);
    render(&old, &new, &kept)
}

fn lines(value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    if serde::Serialize::serialize(value, &mut serializer).is_err() {
        return Vec::new();
    }
    String::from_utf8_lossy(&out).lines().map(str::to_owned).collect()
}

/// Pairs of lines that stay: a longest common subsequence of what lies between the equal ends.
fn common(old: &[String], new: &[String]) -> Vec<(usize, usize)> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut length = vec![vec![0u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            length[i][j] = if a[i] == b[j] { length[i + 1][j + 1] + 1 } else { length[i + 1][j].max(length[i][j + 1]) };
        }
    }
    let mut kept: Vec<(usize, usize)> = (0..head).map(|i| (i, i)).collect();
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            kept.push((head + i, head + j));
            (i, j) = (i + 1, j + 1);
        } else if length[i + 1][j] >= length[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    kept.extend((0..tail).rev().map(|i| (old.len() - 1 - i, new.len() - 1 - i)));
    kept
}

/// Lines with their sign and places.
fn script<'l>(old: &'l [String], new: &'l [String], kept: &[(usize, usize)]) -> Vec<(char, &'l str)> {
    let mut out = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (a, b) in kept.iter().copied().chain([(old.len(), new.len())]) {
        out.extend(old[i..a].iter().map(|l| ('-', l.as_str())));
        out.extend(new[j..b].iter().map(|l| ('+', l.as_str())));
        if a < old.len() {
            out.push((' ', old[a].as_str()));
        }
        (i, j) = (a + 1, b + 1);
    }
    out
}

fn render(old: &[String], new: &[String], kept: &[(usize, usize)]) -> String {
    let script = script(old, new, kept);
    let changed: Vec<usize> = (0..script.len()).filter(|i| script[*i].0 != ' ').collect();
    let mut out = String::new();
    let mut next = 0;
    while next < changed.len() {
        let start = changed[next].saturating_sub(CONTEXT);
        let mut last = changed[next];
        while next < changed.len() && changed[next] <= last + 2 * CONTEXT + 1 {
            last = changed[next];
            next += 1;
        }
        let end = (last + CONTEXT + 1).min(script.len());
        let place = |sign: char| 1 + script[..start].iter().filter(|(s, _)| *s != sign).count();
        let size = |sign: char| script[start..end].iter().filter(|(s, _)| *s != sign).count();
        out.push_str(&format!("@@ -{},{} +{},{} @@\n", place('+'), size('+'), place('-'), size('-')));
        for (sign, line) in &script[start..end] {
            out.push(*sign);
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
