//! The parameters of a policy's binding.

use apimachinery::selector::labels::Selector;
use serde_json::Value;

use super::definition::{ParamKind, ParamRef};
use crate::{contract::Reader, registry::Rows};

/// Why there are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// No resource has that kind.
    #[error("paramKind kind `{group}/{version}, Kind={kind}` not known")]
    Unknown {
        /// Group.
        group: String,
        /// Version.
        version: String,
        /// Kind.
        kind: String,
    },
    /// Parameters in a namespace, and a request that is in none.
    #[error("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")]
    NoNamespace,
    /// A namespace for what is in none.
    #[error("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")]
    Namespace,
    /// A selector that cannot be read.
    #[error("{0}")]
    Selector(String),
    /// Nothing was found, and something must be.
    #[error("no params found for policy binding with `Deny` parameterNotFoundAction")]
    None,
}

/// The objects that the policy is evaluated with, once for each; `Null` where it takes none.
pub fn collect(
    kind: Option<&ParamKind>,
    reference: Option<&ParamRef>,
    namespace: &str,
    rows: &Rows,
    reader: &dyn Reader,
) -> Result<Vec<Value>, ParamError> {
    let (Some(kind), Some(reference)) = (kind, reference) else { return Ok(vec![Value::Null]) };
    let row = rows.by_kind(&kind.group, &kind.version, &kind.kind).ok_or_else(|| ParamError::Unknown {
        group: kind.group.clone(),
        version: kind.version.clone(),
        kind: kind.kind.clone(),
    })?;
    let namespace = match (row.namespaced, reference.namespace.as_str(), namespace) {
        (false, "", _) => "",
        (false, _, _) => return Err(ParamError::Namespace),
        (true, "", "") => return Err(ParamError::NoNamespace),
        (true, "", namespace) | (true, namespace, _) => namespace,
    };
    let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let found: Vec<Value> = if reference.name.is_empty() {
        let everything = Ok(Selector::everything());
        let selector = reference.selector.as_ref().unwrap_or(&everything);
        let selector = selector.as_ref().map_err(|e| ParamError::Selector(e.clone()))?;
        let all = reader.list(&row.group, &row.plural, namespace);
        all.iter().filter_map(|b| parsed(b)).filter(|o| selector.matches_object(o)).collect()
    } else {
        reader.get(&row.group, &row.plural, namespace, &reference.name).and_then(|b| parsed(&b)).into_iter().collect()
    };
    if found.is_empty() && reference.required {
        return Err(ParamError::None);
    }
    Ok(found)
}
