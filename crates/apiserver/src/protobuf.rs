//! Bodies in Kubernetes' protobuf form, read into trees by the schema's field numbers. kubectl writes built-in kinds in it; answers
//! are JSON, which every client that writes protobuf takes too.

use apimachinery::schema::{Field, Node, Schema};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// The media type.
pub const MEDIA: &str = "application/vnd.kubernetes.protobuf";

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";
/// Messages in messages, as JSON is bounded too.
const DEPTH: usize = 128;

/// A body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// The four first bytes.
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    Magic,
    /// It ends in the middle of a field.
    #[error("unexpected EOF")]
    End,
    /// A length or number that cannot be.
    #[error("proto: illegal wireType or length in field {0}")]
    Wire(u32),
    /// Messages nested too deep.
    #[error("proto: exceeded max recursion depth")]
    Depth,
    /// Raw JSON inside that is none.
    #[error("field {0} holds no JSON")]
    Raw(String),
    /// Text that is not UTF-8.
    #[error("string field contains invalid UTF-8")]
    Text,
}

type Result<T> = std::result::Result<T, ProtobufError>;

/// Go structs that are embedded in others: flat in JSON, a message of their own here. Struct, and for each level the number of the
/// embedded message and the fields that are not in it.
type Embedded = (&'static str, &'static [(u32, &'static [&'static str])]);
const EMBEDDED: [Embedded; 17] = [
    ("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations", &[(2, &["resourceNames"]), (2, &["operations"])]),
    ("io.k8s.api.admissionregistration.v1.RuleWithOperations", &[(2, &["operations"])]),
    ("io.k8s.api.core.v1.ConfigMapEnvSource", &[(1, &["optional"])]),
    ("io.k8s.api.core.v1.ConfigMapKeySelector", &[(1, &["key", "optional"])]),
    ("io.k8s.api.core.v1.ConfigMapProjection", &[(1, &["items", "optional"])]),
    ("io.k8s.api.core.v1.ConfigMapVolumeSource", &[(1, &["items", "defaultMode", "optional"])]),
    ("io.k8s.api.core.v1.EphemeralContainer", &[(1, &["targetContainerName"])]),
    (
        "io.k8s.api.core.v1.PersistentVolumeSpec",
        &[(
            2,
            &[
                "capacity",
                "accessModes",
                "claimRef",
                "persistentVolumeReclaimPolicy",
                "storageClassName",
                "mountOptions",
                "volumeMode",
                "nodeAffinity",
                "volumeAttributesClassName",
            ],
        )],
    ),
    (
        "io.k8s.api.core.v1.Probe",
        &[(
            1,
            &[
                "initialDelaySeconds",
                "timeoutSeconds",
                "periodSeconds",
                "successThreshold",
                "failureThreshold",
                "terminationGracePeriodSeconds",
            ],
        )],
    ),
    ("io.k8s.api.core.v1.SecretEnvSource", &[(1, &["optional"])]),
    ("io.k8s.api.core.v1.SecretKeySelector", &[(1, &["key", "optional"])]),
    ("io.k8s.api.core.v1.SecretProjection", &[(1, &["items", "optional"])]),
    ("io.k8s.api.core.v1.Volume", &[(2, &["name"])]),
    ("io.k8s.api.networking.v1.IngressRule", &[(2, &["host"])]),
    ("io.k8s.api.resource.v1.DeviceAllocationConfiguration", &[(3, &["source", "requests"])]),
    ("io.k8s.api.resource.v1.DeviceClaimConfiguration", &[(2, &["requests"])]),
    ("io.k8s.api.resource.v1.DeviceClassConfiguration", &[(1, &[])]),
];

/// One field of a message.
enum Wire<'a> {
    Number(u64),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
}

/// The fields of a message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Result<u64> {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let (byte, rest) = self.0.split_first().ok_or(ProtobufError::End)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift).ok_or(ProtobufError::Wire(0))?;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        if count > self.0.len() {
            return Err(ProtobufError::End);
        }
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        Ok(taken)
    }

    fn next(&mut self) -> Result<Option<(u32, Wire<'a>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| ProtobufError::Wire(0))?;
        let wire = match tag & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Eight(self.take(8)?.try_into().map_err(|_| ProtobufError::End)?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| ProtobufError::Wire(number))?;
                Wire::Bytes(self.take(length)?)
            }
            5 => {
                let four = self.take(4)?;
                Wire::Number(u64::from(u32::from_le_bytes(four.try_into().map_err(|_| ProtobufError::End)?)))
            }
            _ => return Err(ProtobufError::Wire(number)),
        };
        Ok(Some((number, wire)))
    }
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| ProtobufError::Text)
}

