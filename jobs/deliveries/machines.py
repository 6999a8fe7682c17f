"""Deliveries: fetched by named people until they expire or are cut off."""

from __future__ import annotations

from jobs.deliveries.rules import contract_stands, downloads_left, has_tokens, no_duty_is_late, not_expired
from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, STEWARD, side

SYSTEM = frozenset({"system"})

DELIVERY = register(
    Machine(
        name="delivery",
        model="deliveries.Delivery",
        label="export",
        states=(
            State("available", "Available", "good", "The named people can fetch it."),
            State("expired", "Expired", "neutral", "Its time is over; ask again under the same contract."),
            State("revoked", "Cut off", "bad", "The provider cut it off."),
        ),
        final=frozenset({"expired", "revoked"}),
        creates=(
            Action(
                "deliver",
                "Deliver",
                SYSTEM,
                frozenset({""}),
                to="available",
                hidden=True,
                then=("delivery.available",),
            ),
        ),
        actions=(
            Action(
                "download",
                "Download",
                frozenset({"named"}),
                frozenset({"available"}),
                needs=(contract_stands, no_duty_is_late, not_expired, downloads_left),
                kind="primary",
            ),
            Action(
                "revoke",
                "Cut off",
                side("provider", OWNER, STEWARD),
                frozenset({"available"}),
                to="revoked",
                asks=True,
                kind="danger",
                done="Cut off. It can no longer be fetched.",
            ),
            Action(
                "look_up",
                "Look a token up",
                side("provider", OWNER, STEWARD),
                frozenset({"available", "expired", "revoked"}),
                needs=(has_tokens,),
                asks=True,
                help="Shows the real values behind up to 100 tokens of this export. The audit trail keeps who looked, "
                "why and how many were asked for; never the values.",
            ),
            Action(
                "cut",
                "Cut a running download",
                SYSTEM,
                frozenset({"available", "expired", "revoked"}),
                hidden=True,
            ),
            Action(
                "erase",
                "Delete the portal's copy",
                SYSTEM,
                frozenset({"expired", "revoked"}),
                hidden=True,
            ),
            Action(
                "say_withdrawn",
                "Say that rows in it were withdrawn",
                SYSTEM,
                frozenset({"available", "expired", "revoked"}),
                hidden=True,
                then=("delivery.withdrawn",),
            ),
            Action("expire", "Expire", SYSTEM, frozenset({"available"}), to="expired", hidden=True),
        ),
    )
)
