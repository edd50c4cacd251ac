//! `/metrics`: a small, honest selection in Prometheus' text form.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use parking_lot::Mutex;

/// Upper bounds of the duration buckets in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0];

#[derive(Debug, Default, Clone, Copy)]
struct Durations {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

/// Counters of requests.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    durations: Mutex<BTreeMap<&'static str, Durations>>,
}

impl Metrics {
    /// Counts one answer.
    pub fn count(&self, verb: &'static str, code: u16, took: Duration) {
        *self.requests.lock().entry((verb, code)).or_default() += 1;
        let seconds = took.as_secs_f64();
        let mut all = self.durations.lock();
        let durations = all.entry(verb).or_default();
        durations.count += 1;
        durations.sum += seconds;
        for (bucket, bound) in durations.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= bound);
        }
    }

    /// The text; `gauges` are (name, help, value, labels).
    #[must_use]
    pub fn text(&self, gauges: &[(&str, &str, u64, String)]) -> String {
        let mut out =
            String::from("# HELP apiserver_request_total Requests answered.\n# TYPE apiserver_request_total counter\n");
        // Writing to a String cannot fail.
        for ((verb, code), count) in self.requests.lock().iter() {
            let _ =
                writeln!(out, "apiserver_request_total{{verb=\"{}\",code=\"{code}\"}} {count}", verb.to_uppercase());
        }
        out.push_str("# HELP apiserver_request_duration_seconds Time until the head of the answer.\n# TYPE apiserver_request_duration_seconds histogram\n");
        for (verb, durations) in self.durations.lock().iter() {
            let verb = verb.to_uppercase();
            for (count, bound) in durations.buckets.iter().zip(BUCKETS) {
                let _ = writeln!(
                    out,
                    "apiserver_request_duration_seconds_bucket{{verb=\"{verb}\",le=\"{bound}\"}} {count}"
                );
            }
            let (count, sum) = (durations.count, durations.sum);
            let _ = writeln!(out, "apiserver_request_duration_seconds_bucket{{verb=\"{verb}\",le=\"+Inf\"}} {count}");
            let _ = writeln!(out, "apiserver_request_duration_seconds_sum{{verb=\"{verb}\"}} {sum}");
            let _ = writeln!(out, "apiserver_request_duration_seconds_count{{verb=\"{verb}\"}} {count}");
        }
        let mut last = "";
        for (name, help, value, labels) in gauges {
            if *name != last {
                let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
                last = name;
            }
            let _ = writeln!(out, "{name}{labels} {value}");
        }
        out
    }
}
