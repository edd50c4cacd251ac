//! The `api` room; see ARCHITECTURE.md.
