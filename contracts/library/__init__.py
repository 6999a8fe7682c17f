"""Saved recipes: kept with every version, shared in a trust as templates, used again."""
