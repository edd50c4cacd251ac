//! The patches that Kubernetes takes: JSON patch, JSON merge patch, strategic merge patch.
pub mod json;
pub mod merge;
mod order;
pub mod strategic;

use crate::status::Status;

/// A patch that cannot be applied. The texts are Kubernetes'.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The patch is not of the form that its type asks for.
    #[error("{0}")]
    Malformed(String),
    /// More operations than are taken at once.
    #[error("The allowed maximum operations in a JSON patch is {max}, got {got}")]
    TooManyOperations {
        /// In this patch.
        got: usize,
        /// The bound.
        max: usize,
    },
    /// An operation of a JSON patch fails on this object.
    #[error("{0}")]
    Operation(String),
    /// Something that is no JSON object.
    #[error("invalid JSON document")]
    BadDocument,
    /// `$deleteFromPrimitiveList` is not a list.
    #[error("invalid patch format of primitive list")]
    BadPrimitiveList,
    /// `$retainKeys` is not a list, or does not name what the patch sets.
    #[error("invalid patch format of retainKeys")]
    BadRetainKeys,
    /// `$setElementOrder` is not a list of the right things.
    #[error("invalid patch format of setElementOrder list")]
    BadElementOrder,
    /// Lists of lists cannot be merged.
    #[error("lists of lists are not supported")]
    ListOfLists,
    /// Items of one list are of different types.
    #[error("list element types are not identical: {0}")]
    MixedList(String),
    /// An item lacks the field that identifies it.
    #[error("map: {item} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The item as Go prints it.
        item: String,
        /// The field.
        key: String,
    },
    /// A list of objects that has no field to identify them by.
    #[error("cannot merge lists without merge key for {0}")]
    NoDeclaredMergeKey(String),
    /// An unknown `$patch` directive.
    #[error("unknown patch type: {directive} in map: {map}")]
    BadDirective {
        /// As Go prints it.
        directive: String,
        /// As Go prints it.
        map: String,
    },
    /// `$patch: merge` in a list.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirectiveInList,
    /// The items of the patch are not in the order that it asks for.
    #[error("The order in patch list:\n{patch}\n doesn't match $setElementOrder list:\n{order}\n")]
    OrderMismatch {
        /// As Go prints it.
        patch: String,
        /// As Go prints it.
        order: String,
    },
}

impl PatchError {
    /// The answer to the client.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            PatchError::Malformed(_)
            | PatchError::BadDocument
            | PatchError::BadPrimitiveList
            | PatchError::BadRetainKeys
            | PatchError::BadElementOrder => Status::bad_request(self.to_string()),
            PatchError::TooManyOperations { .. } => Status::too_large(&self.to_string()),
            // Kubernetes drops the detail here; it stays in the error for our own logs.
            PatchError::Operation(_) | PatchError::ListOfLists => Status::unprocessable(),
            PatchError::MixedList(_)
            | PatchError::NoMergeKey { .. }
            | PatchError::NoDeclaredMergeKey(_)
            | PatchError::BadDirective { .. }
            | PatchError::MergeDirectiveInList
            | PatchError::OrderMismatch { .. } => Status::failure(500, "", self.to_string()),
        }
    }
}

/// The bare name of a value's type, as Go's JSON errors say it.
pub(crate) fn type_name(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "bool",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    }
}
