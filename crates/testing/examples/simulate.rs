//! Runs simulations from seeds and tells which fail; `cargo xtask simulate` starts it.
#![allow(clippy::print_stdout)]

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use clap::Parser;
use testing::sim::{Outcome, Plan, run};

/// Simulates whole clusters with random workloads and faults.
#[derive(Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// Hours of work and faults of a busy seed (every fourth); the calm ones take eight times as long. About an hour and a
    /// half of rest follows.
    #[arg(long, default_value_t = 1.0)]
    hours: f64,
    /// Only busy seeds.
    #[arg(long)]
    busy: bool,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Show everything that happened.
    #[arg(long)]
    verbose: bool,
    /// Run each seed twice and compare.
    #[arg(long)]
    twice: bool,
    /// Threads; by default one per processor.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let next = AtomicU64::new(arguments.seed);
    let done: Mutex<Vec<Outcome>> = Mutex::default();
    let began = Instant::now();
    let threads = arguments.threads.or(std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= arguments.seed + arguments.seeds {
                        return;
                    }
                    let outcome = one(&arguments, seed);
                    tell(&outcome, arguments.verbose);
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(outcome);
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let failed: Vec<u64> = done.iter().filter(|o| !o.violations.is_empty()).map(|o| o.seed).collect();
    let hours: f64 = done.iter().map(|o| o.simulated.as_secs_f64() / 3600.0).sum();
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    let writes: u64 = done.iter().map(|o| o.writes).sum();
    println!(
        "{} seeds, {hours:.0} simulated hours in {minutes:.2} minutes ({:.0} hours a minute), {writes} writes",
        done.len(),
        hours / minutes
    );
    anyhow::ensure!(failed.is_empty(), "{} seeds failed: {failed:?}", failed.len());
    Ok(())
}

fn one(arguments: &Arguments, seed: u64) -> Outcome {
    let plan = if arguments.busy { Plan::new(seed, arguments.hours) } else { Plan::mixed(seed, arguments.hours) };
    let plan = Plan { verbose: arguments.verbose, ..plan };
    let mut outcome = run(plan);
    if arguments.twice {
        let again = run(plan);
        if again.hash != outcome.hash {
            outcome.violations.push(format!("the same seed gave {} and then {}", outcome.hash, again.hash));
        }
    }
    outcome
}

fn tell(outcome: &Outcome, verbose: bool) {
    let Outcome { seed, hash, simulated, writes, .. } = outcome;
    if verbose || !outcome.violations.is_empty() {
        println!("seed {seed}: {simulated:?}, {writes} writes, {hash}");
        outcome.happened.iter().for_each(|line| println!("  {line}"));
        outcome.said.iter().for_each(|line| println!("  said: {line}"));
        outcome.violations.iter().for_each(|line| println!("  WRONG: {line}"));
    }
}
