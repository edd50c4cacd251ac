//! The `runtime` room; see ARCHITECTURE.md.
