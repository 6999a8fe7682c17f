"""Change and proof: how anything may happen at all, and what remains of it."""
