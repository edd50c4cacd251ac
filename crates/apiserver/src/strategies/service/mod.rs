//! Services: cluster addresses, node ports, and the fields that depend on the type.

mod families;
mod pool;
mod shape;

use std::{net::IpAddr, sync::Arc};

use apimachinery::field::{FieldError, Path};
use parking_lot::Mutex;
use serde_json::{Value, json};

pub use pool::{Family, Range};
use pool::{Pool, Refused};

use super::json::{list, map, number, text};
use crate::{
    config::{Config, Random},
    contract::{Context, Reader, Strategy, Undo},
};

/// What Services hold; read from the stored ones when it is first needed.
struct Holdings {
    config: Arc<Config>,
    reader: Arc<dyn Reader>,
    pool: Mutex<Option<Pool>>,
}

impl Holdings {
    fn with<T>(&self, act: impl FnOnce(&mut Pool, &Random) -> T) -> T {
        let mut guard = self.pool.lock();
        let pool = guard.get_or_insert_with(|| {
            let mut pool = Pool::new(&self.config.service_cidrs, self.config.node_ports);
            for service in
                self.reader.list("", "services", "").iter().filter_map(|b| serde_json::from_slice::<Value>(b).ok())
            {
                let held = Held::by(&service);
                // What is held outside of the ranges, or twice, stays as it is.
                held.addresses.iter().for_each(|a| drop(pool.take_address(*a)));
                held.ports.iter().for_each(|p| drop(pool.take_port(*p)));
            }
            pool
        });
        act(pool, &self.config.random)
    }
}

/// Addresses and ports.
#[derive(Debug, Default, Clone, PartialEq)]
struct Held {
    addresses: Vec<IpAddr>,
    ports: Vec<u16>,
}

fn port(value: i64) -> Option<u16> {
    u16::try_from(value).ok().filter(|p| *p != 0)
}

impl Held {
    fn by(service: &Value) -> Self {
        let mut held = Self::default();
        if text(service, "/spec/type") != "ExternalName" {
            held.addresses = list(service, "/spec/clusterIPs")
                .iter()
                .filter_map(Value::as_str)
                .filter_map(|a| a.parse().ok())
                .collect();
            if let Ok(single) = text(service, "/spec/clusterIP").parse()
                && !held.addresses.contains(&single)
            {
                held.addresses.push(single);
            }
        }
        held.ports = list(service, "/spec/ports").iter().filter_map(|p| port(number(p, "/nodePort"))).collect();
        held.ports.extend(port(number(service, "/spec/healthCheckNodePort")));
        held.ports.sort_unstable();
        held.ports.dedup();
        held
    }
}

/// The strategy.
pub struct Services {
    holdings: Arc<Holdings>,
}

impl Services {
    /// Ranges are the configuration's.
    #[must_use]
    pub fn new(config: Arc<Config>, reader: Arc<dyn Reader>) -> Self {
        Self { holdings: Arc::new(Holdings { config, reader, pool: Mutex::new(None) }) }
    }
}

fn invalid_port(index: usize, port: u16, refused: &Refused) -> Vec<FieldError> {
    vec![FieldError::invalid(
        &Path::new("spec").child("ports").index(index).child("nodePort"),
        port,
        refused.to_string(),
    )]
}

/// One allocation: what it took so far is known, so that it can be given back.
struct Taking<'p> {
    pool: &'p mut Pool,
    random: &'p Random,
    taken: Held,
}

