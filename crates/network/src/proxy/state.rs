//! What the table should hold, by owner. Two owners may want the same entry; where they differ the first keeps it until it goes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::table::{Go, Pick, SetId, Value};

/// Who wants an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A service: namespace, name.
    Service(String, String),
    /// The host ports of a sandbox.
    HostPorts(String),
    /// The cluster's DNS, where it cannot have its own port.
    Dns,
}

pub(crate) type Key = (SetId, Vec<u8>);

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    pub set: SetId,
    pub key: Vec<u8>,
    pub value: Value,
}

/// All that an owner wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub(crate) owner: Owner,
    pub(crate) items: Vec<Item>,
}

impl Wish {
    /// Refuses nothing at `ip`, where this node itself answers: a Service for the cluster's DNS may have no endpoints.
    pub(crate) fn spare(&mut self, ip: std::net::Ipv4Addr) {
        let refuses = |item: &Item| matches!(item.set, SetId::Refused | SetId::ClusterIps);
        self.items.retain(|item| !(refuses(item) && item.key.starts_with(&ip.octets())));
    }
}

/// What has to change in the table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    pub add: BTreeMap<SetId, Vec<(Vec<u8>, Value)>>,
    pub delete: BTreeMap<SetId, Vec<Vec<u8>>>,
    /// Chains that entries lead to now and did not before.
    pub picks: BTreeSet<Pick>,
    /// Chains that no entry leads to any more.
    pub unused: BTreeSet<Pick>,
    /// Chains of slots that the new entries lead to.
    pub go: BTreeSet<Go>,
}

impl Delta {
    fn add(&mut self, (set, key): Key, value: Value) {
        if let Value::Go(go) = &value {
            self.go.insert(*go);
        }
        self.add.entry(set).or_default().push((key, value));
    }

    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.delete.is_empty()
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct State {
    owners: HashMap<Owner, Vec<Key>>,
    slots: HashMap<Key, Vec<(Owner, Value)>>,
    /// How many entries lead to a chain.
    picks: HashMap<Pick, usize>,
}

impl State {
    fn effective(&self, key: &Key) -> Option<&Value> {
        self.slots.get(key).and_then(|wanted| wanted.first()).map(|(_, value)| value)
    }

    /// Takes over what some owners want now, and says what that changes.
    pub fn replace(&mut self, wishes: Vec<Wish>) -> Delta {
        let mut before: HashMap<Key, Option<Value>> = HashMap::new();
        for Wish { owner, items } in wishes {
            let old = self.owners.remove(&owner).unwrap_or_default();
            let new: HashMap<Key, Value> = items.into_iter().map(|i| ((i.set, i.key), i.value)).collect();
            for key in old.iter().chain(new.keys()) {
                if !before.contains_key(key) {
                    before.insert(key.clone(), self.effective(key).cloned());
                }
            }
            for key in old.iter().filter(|k| !new.contains_key(*k)) {
                self.drop_wish(key, &owner);
            }
            if !new.is_empty() {
                self.owners.insert(owner.clone(), new.keys().cloned().collect());
            }
            for (key, value) in new {
                let slot = self.slots.entry(key).or_default();
                match slot.iter_mut().find(|(o, _)| *o == owner) {
                    Some((_, there)) => *there = value,
                    None => slot.push((owner.clone(), value)),
                }
            }
        }
        let (mut delta, known) = (Delta::default(), self.picks.clone());
        for (key, old) in before {
            let new = self.effective(&key).cloned();
            if old == new {
                continue;
            }
            if let Some(Value::Pick(pick)) = old {
                *self.picks.entry(pick).or_default() -= 1;
            }
            if let Some(Value::Pick(pick)) = new {
                *self.picks.entry(pick).or_default() += 1;
            }
            if old.is_some() {
                delta.delete.entry(key.0).or_default().push(key.1.clone());
            }
            if let Some(value) = new {
                delta.add(key, value);
            }
        }
        self.picks.retain(|_, count| *count > 0);
        delta.picks = self.picks.keys().filter(|p| !known.contains_key(p)).copied().collect();
        delta.unused = known.into_keys().filter(|p| !self.picks.contains_key(p)).collect();
        delta
    }

