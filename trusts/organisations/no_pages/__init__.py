"""allauth adds a provider's pages from its package; ours are in `sign_in_views`, so this one has none."""
