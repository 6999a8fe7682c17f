"""ODRL 2.2 as typed, immutable values, read from JSON-LD and written back without loss."""
