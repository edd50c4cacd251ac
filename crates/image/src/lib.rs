//! The `image` room; see ARCHITECTURE.md.
