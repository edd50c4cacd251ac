//! The `testing` room; see ARCHITECTURE.md.
