"""Tracing: which export a file that turned up somewhere came from."""
