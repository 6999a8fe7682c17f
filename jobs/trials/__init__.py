"""Dry runs: a plan on a sample, before anybody has to decide."""
