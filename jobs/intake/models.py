"""Intake keeps no table of its own: it fills DatasetVersion and Column through their services."""
