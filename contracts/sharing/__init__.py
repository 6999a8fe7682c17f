"""Sharing requests under an agreement, and their review."""
