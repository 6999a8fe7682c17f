"""Decisions that mattered, kept with their inputs so that they can be made again; and the page that tries one out."""
