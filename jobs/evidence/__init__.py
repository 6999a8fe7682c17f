"""What a stranger can check: receipts with their place in the log, and evidence bundles."""
