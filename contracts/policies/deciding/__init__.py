"""The decision: a policy, a request and the world in; permit, deny or needs information out, with every premise.

Reads neither clock nor database. Semantics in docs/decisions/0052-how-a-policy-is-decided.md.
"""
