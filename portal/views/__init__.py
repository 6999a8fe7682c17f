"""Pages that span stations."""
