"""The REST door: tokens, pages, problems, routes."""
