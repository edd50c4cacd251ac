//! Nodes that already have the images.

use crate::{cache::NodeInfo, cycle::State, pod::PodInfo};

const LEAST_BYTES: i64 = 23 << 20;
const MOST_BYTES_PER_CONTAINER: i64 = 1000 << 20;

/// 0 to 100 by the size of the pod's images that are on the node, counted less the fewer nodes have them.
pub fn score(state: &State, pod: &PodInfo, node: &NodeInfo) -> i64 {
    let Some(spec) = pod.spec() else { return 0 };
    let mut sum = 0i64;
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let count = i64::try_from(spec.containers.len() + spec.init_containers.as_ref().map_or(0, Vec::len)).unwrap_or(1);
    for container in containers {
        let name = full_name(container.image.as_deref().unwrap_or_default());
        if let Some(bytes) = node.images.get(&name) {
            let nodes = state.image_nodes.get(&name).copied().unwrap_or(1);
            sum += (*bytes as f64 * nodes as f64 / state.nodes.max(1) as f64) as i64;
        }
    }
    let most = MOST_BYTES_PER_CONTAINER * count.max(1);
    (sum.clamp(LEAST_BYTES, most) - LEAST_BYTES) * 100 / (most - LEAST_BYTES)
}

/// With `:latest` where neither tag nor digest is given.
fn full_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or_default();
    if last.contains(':') || last.contains('@') { image.to_owned() } else { format!("{image}:latest") }
}
