"""Who may do what with an organisation, its people, invitations and tokens."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import ANYONE, OWNER, side
from trusts.organisations.rules import an_owner_stays, belongs_here_alone, it_signs_itself, the_portal_signs

NEW = frozenset({""})
OWNERS = side("own", OWNER)

ORGANISATION = register(
    Machine(
        name="organisation",
        model="organisations.Organisation",
        label="organisation",
        states=(State("active", "Active", "good", "It takes part."),),
        final=frozenset({"active"}),
        creates=(
            Action("found", "Found an organisation", frozenset({ANYONE}), NEW, to="active", kind="primary"),
        ),
        actions=(
            Action("edit", "Edit profile", OWNERS, frozenset({"active"}), asks=True, done="Profile saved."),
            Action(
                "invite",
                "Invite a person",
                OWNERS,
                frozenset({"active"}),
                asks=True,
                kind="primary",
                done="The invitation is on its way.",
            ),
            Action(
                "make_token",
                "Create a token",
                OWNERS | side("own", "steward"),
                frozenset({"active"}),
                asks=True,
            ),
            Action(
                "make_group",
                "Make a group",
                OWNERS | side("own", "steward"),
                frozenset({"active"}),
                asks=True,
                help="A named set of people, to be chosen wherever people are named. It gives no right by itself.",
                done="The group can be chosen now.",
            ),
            Action(
                "set_entrance",
                "Rules for signing in",
                OWNERS,
                frozenset({"active"}),
                asks=True,
                done="The rules are saved. Whoever must do something has been told.",
            ),
            Action("set_up_provider", "Set up your own sign-in", OWNERS, frozenset({"active"}), asks=True),
            Action(
                "switch_emergencies",
                "Emergency openings",
                OWNERS,
                frozenset({"active"}),
                asks=True,
                help="Whether operators of the portal may open a single object that concerns you, for an hour, in an emergency. "
                "What is open now is cut off on its own page.",
                done="Saved. It holds from now on.",
            ),
            Action(
                "switch_robot",
                "Switch a robot",
                OWNERS | side("own", "steward"),
                frozenset({"active"}),
                asks=True,
                help="A robot acts by itself under a name of its own. What waits already is not touched by it.",
                done="Switched.",
            ),
            Action("claim_domain", "Claim a domain", OWNERS, frozenset({"active"}), asks=True),
            Action("review_access", "Review access now", OWNERS, frozenset({"active"})),
            Action("merge", "Merge into another", frozenset({"system"}), frozenset({"active"}), hidden=True),
            Action(
                "rotate_key",
                "Renew the key",
                OWNERS | frozenset({"system"}),
                frozenset({"active"}),
                needs=(the_portal_signs,),
                done="New contracts are signed with the new key. What was signed before still holds.",
            ),
            Action(
                "register_key",
                "Sign with a key of your own",
                OWNERS,
                frozenset({"active"}),
                asks=True,
                help="From then on the portal cannot sign for you: each contract waits until you have signed it yourself.",
                done="From now on your contracts wait for a signature made with this key.",
            ),
            Action(
                "return_key",
                "Let the portal sign for you",
                OWNERS,
                frozenset({"active"}),
                needs=(it_signs_itself,),
                done="The portal has made a key for you and signs with it when you accept.",
            ),
            Action(
                "revoke_key",
                "Report a stolen key",
                OWNERS,
                frozenset({"active"}),
                asks=True,
                kind="danger",
                done="What is signed with that key from the time you gave no longer counts.",
            ),
        ),
    )
)

MEMBER = register(
    Machine(
        name="member",
        model="organisations.OrganisationMember",
        label="person's place",
        states=(
            State("active", "Active", "good", "They may act for the organisation in their roles."),
            State("removed", "Removed", "neutral", "They may no longer act for the organisation."),
        ),
        final=frozenset({"removed"}),
        creates=(Action("join", "Join", frozenset({ANYONE, "system"}), NEW, to="active", hidden=True),),
        actions=(
            Action(
                "change_roles",
                "Change roles",
                OWNERS,
                frozenset({"active"}),
                asks=True,
                done="Roles changed.",
            ),
            Action(
                "name_deputy",
                "Name a deputy",
                OWNERS | frozenset({"self"}),
                frozenset({"active"}),
                asks=True,
                help="The deputy holds this person's roles here, with what waits for them, on the days you choose. "
                "The audit trail says for whom each thing was done.",
                done="The deputy is named and has been told.",
            ),
            Action(
                "end_sessions",
                "Sign out everywhere",
                OWNERS,
                frozenset({"active"}),
                needs=(belongs_here_alone,),
                asks=True,
                help="Every browser in which this person is signed in must sign in again. Nothing else changes.",
                done="Signed out everywhere.",
            ),
            Action(
                "remove",
                "Remove",
                OWNERS,
                frozenset({"active"}),
                to="removed",
                needs=(an_owner_stays,),
                asks=True,
                kind="danger",
                done="Removed. Their sessions lose access at once.",
            ),
            Action(
                "deprovision",
                "End access",
                OWNERS,
                frozenset({"active"}),
                to="removed",
                needs=(an_owner_stays,),
                hidden=True,
            ),
            Action(
                "leave",
                "Leave",
                frozenset({"self"}),
                frozenset({"active"}),
                to="removed",
                needs=(an_owner_stays,),
                asks=True,
                kind="danger",
                done="You have left the organisation.",
            ),
        ),
    )
)

INVITATION = register(
    Machine(
        name="invitation",
        model="organisations.Invitation",
        label="invitation",
        states=(
            State("open", "Sent", "active", "Waiting for the person to accept.", "invitee"),
            State("accepted", "Accepted", "good", "The person has joined."),
            State("withdrawn", "Withdrawn", "neutral", "The link no longer works."),
            State("lapsed", "Lapsed", "neutral", "It was not used in time."),
        ),
        final=frozenset({"accepted", "withdrawn", "lapsed"}),
        creates=(Action("send", "Invite", OWNERS, NEW, to="open", then=("invitation.sent",), hidden=True),),
        actions=(
            Action("accept", "Accept", frozenset({ANYONE}), frozenset({"open"}), to="accepted", hidden=True),
            Action("withdraw", "Withdraw", OWNERS, frozenset({"open"}), to="withdrawn", kind="danger"),
            Action("lapse", "Lapse", frozenset({"system"}), frozenset({"open"}), to="lapsed", hidden=True),
        ),
    )
)

TOKEN = register(
    Machine(
        name="token",
        model="organisations.ApiToken",
        label="token",
        states=(
            State("active", "Active", "good", "Programs may use it until its end date."),
            State("revoked", "Revoked", "neutral", "It no longer works."),
        ),
        final=frozenset({"revoked"}),
        creates=(
            Action("issue", "Create a token", OWNERS | side("own", "steward"), NEW, to="active", hidden=True),
        ),
        actions=(
            Action(
                "revoke",
                "Revoke",
                OWNERS | frozenset({"self"}),
                frozenset({"active"}),
                to="revoked",
                kind="danger",
                done="The token no longer works.",
            ),
        ),
    )
)