impl Taking<'_> {
    fn addresses(&mut self, service: &mut Value) -> Result<(), Vec<FieldError>> {
        let path = Path::new("spec").child("clusterIPs");
        let mut chosen: Vec<String> =
            list(service, "/spec/clusterIPs").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if text(service, "/spec/type") == "ExternalName" || chosen.first().is_some_and(|a| a == "None") {
            return Ok(());
        }
        let families: Vec<Family> =
            list(service, "/spec/ipFamilies").iter().filter_map(Value::as_str).filter_map(Family::parse).collect();
        chosen.resize(families.len().max(chosen.len()), String::new());
        let asked = json!(list(service, "/spec/clusterIPs"));
        for (slot, family) in chosen.iter_mut().zip(&families) {
            if slot.is_empty() {
                let address = self.pool.any_address(*family, self.random).map_err(|e| {
                    vec![FieldError::internal(&path, format!("failed to allocate a serviceIP for Service: {e}"))]
                })?;
                *slot = address.to_string();
                self.taken.addresses.push(address);
            } else if let Ok(address) = slot.parse::<IpAddr>() {
                self.pool.take_address(address).map_err(|e| {
                    vec![FieldError::invalid(&path, asked.clone(), format!("failed to allocate IP {address}: {e}"))]
                })?;
                self.taken.addresses.push(address);
            }
        }
        let spec = map(service, "spec");
        if let Some(first) = chosen.first() {
            spec.insert("clusterIP".into(), first.as_str().into());
        }
        spec.insert("clusterIPs".into(), chosen.into());
        Ok(())
    }

    fn port(&mut self, index: usize, wanted: u16) -> Result<(), Vec<FieldError>> {
        self.pool.take_port(wanted).map_err(|e| invalid_port(index, wanted, &e))?;
        self.taken.ports.push(wanted);
        Ok(())
    }

    fn any_port(&mut self) -> Result<u16, Vec<FieldError>> {
        let port = self.pool.any_port(self.random).map_err(|e| {
            vec![FieldError::internal(&Path::new("spec").child("ports"), format!("failed to allocate a nodePort: {e}"))]
        })?;
        self.taken.ports.push(port);
        Ok(port)
    }

    /// Node ports of a new service: two ports of one number (TCP and UDP) share theirs.
    fn new_ports(&mut self, service: &mut Value) -> Result<(), Vec<FieldError>> {
        let automatic = shape::allocates_ports(service);
        let mut by_port: Vec<(i64, u16)> = Vec::new();
        let ports = list(service, "/spec/ports").to_vec();
        for (i, item) in ports.iter().enumerate() {
            let (number_, wanted) = (number(item, "/port"), port(number(item, "/nodePort")));
            if wanted.is_none() && !automatic {
                continue;
            }
            let shared = by_port.iter().find(|(p, _)| *p == number_).map(|(_, n)| *n);
            let node_port = match (shared, wanted) {
                (Some(shared), None) => shared,
                (Some(shared), Some(wanted)) => {
                    if wanted != shared {
                        self.port(i, wanted)?;
                    }
                    wanted
                }
                (None, _) => {
                    let requested = ports
                        .iter()
                        .find(|p| number(p, "/port") == number_ && number(p, "/nodePort") != 0)
                        .and_then(|p| port(number(p, "/nodePort")));
                    let chosen = match requested {
                        Some(requested) => {
                            self.port(i, requested)?;
                            requested
                        }
                        None => self.any_port()?,
                    };
                    by_port.push((number_, chosen));
                    chosen
                }
            };
            service["spec"]["ports"][i]["nodePort"] = node_port.into();
        }
        Ok(())
    }

    fn changed_ports(&mut self, service: &mut Value, old: &Value) -> Result<(), Vec<FieldError>> {
        let automatic = shape::allocates_ports(service);
        let mut held: Vec<u16> = list(old, "/spec/ports").iter().filter_map(|p| port(number(p, "/nodePort"))).collect();
        for (i, item) in list(service, "/spec/ports").to_vec().iter().enumerate() {
            match port(number(item, "/nodePort")) {
                Some(wanted) if held.contains(&wanted) => {}
                Some(wanted) => {
                    self.port(i, wanted)?;
                    held.push(wanted);
                }
                None if automatic => service["spec"]["ports"][i]["nodePort"] = self.any_port()?.into(),
                None => {}
            }
        }
        Ok(())
    }

    fn health_port(&mut self, service: &mut Value) -> Result<(), Vec<FieldError>> {
        let path = Path::new("spec").child("healthCheckNodePort");
        match port(number(service, "/spec/healthCheckNodePort")) {
            Some(wanted) => {
                self.pool.take_port(wanted).map_err(|e| {
                    vec![FieldError::internal(
                        &path,
                        format!("failed to allocate requested HealthCheck NodePort {wanted}: {e}"),
                    )]
                })?;
                self.taken.ports.push(wanted);
            }
            None => {
                let chosen = self.any_port()?;
                map(service, "spec").insert("healthCheckNodePort".into(), chosen.into());
            }
        }
        Ok(())
    }

    fn create(&mut self, service: &mut Value) -> Result<(), Vec<FieldError>> {
        families::fill(service, None, self.pool)?;
        self.addresses(service)?;
        if shape::on_nodes(service) {
            self.new_ports(service)?;
        }
        if shape::needs_health_port(service) {
            self.health_port(service)?;
        }
        Ok(())
    }

    fn update(&mut self, service: &mut Value, old: &Value) -> Result<(), Vec<FieldError>> {
        families::fill(service, Some(old), self.pool)?;
        self.changed_addresses(service, old)?;
        if shape::on_nodes(service) {
            self.changed_ports(service, old)?;
        }
        if shape::needs_health_port(service) && !shape::needs_health_port(old) {
            self.health_port(service)?;
        }
        Ok(())
    }

    fn changed_addresses(&mut self, service: &mut Value, old: &Value) -> Result<(), Vec<FieldError>> {
        if families::keeps_preference(service, old) {
            return Ok(());
        }
        let external = |s: &Value| text(s, "/spec/type") == "ExternalName";
        if external(old) && !external(service) {
            return self.addresses(service);
        }
        let headless = list(old, "/spec/clusterIPs").first().is_some_and(|a| a == "None");
        let upgraded = list(old, "/spec/ipFamilies").len() == 1 && list(service, "/spec/ipFamilies").len() == 2;
        if headless || external(service) || !upgraded {
            return Ok(());
        }
        let path = Path::new("spec").child("clusterIPs");
        let second = list(service, "/spec/clusterIPs").get(1).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(family) = list(service, "/spec/ipFamilies").get(1).and_then(Value::as_str).and_then(Family::parse)
        else {
            return Ok(());
        };
        let address = match second.parse::<IpAddr>() {
            Ok(address) => {
                self.pool.take_address(address).map_err(|e| {
                    vec![FieldError::invalid(
                        &path,
                        json!(list(service, "/spec/clusterIPs")),
                        format!("failed to allocate IP {address}: {e}"),
                    )]
                })?;
                address
            }
            Err(_) => self
                .pool
                .any_address(family, self.random)
                .map_err(|e| vec![FieldError::internal(&path, e.to_string())])?,
        };
        self.taken.addresses.push(address);
        let mut all = list(service, "/spec/clusterIPs").to_vec();
        all.truncate(1);
        all.push(address.to_string().into());
        map(service, "spec").insert("clusterIPs".into(), all.into());
        Ok(())
    }
}

