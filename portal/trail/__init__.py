"""The audit trail as pages ask for it: filters in words, what belongs together, activity, exports."""
