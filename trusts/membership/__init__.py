"""Trusts and alliances: charter, and which organisations belong."""
