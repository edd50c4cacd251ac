//! What mutating webhooks and policies remember between the two rounds of one request.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use serde_json::Value;

/// The rounds of mutation: when one of the callers changes the object, all plugins run a second and last time, and those callers again
/// that want to see what others did to their work.
#[derive(Default)]
pub struct Rounds(Mutex<State>);

#[derive(Default)]
struct State {
    again: bool,
    wanted: bool,
    memories: BTreeMap<&'static str, Memory>,
}

#[derive(Default)]
struct Memory {
    /// The object as the plugin left it.
    left: Option<Value>,
    /// Were called and want to be called again after a later change.
    invoked: BTreeSet<String>,
    /// Are to be called again.
    due: BTreeSet<String>,
}

impl Memory {
    fn call_again(&mut self) {
        self.due.append(&mut self.invoked);
    }
}

impl Rounds {
    /// Is this the second round?
    #[must_use]
    pub fn again(&self) -> bool {
        self.0.lock().again
    }

    /// Has a webhook or a policy changed the object?
    #[must_use]
    pub fn touched(&self) -> bool {
        self.0.lock().wanted
    }

    /// Begins the second round where one is wanted.
    #[must_use]
    pub fn next(&self) -> bool {
        let mut state = self.0.lock();
        state.again = state.wanted && !state.again;
        state.again
    }

    /// A plugin begins: what the others changed since it left the object counts as a change.
    pub fn begin(&self, plugin: &'static str, object: &Value) {
        let mut state = self.0.lock();
        let again = state.again;
        let memory = state.memories.entry(plugin).or_default();
        if again && memory.left.as_ref() != Some(object) {
            memory.call_again();
        }
    }

    /// A plugin is done.
    pub fn end(&self, plugin: &'static str, object: &Value) {
        let mut state = self.0.lock();
        if !state.again {
            state.memories.entry(plugin).or_default().left = Some(object.clone());
        }
    }

    /// May a caller be called in this round?
    #[must_use]
    pub fn calls(&self, plugin: &'static str, caller: &str) -> bool {
        let state = self.0.lock();
        !state.again || state.memories.get(plugin).is_some_and(|m| m.due.contains(caller))
    }

    /// The object was changed by one of the plugin's callers.
    pub fn changed(&self, plugin: &'static str) {
        let mut state = self.0.lock();
        state.wanted = true;
        state.memories.entry(plugin).or_default().call_again();
    }

    /// A caller was called, and wants to be called again after a later change.
    pub fn invoked(&self, plugin: &'static str, caller: &str) {
        self.0.lock().memories.entry(plugin).or_default().invoked.insert(caller.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_is_called_again() {
        let rounds = Rounds::default();
        let object = json!({});
        rounds.begin("w", &object);
        rounds.invoked("w", "first");
        // The second changes the object: the first has to see it.
        rounds.changed("w");
        rounds.invoked("w", "second");
        rounds.end("w", &object);
        assert!(rounds.next());
        rounds.begin("w", &object);
        assert!(rounds.calls("w", "first"));
        assert!(!rounds.calls("w", "second"));
        // What other plugins changed in between is for everyone.
        rounds.begin("w", &json!({"a": 1}));
        assert!(rounds.calls("w", "second"));
        assert!(!rounds.next());
    }
}