fn give_back(pool: &mut Pool, held: &Held) {
    held.addresses.iter().for_each(|a| pool.free_address(*a));
    held.ports.iter().for_each(|p| pool.free_port(*p));
}

impl Strategy for Services {
    fn prepare_create(&self, _context: &Context<'_>, object: &mut Value) {
        shape::plural_address(object, None);
        object["status"] = json!({"loadBalancer": {}});
    }

    fn prepare_update(&self, context: &Context<'_>, object: &mut Value, old: &Value) {
        if !context.subresource.is_empty() {
            return;
        }
        shape::plural_address(object, Some(old));
        shape::keep_allocated(object, old);
        shape::drop_of_other_types(object, old);
    }

    fn allocate(
        &self,
        context: &Context<'_>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<Option<Undo>, Vec<FieldError>> {
        if !context.subresource.is_empty() {
            return Ok(None);
        }
        let taken = self.holdings.with(|pool, random| {
            let mut taking = Taking { pool, random, taken: Held::default() };
            let result = match old {
                None => taking.create(object),
                Some(old) => taking.update(object, old),
            };
            let taken = std::mem::take(&mut taking.taken);
            if result.is_err() || context.dry_run {
                give_back(pool, &taken);
            }
            result.map(|()| taken)
        })?;
        if context.dry_run || taken == Held::default() {
            return Ok(None);
        }
        let holdings = self.holdings.clone();
        Ok(Some(Box::new(move || holdings.with(|pool, _| give_back(pool, &taken)))))
    }

    fn committed(&self, object: Option<&Value>, old: Option<&Value>) {
        let Some(old) = old else { return };
        let (before, after) = (Held::by(old), object.map(Held::by).unwrap_or_default());
        let freed = Held {
            addresses: before.addresses.into_iter().filter(|a| !after.addresses.contains(a)).collect(),
            ports: before.ports.into_iter().filter(|p| !after.ports.contains(p)).collect(),
        };
        if freed != Held::default() {
            self.holdings.with(|pool, _| give_back(pool, &freed));
        }
    }
}

#[cfg(test)]
mod tests;
