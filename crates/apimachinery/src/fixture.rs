//! A small set of types for tests: an object shaped like a pod.

use crate::schema::{Field, List, ListKind, Map, Node, Schema, SchemaSet, Str, Struct, TypeRef};

/// Makes type sets from short lines.
#[derive(Default)]
pub struct Builder {
    nodes: Vec<Node>,
}

impl Builder {
    /// Adds a node.
    pub fn add(&mut self, node: Node) -> TypeRef {
        self.nodes.push(node);
        TypeRef(self.nodes.len() as u32 - 1)
    }

    /// Adds a list.
    pub fn list(&mut self, item: TypeRef, kind: ListKind) -> TypeRef {
        self.add(Node::List(List { item, kind }))
    }

    /// Adds a map.
    pub fn map(&mut self, value: TypeRef, atomic: bool) -> TypeRef {
        self.add(Node::Map(Map { value, atomic }))
    }

    /// Adds a struct.
    pub fn object(&mut self, name: &'static str, fields: Vec<Field>) -> TypeRef {
        self.add(Node::Struct(Struct { name: name.into(), fields: fields.into(), atomic: false, open: false }))
    }

    /// The set.
    pub fn done(self) -> SchemaSet {
        SchemaSet { nodes: self.nodes.into() }
    }
}

/// A plain field.
pub fn field(name: &'static str, ty: TypeRef) -> Field {
    Field {
        name: name.into(),
        ty,
        required: false,
        pointer: true,
        omit_empty: true,
        default: "".into(),
        values: Vec::new().into(),
        patch_merge: false,
        patch_retain_keys: false,
        patch_merge_key: "".into(),
        proto: 0,
    }
}

/// A field that merges by a key.
pub fn merging(name: &'static str, ty: TypeRef, key: &'static str) -> Field {
    Field { patch_merge: true, patch_merge_key: key.into(), ..field(name, ty) }
}

fn keys(keys: &[&'static str]) -> ListKind {
    ListKind::Map(keys.iter().map(|k| Str::Borrowed(*k)).collect::<Vec<_>>().into())
}

/// Metadata, with the lists that matter.
fn metadata(b: &mut Builder, string: TypeRef, any: TypeRef, time: TypeRef) -> TypeRef {
    let (texts, integer) = (b.map(string, false), b.add(Node::Integer { bits: 64 }));
    let finalizers = b.list(string, ListKind::Set);
    let managed = b.list(any, ListKind::Atomic);
    let boolean = b.add(Node::Boolean);
    let reference = vec![
        field("apiVersion", string),
        field("kind", string),
        field("name", string),
        field("uid", string),
        field("controller", boolean),
    ];
    let reference = b.object("io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference", reference);
    let references = b.list(reference, keys(&["uid"]));
    let fields = vec![
        field("name", string),
        field("generateName", string),
        field("namespace", string),
        field("uid", string),
        field("resourceVersion", string),
        field("generation", integer),
        field("creationTimestamp", time),
        field("deletionTimestamp", time),
        field("labels", texts),
        field("annotations", texts),
        merging("finalizers", finalizers, ""),
        merging("ownerReferences", references, "uid"),
        field("managedFields", managed),
    ];
    b.object("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", fields)
}

fn container(b: &mut Builder, string: TypeRef, integer: TypeRef) -> TypeRef {
    let quantity = b.add(Node::Quantity);
    let amounts = b.map(quantity, false);
    let resources =
        b.object("io.k8s.api.core.v1.ResourceRequirements", vec![field("limits", amounts), field("requests", amounts)]);
    let env = b.object("io.k8s.api.core.v1.EnvVar", vec![field("name", string), field("value", string)]);
    let env = b.list(env, keys(&["name"]));
    let mut protocol = field("protocol", string);
    protocol.default = "\"TCP\"".into();
    let port = b.object(
        "io.k8s.api.core.v1.ContainerPort",
        vec![field("name", string), field("hostPort", integer), field("containerPort", integer), protocol],
    );
    let ports = b.list(port, keys(&["containerPort", "protocol"]));
    let words = b.list(string, ListKind::Atomic);
    let fields = vec![
        field("name", string),
        field("image", string),
        field("command", words),
        field("args", words),
        merging("ports", ports, "containerPort"),
        merging("env", env, "name"),
        field("resources", resources),
    ];
    b.object("io.k8s.api.core.v1.Container", fields)
}

fn spec(b: &mut Builder, string: TypeRef) -> TypeRef {
    let integer = b.add(Node::Integer { bits: 32 });
    let long = b.add(Node::Integer { bits: 64 });
    let boolean = b.add(Node::Boolean);
    let container = container(b, string, integer);
    let containers = b.list(container, keys(&["name"]));
    let empty_dir = b.object("io.k8s.api.core.v1.EmptyDirVolumeSource", vec![field("medium", string)]);
    let host_path = b.object("io.k8s.api.core.v1.HostPathVolumeSource", vec![field("path", string)]);
    let volume = b.object(
        "io.k8s.api.core.v1.Volume",
        vec![field("name", string), field("emptyDir", empty_dir), field("hostPath", host_path)],
    );
    let volumes = b.list(volume, keys(&["name"]));
    let mut volumes = merging("volumes", volumes, "name");
    volumes.patch_retain_keys = true;
    let toleration = b.object("io.k8s.api.core.v1.Toleration", vec![field("key", string), field("operator", string)]);
    let tolerations = b.list(toleration, ListKind::Atomic);
    let selector = b.map(string, true);
    let int_or_string = b.add(Node::IntOrString);
    let micro = b.add(Node::MicroTime);
    let any = b.add(Node::Any);
    let number = b.add(Node::Number);
    let bytes = b.add(Node::Bytes);
    let data = b.map(bytes, false);
    let grid = b.list(integer, ListKind::Atomic);
    let grid = b.list(grid, ListKind::Atomic);
    let fields = vec![
        merging("containers", containers, "name"),
        volumes,
        field("tolerations", tolerations),
        field("nodeSelector", selector),
        field("replicas", integer),
        field("activeDeadlineSeconds", long),
        field("hostNetwork", boolean),
        field("nodeName", string),
        field("maxSurge", int_or_string),
        field("renewTime", micro),
        field("raw", any),
        field("ratio", number),
        field("data", data),
        field("grid", grid),
    ];
    b.object("io.k8s.api.core.v1.PodSpec", fields)
}

/// The whole set; the object's type comes last.
pub fn pod() -> (SchemaSet, TypeRef) {
    let mut b = Builder::default();
    let (string, any, time) = (b.add(Node::String), b.add(Node::Any), b.add(Node::Time));
    let metadata = metadata(&mut b, string, any, time);
    let spec = spec(&mut b, string);
    let condition = vec![field("type", string), field("status", string), field("lastTransitionTime", time)];
    let condition = b.object("io.k8s.api.core.v1.PodCondition", condition);
    let conditions = b.list(condition, keys(&["type"]));
    let status = b.object(
        "io.k8s.api.core.v1.PodStatus",
        vec![field("phase", string), merging("conditions", conditions, "type")],
    );
    let pod = vec![
        field("kind", string),
        field("apiVersion", string),
        field("metadata", metadata),
        field("spec", spec),
        field("status", status),
    ];
    let pod = b.object("io.k8s.api.core.v1.Pod", pod);
    (b.done(), pod)
}

/// Calls with the pod's schema.
pub fn with_pod<R>(call: impl FnOnce(Schema<'_>) -> R) -> R {
    let (set, at) = pod();
    call(Schema { set: &set, at })
}
