"""People, the organisations they act for, their roles, invitations and tokens."""
