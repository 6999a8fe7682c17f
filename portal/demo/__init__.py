"""The demo and the one-command start: embedded broker, processes, seeded people and data."""
