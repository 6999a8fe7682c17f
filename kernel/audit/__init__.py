"""Evidence: one event for each change, in its transaction, linked by hash, sealed by signature."""
