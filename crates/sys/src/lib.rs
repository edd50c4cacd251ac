//! The `sys` room; see ARCHITECTURE.md.
