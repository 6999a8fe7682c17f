"""What leaves: packages, receipts, downloads."""
