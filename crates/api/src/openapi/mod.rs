//! OpenAPI v3 documents, one per group-version, from the same table as everything else. Descriptions are left out.

mod paths;
mod schemas;

use crate::Resource;
use serde_json::{Map, Value, json};

/// The document of a group-version. `rows` are its resources; the kinds that they need come with them.
#[must_use]
pub fn v3(group: &str, version: &str, rows: &[&Resource]) -> Value {
    let mut schemas = schemas::Schemas::new(group, version);
    let mut all = Map::new();
    for row in rows {
        paths::of_resource(row, &mut schemas, &mut all);
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": all,
        "components": {
            "schemas": schemas.finish(),
            "securitySchemes": {"BearerToken": {"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header"}},
        },
    })
}

#[cfg(test)]
mod tests;
