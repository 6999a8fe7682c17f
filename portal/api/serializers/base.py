"""What every stateful object says of itself."""

BASE = ["id", "ref", "state", "version", "created", "changed"]
