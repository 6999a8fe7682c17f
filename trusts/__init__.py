"""Who and what: organisations, the trusts they form, the datasets they hold."""
