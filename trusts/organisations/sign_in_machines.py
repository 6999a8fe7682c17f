"""An organisation's own OpenID provider: set up, tested, required, removed."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, side
from trusts.organisations.rules import a_domain_is_confirmed

NEW = frozenset({""})
OWNERS = side("own", OWNER)

PROVIDER = register(
    Machine(
        name="provider",
        model="organisations.SignInProvider",
        label="sign-in provider",
        states=(
            State("set_up", "Not tested", "care", "Nobody can sign in through it until the connection was tested.", "own"),
            State("on", "In use", "good", "People with an address in a confirmed domain can sign in through it."),
            State("removed", "Removed", "neutral", "Nobody signs in through it. Passwords work as before."),
        ),
        final=frozenset({"removed"}),
        creates=(Action("set_up", "Set up", OWNERS, NEW, to="set_up", hidden=True),),
        actions=(
            Action(
                "test", "Test the connection", OWNERS, frozenset({"set_up", "on"}), to="on", kind="primary",
                done="The provider answers as it should. People can sign in through it.",
            ),
            Action(
                "change", "Change", OWNERS, frozenset({"set_up", "on"}), to="set_up", asks=True,
                help="It must be tested again, and is no longer required until you say so again.",
                done="Changed. Test the connection now.",
            ),
            Action(
                "require", "Make it the only way in", OWNERS, frozenset({"on"}), kind="danger",
                needs=(a_domain_is_confirmed,),
                help="Whoever has signed in otherwise can do nothing for your organisation until they sign in through it. "
                "Owners with a second factor can always get in.",
                done="From now on people act for you only after signing in through it.",
            ),
            Action(
                "relax", "Allow other ways in", OWNERS, frozenset({"on"}),
                done="People can sign in with a password again.",
            ),
            Action(
                "remove", "Remove", OWNERS, frozenset({"set_up", "on"}), to="removed", kind="danger",
                help="Nobody can sign in through it any more. Passwords work as before.",
            ),
        ),
    )
)  # fmt: skip
