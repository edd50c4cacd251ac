//! The `network` room; see ARCHITECTURE.md.
