"""On what terms: policies, negotiations, agreements, sharing requests."""
