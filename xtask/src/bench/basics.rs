//! Part `basics`: start, and what an idle cluster costs.

use std::time::{Duration, Instant};

use super::{
    figure::{Values, quantile},
    inside::{Cluster, Podium, done},
};

/// Seconds from nothing to a Ready node, the median of several starts; the last one runs on.
pub fn start(podium: &Podium, times: usize) -> anyhow::Result<f64> {
    let mut taken = Vec::new();
    for _ in 0..times {
        podium.reset()?;
        let begun = Instant::now();
        done(podium.up())?;
        taken.push(begun.elapsed().as_secs_f64());
    }
    Ok(quantile(&mut taken, 0.5))
}

/// Memory and processor time while nobody asks for anything.
pub async fn measure(cluster: &Cluster, values: &mut Values) -> anyhow::Result<()> {
    let (settle, window) = if cluster.side.short { (2, 10) } else { (20, 60) };
    tokio::time::sleep(Duration::from_secs(settle)).await;
    let memory = cluster.programs.memory()?;
    values.insert("idle memory of all processes".to_owned(), memory.all);
    values.insert("of that anonymous".to_owned(), memory.anonymous);
    let (begun, used) = (Instant::now(), cluster.programs.cpu()?);
    tokio::time::sleep(Duration::from_secs(window)).await;
    let share = 100.0 * (cluster.programs.cpu()? - used) / begun.elapsed().as_secs_f64();
    values.insert("idle CPU over a minute".to_owned(), share);
    Ok(())
}
