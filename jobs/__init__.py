"""The work: intake, profiling, cleaning, delivery."""
