"""A charter's governance: read whole, refused by path, said in words, compared, written in the browser; who runs a trust follows from it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.decision import Refused
from tests.cast import Cast
from tests.scenes import why
from tests.test_access import BACKEND, token
from trusts.membership import services
from trusts.membership.charter_forms import CharterFieldsForm
from trusts.membership.charter_templates import BY_CODE, TEMPLATES
from trusts.membership.governance import USUAL, Governance, usual
from trusts.membership.governance_check import GovernanceError, checked
from trusts.membership.governance_points import BY_PATH, POINTS, put_at
from trusts.membership.governance_words import difference, words
from trusts.membership.models import Membership, Trust
from trusts.membership.selectors import governed_trust_ids


def paths(data: dict[str, Any], at: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in data.items():
        inner = isinstance(value, dict) and f"{at}{key}" not in BY_PATH
        found |= paths(value, f"{at}{key}.") if inner else {f"{at}{key}"}
    return found


@pytest.mark.pure
def test_every_point_of_the_data_has_words_a_check_and_a_field() -> None:
    assert paths(USUAL) == set(BY_PATH)
    for template in TEMPLATES:
        governance = Governance.of(template.kind, checked(template.kind, template.governance))
        # What is usual is not kept, and the whole is read back as the difference.
        assert checked(template.kind, governance.data) == checked(template.kind, template.governance)
        assert len(words(governance)) >= 6
        empty = CharterFieldsForm(kind=template.kind, text="Words", governance=governance, votes=False)
        sent = {
            k: ("on" if v is True else v)
            for k, v in empty.initial.items()
            if v is not None and v is not False
        }
        form = CharterFieldsForm(sent, kind=template.kind, text="", governance=governance, votes=False)
        assert form.is_valid(), form.errors
        assert form.governance() == checked(template.kind, template.governance)


@pytest.mark.pure
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(BY_PATH)),
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 9_999),
        st.text(max_size=9),
        st.lists(st.text(max_size=4), max_size=3),
        st.dictionaries(st.sampled_from(["trustee", "code", "x"]), st.integers(), max_size=2),
    ),
)
def test_a_value_is_lived_by_or_refused_at_its_place(path: str, value: Any) -> None:
    data: dict[str, Any] = {}
    put_at(data, path, value)
    try:
        kept = checked("alliance", data)
    except GovernanceError as problem:
        assert {fault.path for fault in problem.faults} == {path}
        assert all(fault.text and fault.remedy for fault in problem.faults)
        return
    governance = Governance.of("alliance", kept)
    assert words(governance)
    changed = [row for row in difference(Governance.of("alliance"), governance) if row.differs]
    assert len(changed) <= 1
    assert checked("alliance", governance.data) == kept


@pytest.mark.pure
def test_what_is_unknown_is_refused_with_its_path() -> None:
    wrong = {
        "votes": {"kinds": {"admit": {"quorum": 101}, "sell": {}}},
        "members": {"evidence": [{"code": "Not A Code"}]},
        "colour": "red",
    }
    with pytest.raises(GovernanceError) as caught:
        checked("trust", wrong)
    assert [f.path for f in caught.value.faults] == [
        "votes.kinds.admit.quorum",
        "votes.kinds.sell",
        "members.evidence",
        "colour",
    ]
    with pytest.raises(GovernanceError):
        checked("trust", [])


def client(cast: Cast, name: str) -> Any:
    from django.test import Client

    found = Client()
    found.force_login(cast.users[name], backend=BACKEND)
    return found


@pytest.mark.django_db
def test_a_trust_starts_from_a_template_and_its_charter_is_read_compared_and_changed(cast: Cast) -> None:
    olga = client(cast, "olga")
    assert "Mobility alliance" in olga.get("/trusts/new/").content.decode()
    assert "transport together" in olga.get("/trusts/new/?from=mobility").content.decode()
    form = {
        "template": "mobility",
        "name": "Trams",
        "kind": "alliance",
        "purpose": "Run trams.",
        "charter": "Peers.",
    }
    assert olga.post("/trusts/new/", form).status_code == 302
    trust = Trust.objects.get(name="Trams")
    assert trust.governance().voted() >= {"admit", "expel", "charter"}
    assert trust.charters.get().rules["longest_days"] == 730
    page = olga.get(trust.get_absolute_url() + "charter/").content.decode()
    assert "Admitting a member: the members vote for 14 days" in page

    ada, url = client(cast, "ada"), cast.trust.get_absolute_url() + "charter/"
    fields = CharterFieldsForm(kind="trust", text="", governance=Governance.of("trust"), votes=False)
    sent = {
        k: ("on" if v is True else v) for k, v in fields.initial.items() if v is not None and v is not False
    }
    sent |= {"text": "Members share to learn more.", "seen": ""}
    bad = ada.post(
        url + "edit/", {**sent, "members.evidence": "Ethics Vote; Vote", "members.countries": "Germany"}
    )
    assert (
        bad.status_code == 422
        and "this is no code" in bad.content.decode()
        and "These are not codes" in bad.content.decode()
    )
    good = {
        **sent,
        "beneficiaries": "passengers",
        "members.evidence": "ethics; Ethics vote; A letter",
        "votes.weights": "trustee 2",
    }
    assert ada.post(url + "edit/", good).status_code == 302
    kept = cast.trust.charters.first()
    assert kept.number == 2 and kept.governance == {
        "beneficiaries": "passengers",
        "votes": {"weights": {"trustee": 2}},
        "members": {"evidence": [{"code": "ethics", "label": "Ethics vote", "help": "A letter"}]},
    }
    assert (
        ada.post(url + "edit/?as=data", {"text": "T", "data": '{"members": {"colour": 1}}'}).status_code
        == 422
    )
    assert (
        ada.post(url + "edit/?as=data", {"text": "T", "data": json.dumps(kept.governance)}).status_code == 302
    )
    compared = ada.get(url + "compare/?old=1&new=2").content.decode()
    assert (
        "3 rules differ" in compared
        and "passengers" in compared
        and "Members share to learn more." in compared
    )
    assert (
        ada.get(url + "compare/?old=1&new=9").status_code == 404
        and ada.get(url + "?version=9").status_code == 404
    )
    read = ada.get(f"/api/v1/trusts/{cast.trust.pk}/charter", **token(cast, "ada", ["read"])).json()
    assert [one["number"] for one in read] == [3, 2, 1]
    assert read[0]["governance"] == Governance.of("trust", kept.governance).data and read[2][
        "governance"
    ] == usual("trust")


@pytest.mark.django_db
def test_who_runs_it_and_what_takes_a_vote_follow_from_the_charter(cast: Cast) -> None:
    hudson = cast.organisations["hudson"].pk
    assert cast.trust.trustees() == [cast.organisations["weather"].pk]
    assert "governance.nobody" in why(
        lambda: services.change_charter(
            cast.trust.pk, actor=cast.actor("ada"), governance={"governed_by": ["observer"]}
        )
    )
    services.change_charter(
        cast.trust.pk,
        actor=cast.actor("ada"),
        governance={
            "governed_by": ["provider"],
            "votes": {
                "kinds": {
                    "admit": {"by": "vote"},
                    "expel": {"by": "vote"},
                    "charter": {"by": "vote"},
                    "trustee": {"by": "vote"},
                }
            },
        },
    )
    trust = Trust.objects.get(pk=cast.trust.pk)
    assert trust.trustees() == [hudson] and governed_trust_ids(hudson) == [trust.pk]
    assert governed_trust_ids(cast.organisations["weather"].pk) == []
    piotr = Membership.objects.get(trust=trust, organisation=cast.organisations["meridian"])
    applied = services.apply(trust.pk, actor=cast.actor("olga"), role="consumer", message="Let us in.")
    dana = cast.actor("dana")
    for refused, work in (
        ("votes.admit", lambda: services.admit(applied.pk, actor=dana)),
        ("votes.admit", lambda: services.refuse(applied.pk, actor=dana, reason="No, thank you.")),
        ("votes.expel", lambda: services.expel(piotr.pk, actor=dana, reason="They must go.")),
        ("votes.charter", lambda: services.change_charter(trust.pk, actor=dana, text="Mine.")),
        ("votes.trustee", lambda: services.change_role(piotr.pk, actor=dana, role="trustee")),
    ):
        assert refused in why(work), refused
    with pytest.raises(Refused):
        services.change_charter(trust.pk, actor=cast.actor("ada"), text="Not hers any more.")
    assert BY_CODE["room"].kind == "room" and len(POINTS) == len(BY_PATH)