/// What the envelope says: apiVersion, kind, and the message.
#[derive(Debug, PartialEq)]
pub struct Envelope<'a> {
    /// `v1`, `apps/v1`, or empty.
    pub api_version: &'a str,
    /// Kind, or empty.
    pub kind: &'a str,
    /// The message.
    pub message: &'a [u8],
}

/// Opens the envelope.
///
/// # Errors
/// It is none.
pub fn open(body: &[u8]) -> Result<Envelope<'_>> {
    let mut fields = Fields(body.strip_prefix(MAGIC).ok_or(ProtobufError::Magic)?);
    let mut envelope = Envelope { api_version: "", kind: "", message: &[] };
    while let Some((number, wire)) = fields.next()? {
        match (number, wire) {
            (1, Wire::Bytes(meta)) => {
                let mut meta = Fields(meta);
                while let Some((number, wire)) = meta.next()? {
                    match (number, wire) {
                        (1, Wire::Bytes(version)) => envelope.api_version = text(version)?,
                        (2, Wire::Bytes(kind)) => envelope.kind = text(kind)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(raw)) => envelope.message = raw,
            _ => {}
        }
    }
    Ok(envelope)
}

/// Reads a message of this type.
///
/// # Errors
/// See [`ProtobufError`]. Fields that the schema does not know are skipped, as Go does it.
pub fn read(schema: Schema<'_>, message: &[u8]) -> Result<Value> {
    let mut out = Map::new();
    object(schema, message, 0, &mut out, 0)?;
    Ok(Value::Object(out))
}

fn levels(schema: Schema<'_>) -> &'static [(u32, &'static [&'static str])] {
    let Node::Struct(s) = schema.node() else { return &[] };
    EMBEDDED.iter().find(|(name, _)| *name == s.name).map_or(&[], |(_, levels)| levels)
}

/// Is the field on this level of embedding?
fn lies_on(levels: &[(u32, &[&str])], level: usize, name: &str) -> bool {
    match levels.get(level) {
        Some((_, own)) => own.contains(&name),
        None => levels.iter().all(|(_, own)| !own.contains(&name)),
    }
}

fn object(schema: Schema<'_>, message: &[u8], level: usize, out: &mut Map<String, Value>, depth: usize) -> Result<()> {
    if depth > DEPTH {
        return Err(ProtobufError::Depth);
    }
    let Node::Struct(s) = schema.node() else { return Ok(()) };
    let levels = levels(schema);
    let mut fields = Fields(message);
    while let Some((number, wire)) = fields.next()? {
        // Kind and apiVersion of whole objects are in the envelope: numbers that they seem to share belong to the others.
        let fits = |f: &&Field| f.proto == number && lies_on(levels, level, &f.name);
        let typed = |f: &&Field| matches!(&*f.name, "kind" | "apiVersion");
        let found = s.fields.iter().filter(|f| !typed(f)).find(fits).or_else(|| s.fields.iter().find(fits));
        match (found, wire) {
            (Some(field), wire) => member(schema, field, &wire, out, depth)?,
            (None, Wire::Bytes(inner)) if levels.get(level).is_some_and(|(n, _)| *n == number) => {
                object(schema, inner, level + 1, out, depth + 1)?;
            }
            (None, _) => {}
        }
    }
    Ok(())
}

fn member(
    schema: Schema<'_>,
    field: &Field,
    wire: &Wire<'_>,
    out: &mut Map<String, Value>,
    depth: usize,
) -> Result<()> {
    let ty = schema.to(field.ty);
    match ty.node() {
        Node::List(list) => {
            let item = ty.to(list.item);
            let list = out.entry(&*field.name).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(list) = list else { return Ok(()) };
            match (item.node(), wire) {
                // Numbers may come packed.
                (Node::Integer { .. } | Node::Boolean, Wire::Bytes(packed)) => {
                    let mut packed = Fields(packed);
                    while !packed.0.is_empty() {
                        let number = packed.varint()?;
                        list.push(one(item, &Wire::Number(number), depth)?);
                    }
                }
                _ => list.push(one(item, wire, depth)?),
            }
        }
        Node::Map(map) => {
            let Wire::Bytes(entry) = wire else { return Err(ProtobufError::Wire(field.proto)) };
            let value_type = ty.to(map.value);
            let (mut key, mut value) = (String::new(), None);
            let mut entry = Fields(entry);
            while let Some((number, wire)) = entry.next()? {
                match (number, &wire) {
                    (1, Wire::Bytes(bytes)) => text(bytes)?.clone_into(&mut key),
                    (2, wire) => value = Some(one(value_type, wire, depth)?),
                    _ => {}
                }
            }
            let value = value.map_or_else(|| one(value_type, &Wire::Bytes(&[]), depth), Ok)?;
            let map = out.entry(&*field.name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(map) = map {
                map.insert(key, value);
            }
        }
        _ => {
            let value = one(ty, wire, depth)?;
            if !(field.omit_empty && !field.pointer && is_zero(&value)) {
                out.insert(field.name.to_string(), value);
            }
        }
    }
    Ok(())
}

/// Go sends the zero values of fields that are no pointers; JSON leaves them out.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(_) => false,
    }
}

