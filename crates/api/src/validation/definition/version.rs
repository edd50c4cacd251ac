//! One version: schema, subresources, columns, selectable fields.

use super::{At, Report, defaults, schema, structural};
use crate::{access::flag, custom::Structural};
use serde_json::Value;

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
/// A version has at most so many fields of its own for selectors.
const SELECTABLE: usize = 8;

pub(super) fn version(version: &At<'_>, report: &mut Report) {
    deprecation(version, report);
    let subresources = version.child("subresources");
    let schema = version.child("schema");
    if !schema.child("openAPIV3Schema").is_absent() {
        whole_schema(&schema.child("openAPIV3Schema"), subresources.has("status"), report);
    }
    scale(&subresources.child("scale"), report);
    for column in version.child("additionalPrinterColumns").items() {
        self::column(&column, report);
    }
    let fields = version.child("selectableFields");
    if fields.count() > 0 {
        if schema.child("openAPIV3Schema").is_absent() {
            report.invalid_value(&fields, "", "may only be set when `version.schema.openAPIV3Schema` is not included");
        } else {
            selectable(&fields, &Structural::parse(schema.field("openAPIV3Schema")), report);
        }
    }
}

fn deprecation(version: &At<'_>, report: &mut Report) {
    let warning = version.child("deprecationWarning");
    let Some(text) = warning.value.as_str() else { return };
    if !flag(version.field("deprecated")) {
        report.invalid(&warning, "can only be set for deprecated versions");
        return;
    }
    if text.len() > 256 {
        report.invalid(&warning, "must be <= 256 characters long");
    }
    if text.is_empty() {
        report.invalid(&warning, "must not be an empty string");
    }
    if let Some((index, _)) = text.char_indices().find(|(_, c)| c.is_control()) {
        let what = "must only contain printable UTF-8 characters; non-printable character found at index";
        report.invalid(&warning, format!("{what} {index}"));
    }
}

fn whole_schema(schema_at: &At<'_>, status: bool, report: &mut Report) {
    if status {
        root_fields(schema_at, report);
    }
    if flag(schema_at.field("nullable")) {
        report.forbidden(&schema_at.child("nullable"), "nullable cannot be true at the root");
    }
    let mut found = Report::default();
    structural::check(schema_at, &mut found);
    if found.errors.is_empty() {
        defaults::check(schema_at, &mut found);
    } else {
        found.errors.sort_by_key(ToString::to_string);
    }
    report.errors.extend(found.errors);
    schema::check(schema_at, report);
}

/// Fields that the root of a schema may have beside a status of its own.
const AT_ROOT: [&str; 22] = [
    "description",
    "type",
    "format",
    "title",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "required",
    "items",
    "properties",
    "externalDocs",
    "example",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
];
/// The same as upstream names them.
const ROOT_NAMES: &str = "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";

fn root_fields(schema: &At<'_>, report: &mut Report) {
    let kind = schema.child("type");
    if !kind.text().is_empty() && kind.text() != "object" {
        report.invalid(
            &kind,
            "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled",
        );
    }
    if crate::access::entries(schema.value).any(|(key, _)| !AT_ROOT.contains(&key.as_str())) {
        report.invalid(
            schema,
            format!(
                "only {ROOT_NAMES} fields are allowed at the root of the schema if the status subresource is enabled"
            ),
        );
    }
}

fn simple_path(at: &At<'_>, report: &mut Report) -> bool {
    let wrong = !at.text().starts_with('.');
    if wrong {
        report.invalid(at, "must be a simple json path starting with .");
    }
    !wrong
}

fn scale(scale: &At<'_>, report: &mut Report) {
    if scale.is_absent() {
        return;
    }
    for (field, front) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
        let at = scale.child(field);
        if at.text().is_empty() {
            report.required(&at, "");
        } else if simple_path(&at, report) && !at.text().starts_with(front) {
            report.invalid(&at, format!("should be a json path under {}", front.trim_end_matches('.')));
        }
    }
    let selector = scale.child("labelSelectorPath");
    if !selector.text().is_empty()
        && simple_path(&selector, report)
        && ![".spec.", ".status."].iter().any(|front| selector.text().starts_with(front))
    {
        report.invalid(&selector, "should be a json path under either .spec or .status");
    }
}

fn column(column: &At<'_>, report: &mut Report) {
    let name = column.child("name");
    if name.text().is_empty() {
        report.required(&name, "");
    }
    let kind = column.child("type");
    let one_of = format!("must be one of {}", COLUMN_TYPES.join(","));
    if kind.text().is_empty() {
        report.required(&kind, &one_of);
    } else if !COLUMN_TYPES.contains(&kind.text()) {
        report.invalid(&kind, one_of);
    }
    let format = column.child("format");
    if !format.text().is_empty() && !COLUMN_FORMATS.contains(&format.text()) {
        report.invalid(&format, format!("must be one of {}", COLUMN_FORMATS.join(",")));
    }
    let path = At::new(column.field("jsonPath"), column.path.child("JSONPath"));
    if path.text().is_empty() {
        report.required(&path, "");
    } else {
        simple_path(&path, report);
    }
}

fn selectable(fields: &At<'_>, schema: &Structural, report: &mut Report) {
    let mut seen: Vec<&str> = Vec::new();
    for field in fields.items() {
        let at = field.child("jsonPath");
        let path = at.text();
        if path.is_empty() {
            report.required(&at, "");
            continue;
        }
        let parts: Option<Vec<&str>> = path.strip_prefix('.').map(|p| p.split('.').collect());
        let target = parts.iter().flatten().try_fold(schema, |schema, part| schema.properties.get(*part));
        let Some(target) = target.filter(|_| parts.is_some()) else {
            report.invalid(&at, "is an invalid path: does not refer to a valid field");
            continue;
        };
        if path == ".metadata" || path.starts_with(".metadata.") {
            report.invalid(&at, "must not point to fields in metadata");
        }
        if !["string", "boolean", "integer"].contains(&target.kind.as_str()) {
            report.invalid(&at, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.");
        }
        if seen.contains(&path) {
            report.duplicate(&at, Value::from(path));
        } else {
            seen.push(path);
        }
    }
    if seen.len() > SELECTABLE {
        report.push(apimachinery::field::FieldError::too_many(&fields.path, seen.len(), SELECTABLE));
    }
}
