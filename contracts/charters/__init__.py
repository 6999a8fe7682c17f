"""What a trust's charter lets its members agree on, and exceptions from it."""
