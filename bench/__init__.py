"""Honest timings of the portal's heavy work on the real flights table, beside pandas and DuckDB alone."""