fn one(ty: Schema<'_>, wire: &Wire<'_>, depth: usize) -> Result<Value> {
    let bytes = match wire {
        Wire::Number(number) => return Ok(number_of(ty, *number)),
        Wire::Eight(eight) => return Ok(f64::from_le_bytes(*eight).into()),
        Wire::Bytes(bytes) => *bytes,
    };
    Ok(match ty.node() {
        Node::String => text(bytes)?.into(),
        Node::Bytes => STANDARD.encode(bytes).into(),
        Node::Quantity => part(bytes, 1)?.into(),
        Node::IntOrString => int_or_string(bytes)?,
        Node::Time => time(bytes, apimachinery::time::seconds)?,
        Node::MicroTime => time(bytes, apimachinery::time::micros)?,
        Node::Duration => duration(bytes)?,
        Node::Any => raw(bytes)?,
        Node::Struct(_) => {
            let mut inner = Map::new();
            object(ty, bytes, 0, &mut inner, depth + 1)?;
            Value::Object(inner)
        }
        // A named list inside a map or list is a message with its items in field 1.
        Node::List(list) => {
            let mut items = Vec::new();
            let mut fields = Fields(bytes);
            while let Some((number, wire)) = fields.next()? {
                if number == 1 {
                    items.push(one(ty.to(list.item), &wire, depth + 1)?);
                }
            }
            Value::Array(items)
        }
        Node::Integer { .. } | Node::Number | Node::Boolean => number_of(ty, 0),
        Node::Map(_) => Value::Object(Map::new()),
    })
}

fn number_of(ty: Schema<'_>, number: u64) -> Value {
    match ty.node() {
        Node::Boolean => (number != 0).into(),
        // Negative numbers of 32 bits are sent as 64 bits too.
        Node::Integer { bits: 32 } => i64::from(number as u32 as i32).into(),
        _ => (number as i64).into(),
    }
}

/// The text in one field of a message.
fn part(bytes: &[u8], wanted: u32) -> Result<String> {
    let mut fields = Fields(bytes);
    let mut out = String::new();
    while let Some((number, wire)) = fields.next()? {
        if let (true, Wire::Bytes(bytes)) = (number == wanted, wire) {
            text(bytes)?.clone_into(&mut out);
        }
    }
    Ok(out)
}

fn numbers(bytes: &[u8]) -> Result<[u64; 3]> {
    let mut out = [0; 3];
    let mut fields = Fields(bytes);
    while let Some((number, wire)) = fields.next()? {
        if let (1 | 2, Wire::Number(value)) = (number, wire) {
            out[number as usize] = value;
        }
    }
    Ok(out)
}

fn int_or_string(bytes: &[u8]) -> Result<Value> {
    let [_, kind, value] = numbers(bytes)?;
    if kind == 0 { Ok(i64::from(value as u32 as i32).into()) } else { Ok(part(bytes, 3)?.into()) }
}

