//! The `kubelet` room; see ARCHITECTURE.md.
