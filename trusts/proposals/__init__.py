"""Decisions that the members take together: proposals, votes, and what follows from them."""
