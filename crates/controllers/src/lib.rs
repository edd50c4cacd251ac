//! The `controllers` room; see ARCHITECTURE.md.
