//! The `scheduler` room; see ARCHITECTURE.md.
