"""Recipes: cleaning steps as data, and the plan that a contract and a request make of them."""
