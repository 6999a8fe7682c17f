"""Datasets, their frozen versions and dictionaries, and the catalogue."""
