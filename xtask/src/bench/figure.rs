//! What is measured: every figure with its unit and its goal, and how a run is shown and kept.

use std::{collections::BTreeMap, io::Write, path::Path, process::Command};

use anyhow::Context;
use serde_json::{Value, json};

/// What a figure must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// At most so much.
    AtMost(f64),
    /// So many times upstream's in the same run.
    TimesUpstream(f64),
    /// Only shown.
    None,
}

/// A row of the table.
#[derive(Debug)]
pub struct Figure {
    /// Name, the same in results and tables.
    pub name: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// More is better: a rate.
    pub rate: bool,
    /// Goal.
    pub goal: Goal,
}

const fn least(name: &'static str, unit: &'static str, goal: f64) -> Figure {
    Figure { name, unit, rate: false, goal: Goal::AtMost(goal) }
}

const fn shown(name: &'static str, unit: &'static str) -> Figure {
    Figure { name, unit, rate: false, goal: Goal::None }
}

const fn rate(name: &'static str, unit: &'static str, goal: Goal) -> Figure {
    Figure { name, unit, rate: true, goal }
}

/// Named parts and their figures.
pub const PARTS: &[(&str, &[Figure])] = &[
    (
        "basics",
        &[
            least("start on empty data → node Ready", "s", 0.5),
            least("idle memory of all processes", "MiB PSS", 40.0),
            shown("of that anonymous", "MiB PSS"),
            least("idle CPU over a minute", "% of a core", 0.3),
        ],
    ),
    (
        "node",
        &[
            least("pod create → Running, median", "ms", 50.0),
            least("pod create → Running, p95", "ms", 100.0),
            least("pod delete → gone, median", "ms", 60.0),
            shown("pod delete → gone, p95", "ms"),
            least("100 pods at once → all Running", "s", 2.5),
            least("memory per running pod", "MiB PSS", 1.2),
            least("100 pods deleted → gone", "s", 2.0),
        ],
    ),
    (
        "api",
        &[
            rate("durable ConfigMap creates, 64 connections", "/s", Goal::TimesUpstream(6.0)),
            shown("durable ConfigMap creates, 64 connections, p99", "ms"),
            shown("durable ConfigMap creates, processor time of each", "µs"),
            rate("durable Pod creates, 64 connections", "/s", Goal::TimesUpstream(6.0)),
            shown("durable Pod creates, 64 connections, p99", "ms"),
            shown("durable Pod creates, processor time of each", "µs"),
            rate("GETs of one object, 64 connections", "/s", Goal::TimesUpstream(8.0)),
            shown("GETs of one object, 64 connections, p99", "ms"),
            shown("GETs of one object, processor time of each", "µs"),
            rate("LIST of 12,000 pods", "MB/s", Goal::None),
            least("memory per stored object", "KiB PSS", 10.0),
            least("restart with 24,000 objects → serving", "s", 0.5),
        ],
    ),
];

/// Values by the figure's name.
pub type Values = BTreeMap<String, f64>;

/// How much better Podium is.
fn ratio(figure: &Figure, podium: Option<f64>, upstream: Option<f64>) -> Option<f64> {
    let (p, u) = (podium?, upstream?);
    let (good, bad) = if figure.rate { (p, u) } else { (u, p) };
    (bad > 0.0).then_some(good / bad)
}

/// Whether the goal holds; `None`: there is none, or nothing to compare with.
fn holds(figure: &Figure, podium: Option<f64>, upstream: Option<f64>) -> Option<bool> {
    match figure.goal {
        Goal::AtMost(most) => Some(podium? <= most),
        Goal::TimesUpstream(times) => Some(ratio(figure, podium, upstream)? >= times),
        Goal::None => None,
    }
}