    fn drop_wish(&mut self, key: &Key, owner: &Owner) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.retain(|(o, _)| o != owner);
            if slot.is_empty() {
                self.slots.remove(key);
            }
        }
    }

    /// Everything, for a table made anew.
    pub fn all(&self) -> Delta {
        let mut delta = Delta { picks: self.picks.keys().copied().collect(), ..Delta::default() };
        for (key, wanted) in &self.slots {
            if let Some((_, value)) = wanted.first() {
                delta.add(key.clone(), value.clone());
            }
        }
        delta
    }

    /// Owners that want something and are not in `keep`.
    pub fn services_except(&self, keep: &BTreeSet<Owner>) -> Vec<Owner> {
        self.owners.keys().filter(|o| matches!(o, Owner::Service(..)) && !keep.contains(*o)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(owner: &str, items: &[(u8, u8)]) -> Wish {
        let item =
            |(key, value): &(u8, u8)| Item { set: SetId::Slot(0), key: vec![*key], value: Value::Bytes(vec![*value]) };
        Wish { owner: Owner::Service("ns".into(), owner.into()), items: items.iter().map(item).collect() }
    }

    #[test]
    fn chains_live_as_long_as_something_leads_there() {
        let lead = |owner: &str, key: u8, pick: Option<Pick>| Wish {
            owner: Owner::HostPorts(owner.into()),
            items: pick
                .map(|p| Item { set: SetId::Frontends, key: vec![key], value: Value::Pick(p) })
                .into_iter()
                .collect(),
        };
        let mut state = State::default();
        let steps = [
            (lead("a", 1, Some(Pick::Any(1))), vec![Pick::Any(1)], vec![]),
            (lead("b", 2, Some(Pick::Any(1))), vec![], vec![]),
            (lead("a", 1, Some(Pick::Any(2))), vec![Pick::Any(2)], vec![]),
            (lead("b", 2, Some(Pick::Any(2))), vec![], vec![Pick::Any(1)]),
            (lead("a", 1, None), vec![], vec![]),
            (lead("b", 2, None), vec![], vec![Pick::Any(2)]),
        ];
        for (wish, fresh, unused) in steps {
            let delta = state.replace(vec![wish.clone()]);
            assert_eq!(
                (delta.picks, delta.unused),
                (fresh.into_iter().collect(), unused.into_iter().collect()),
                "{wish:?}"
            );
        }
    }

    fn text(mut delta: Delta) -> String {
        let mut deletes: Vec<u8> = delta.delete.remove(&SetId::Slot(0)).unwrap_or_default().concat();
        let add = delta.add.remove(&SetId::Slot(0)).unwrap_or_default();
        let mut adds: Vec<(u8, Value)> = add.into_iter().map(|(k, v)| (k[0], v)).collect();
        deletes.sort_unstable();
        adds.sort_by_key(|a| a.0);
        let adds: Vec<String> = adds
            .into_iter()
            .map(|(k, v)| match v {
                Value::Bytes(b) => format!("{k}:{}", b[0]),
                other => format!("{k}:{other:?}"),
            })
            .collect();
        format!("-{deletes:?} +[{}]", adds.join(" "))
    }

    #[test]
    fn only_what_differs_changes() {
        let mut state = State::default();
        type Step = (&'static str, &'static [(u8, u8)], &'static str);
        let steps: &[Step] = &[
            ("a", &[(1, 1), (2, 2)], "-[] +[1:1 2:2]"),
            ("a", &[(1, 1), (2, 2)], "-[] +[]"),
            ("a", &[(1, 1), (2, 3), (4, 4)], "-[2] +[2:3 4:4]"),
            ("b", &[(1, 1), (2, 9), (5, 5)], "-[] +[5:5]"),
            ("a", &[(1, 1)], "-[2, 4] +[2:9]"),
            ("a", &[], "-[] +[]"),
            ("b", &[], "-[1, 2, 5] +[]"),
        ];
        for (owner, items, want) in steps {
            let delta = state.replace(vec![wish(owner, items)]);
            assert_eq!(&text(delta), want, "{owner} {items:?}");
        }
        assert!(state.slots.is_empty() && state.owners.is_empty());
    }

    #[test]
    fn several_owners_at_once_are_one_change() {
        let mut state = State::default();
        state.replace(vec![wish("a", &[(1, 1)])]);
        let delta = state.replace(vec![wish("a", &[]), wish("b", &[(1, 1), (2, 2)])]);
        assert_eq!(text(delta), "-[] +[2:2]");
        assert_eq!(text(state.all()), "-[] +[1:1 2:2]");
    }
}
