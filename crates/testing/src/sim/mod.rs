//! Simulated hours of a whole cluster: several nodes, random workloads, faults, all from one seed, in one thread on paused
//! time. A [`judge::Judge`] sees every write and every container, and [`settled`] says what is missing to peace.
//!
//! A run is: some hours of work and faults; then everything is healed, and the cluster must settle; then it must rest.

mod judge;
mod objects;
mod script;
mod settled;
mod work;
mod world;

use std::time::Duration;

pub use judge::Judge;
pub use world::World;

/// After the last fault the cluster must be as it was asked to be within this time: the longest back-offs are five to ten
/// minutes, and a watch that is lost without a word is given up after at most eleven.
const SETTLES_WITHIN: Duration = Duration::from_secs(30 * 60);
/// How often the state is looked at while it settles.
const LOOK: Duration = Duration::from_secs(20);
/// Writes may trickle in for a while after all is well (events, heartbeats of conditions).
const CALMS_DOWN: Duration = Duration::from_secs(11 * 60);

/// What to simulate.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Everything that is random comes from it.
    pub seed: u64,
    /// Hours of work and faults.
    pub hours: f64,
    /// How many times as long as on a busy day users and chance wait between what they do: at 1, some ninety things an
    /// hour; at 30, three.
    pub pace: u32,
    /// How long the cluster must rest at the end: nothing is written then but heartbeats.
    pub rest: Duration,
    /// Keep everything that happens, not only the last of it.
    pub verbose: bool,
}

impl Plan {
    /// A seed in which the cluster rests for an hour.
    #[must_use]
    pub fn new(seed: u64, hours: f64) -> Self {
        Self { seed, hours, pace: 1, rest: Duration::from_secs(3600), verbose: false }
    }

    /// A busy day for every fourth seed, and for the others eight times as long with little to do: what takes hours to go
    /// wrong (renewals, times to live, histories that grow) shows there, and rare things meet a cluster at rest.
    #[must_use]
    pub fn mixed(seed: u64, hours: f64) -> Self {
        if seed.is_multiple_of(4) {
            return Self::new(seed, hours);
        }
        Self { pace: 30, ..Self::new(seed, hours * 8.0) }
    }

    /// A seed for the tests that run always.
    #[must_use]
    pub fn short(seed: u64) -> Self {
        Self { rest: Duration::from_secs(15 * 60), ..Self::new(seed, 0.3) }
    }
}

/// What became of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// SHA-256 over all that was stored and all that ran, in order: the same for the same seed.
    pub hash: String,
    /// Simulated time.
    pub simulated: Duration,
    /// Commits to the datastore.
    pub writes: u64,
    /// What must not be; empty: all is well.
    pub violations: Vec<String>,
    /// What happened last.
    pub happened: Vec<String>,
    /// The newest of what components said.
    pub said: Vec<String>,
}

/// Runs a plan in a thread's own runtime.
///
/// # Panics
/// The runtime cannot be made.
#[must_use]
pub fn run(plan: Plan) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(simulate(plan))
}

async fn simulate(plan: Plan) -> Outcome {
    let world = World::start(plan.seed, plan.verbose).await;
    work::until(&world, Duration::from_secs_f64(plan.hours * 3600.0), plan.pace).await;
    if world.judge.is_content() {
        world.heal().await;
        settle(&world, plan.rest).await;
    }
    let outcome = Outcome {
        seed: plan.seed,
        hash: world.judge.hash(),
        simulated: world.passed(),
        writes: world.judge.writes(),
        violations: world.judge.violations(),
        happened: world.judge.newest(),
        said: world.said(),
    };
    world.stop();
    outcome
}

/// Waits until the cluster is as it was asked to be; what is still missing when the time is over.
pub async fn settles(world: &World, within: Duration) -> Vec<String> {
    let deadline = tokio::time::Instant::now() + within;
    loop {
        let unmet = settled::unmet(world);
        if unmet.is_empty() || tokio::time::Instant::now() >= deadline {
            return unmet;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for peace, and then that it lasts.
async fn settle(world: &World, rest: Duration) {
    let unmet = settles(world, SETTLES_WITHIN).await;
    if !unmet.is_empty() {
        return unmet.iter().for_each(|what| world.judge.violate(&format!("never: {what}")));
    }
    tokio::time::sleep(CALMS_DOWN).await;
    world.judge.rest(true);
    tokio::time::sleep(rest).await;
    world.judge.rest(false);
    for what in settled::unmet(world) {
        world.judge.violate(&format!("no more: {what}"));
    }
}