fn time(bytes: &[u8], form: fn(jiff::Timestamp) -> String) -> Result<Value> {
    let [_, seconds, nanos] = numbers(bytes)?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let at = jiff::Timestamp::new(seconds as i64, nanos as u32 as i32).map_err(|_| ProtobufError::Wire(1))?;
    Ok(form(at).into())
}

fn duration(bytes: &[u8]) -> Result<Value> {
    let [_, nanos, _] = numbers(bytes)?;
    let nanos = nanos as i64;
    let (sign, total) = if nanos < 0 { ("-", nanos.unsigned_abs()) } else { ("", nanos.unsigned_abs()) };
    // Whole nanoseconds are a valid form; the walk over the schema makes it canonical.
    Ok(format!("{sign}{total}ns").into())
}

/// `RawExtension`, `FieldsV1`, `JSON`: JSON inside a message.
fn raw(bytes: &[u8]) -> Result<Value> {
    let text = {
        let mut fields = Fields(bytes);
        let mut found: &[u8] = &[];
        while let Some((number, wire)) = fields.next()? {
            if let (1, Wire::Bytes(inner)) = (number, wire) {
                found = inner;
            }
        }
        found
    };
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(text).map_err(|e| ProtobufError::Raw(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A field of bytes.
    fn b(number: u8, inner: &[u8]) -> Vec<u8> {
        let tag = u16::from(number) << 3 | 2;
        let mut out = if tag < 128 { vec![tag as u8] } else { vec![(tag & 0x7f) as u8 | 0x80, (tag >> 7) as u8] };
        out.push(u8::try_from(inner.len()).expect("short"));
        out.extend_from_slice(inner);
        out
    }

    fn schema(kind: &str) -> Schema<'static> {
        api::kind_schema("", "v1", kind).expect("kind")
    }

    #[test]
    fn a_config_map_in_its_envelope() {
        let metadata = [b(1, b"m"), b(11, &[b(1, b"app"), b(2, b"x")].concat())].concat();
        let entry = [b(1, b"k"), b(2, b"v")].concat();
        let binary = [b(1, b"b"), b(2, &[0xff, 0])].concat();
        let message = [b(1, &metadata), b(2, &entry), b(3, &binary)].concat();
        let meta = [b(1, b"v1"), b(2, b"ConfigMap")].concat();
        let body = [MAGIC, &b(1, &meta), &b(2, &message)].concat();
        let envelope = open(&body).expect("envelope");
        assert_eq!((envelope.api_version, envelope.kind), ("v1", "ConfigMap"));
        let value = read(schema("ConfigMap"), envelope.message).expect("map");
        assert_eq!(
            value,
            json!({"metadata": {"name": "m", "labels": {"app": "x"}}, "data": {"k": "v"}, "binaryData": {"b": "/wA="}})
        );
        assert_eq!(open(b"{}"), Err(ProtobufError::Magic));
        assert_eq!(read(schema("ConfigMap"), &[0x0a, 5, 1]), Err(ProtobufError::End));
    }

    #[test]
    fn embedded_structs_and_special_types() {
        // Pod.spec: a volume with a config map (two embedded messages), a container with a probe on a named port and a quantity.
        let volume = [b(1, b"v"), b(2, &b(19, &b(1, &b(1, b"cm"))))].concat();
        let port = [vec![8, 1], b(3, b"http")].concat();
        let probe = [b(1, &b(2, &[b(1, b"/x"), b(2, &port)].concat())), vec![0x18, 7]].concat();
        let limits = [b(1, b"cpu"), b(2, &b(1, b"250m"))].concat();
        let container = [b(1, b"c"), b(8, &b(1, &limits)), b(10, &probe)].concat();
        let spec = [b(1, &volume), b(2, &container)].concat();
        let value = read(schema("Pod"), &b(2, &spec)).expect("pod");
        assert_eq!(value["spec"]["volumes"], json!([{"name": "v", "configMap": {"name": "cm"}}]));
        assert_eq!(
            value["spec"]["containers"],
            json!([{"name": "c", "resources": {"limits": {"cpu": "250m"}},
                "livenessProbe": {"httpGet": {"path": "/x", "port": "http"}, "timeoutSeconds": 7}}])
        );
    }
}