/// Prints a part as a table; the names of the goals that were missed.
pub fn show(part: &str, figures: &[Figure], podium: &Values, upstream: Option<&Values>) -> Vec<&'static str> {
    let cell = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.2}"));
    let mut missed = Vec::new();
    eprintln!("\n{part:50} {:>12} {:>12} {:>8}  goal", "podium", "upstream", "ratio");
    for figure in figures {
        let (p, u) = (podium.get(figure.name).copied(), upstream.and_then(|u| u.get(figure.name)).copied());
        let goal = match figure.goal {
            Goal::AtMost(most) => format!("≤ {most} {}", figure.unit),
            Goal::TimesUpstream(times) => format!("≥ {times} ×"),
            Goal::None => String::new(),
        };
        let verdict = match holds(figure, p, u) {
            Some(true) => "holds",
            Some(false) => "MISSED",
            None => "",
        };
        if verdict == "MISSED" {
            missed.push(figure.name);
        }
        let name = format!("{} [{}]", figure.name, figure.unit);
        eprintln!("{name:50} {:>12} {:>12} {:>8}  {goal:14} {verdict}", cell(p), cell(u), cell(ratio(figure, p, u)));
    }
    missed
}

/// Appends a run to `benches/results/PART.jsonl`: one line with date, commit, machine and both sides. A program that was given
/// and not built here may be of another commit: it is named.
pub fn record(
    root: &Path,
    given: Option<&Path>,
    part: &str,
    figures: &[Figure],
    podium: &Values,
    upstream: Option<&Values>,
) -> anyhow::Result<()> {
    let rows: Vec<Value> = figures
        .iter()
        .filter_map(|f| {
            let (p, u) = (podium.get(f.name).copied(), upstream.and_then(|u| u.get(f.name)).copied());
            p.or(u)?;
            Some(json!({"figure": f.name, "unit": f.unit, "podium": round(p), "upstream": round(u),
                "ratio": round(ratio(f, p, u)), "holds": holds(f, p, u)}))
        })
        .collect();
    let line = json!({"date": first_line("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"], root),
        "commit": first_line("git", &["describe", "--always", "--dirty", "--abbrev=12"], root),
        "program": given, "machine": machine(), "part": part, "figures": rows});
    let folder = root.join("benches/results");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{part}.jsonl"));
    let mut file =
        std::fs::OpenOptions::new().create(true).append(true).open(&path).context(path.display().to_string())?;
    writeln!(file, "{line}")?;
    Ok(())
}

/// Three digits behind the point are more than any figure is worth.
fn round(value: Option<f64>) -> Option<f64> {
    value.map(|v| (v * 1000.0).round() / 1000.0)
}

fn first_line(program: &str, args: &[&str], root: &Path) -> String {
    let out = Command::new(program).args(args).current_dir(root).output();
    let text = out.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Processor, cores, memory, kernel.
fn machine() -> Value {
    let field = |file: &str, key: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|l| l.starts_with(key)).unwrap_or_default();
        line.split_once(':').map(|(_, v)| v.trim().to_owned()).unwrap_or_default()
    };
    json!({"cpu": field("/proc/cpuinfo", "model name"), "memory": field("/proc/meminfo", "MemTotal"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "load": std::fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next()})
}

/// The value below which a share of all lies; sorts.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let at = (share * values.len() as f64) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_say_how_much_better() {
        let faster = rate("r", "/s", Goal::TimesUpstream(6.0));
        assert_eq!(ratio(&faster, Some(600.0), Some(100.0)), Some(6.0));
        assert_eq!(holds(&faster, Some(599.0), Some(100.0)), Some(false));
        assert_eq!(holds(&faster, Some(600.0), None), None);
        let smaller = least("s", "s", 0.5);
        assert_eq!(ratio(&smaller, Some(0.5), Some(2.5)), Some(5.0));
        assert_eq!(holds(&smaller, Some(0.51), None), Some(false));
    }

    #[test]
    fn quantiles_of_few_values() {
        let mut values = [3.0, 1.0, 2.0, 4.0];
        assert_eq!((quantile(&mut values, 0.5), quantile(&mut values, 0.95)), (3.0, 4.0));
        assert!(quantile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = PARTS.iter().flat_map(|(_, f)| f.iter().map(|f| f.name)).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
