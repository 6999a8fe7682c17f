"""The data work itself: read, measure, clean, check, write. Knows files and plans, no framework."""
