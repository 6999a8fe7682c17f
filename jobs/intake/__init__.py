"""From an uploaded file to a typed, profiled version."""
