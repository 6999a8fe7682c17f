"""Offers, turns of a negotiation, and the agreements they end in."""
