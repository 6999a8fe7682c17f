"""What a token may be allowed: one word per part of the API, and `read` for all reading."""

SCOPES: dict[str, str] = {
    "read": "Read everything its organisation may read",
    "datasets": "Register datasets and versions, edit descriptions",
    "negotiations": "Offer, negotiate, accept; suspend and end contracts",
    "requests": "Write, submit and decide on sharing requests",
    "deliveries": "Download exports that name the token's owner",
    "organisation": "Edit the organisation's profile, invite people, make tokens, manage signing keys",
    "people": "Read the organisation's people and end their access, for its directory (SCIM); the token's owner must be an owner",
    "trusts": "Found trusts, apply, admit and suspend members",
}
