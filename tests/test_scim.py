"""A directory ends people's access: SCIM over the API, with a token of its own scope."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from kernel.audit.models import Event
from tests.cast import Cast
from tests.test_access import token
from tests.test_people import client, place, stand_in
from trusts.organisations import services as organisations

pytestmark = [pytest.mark.django_db, pytest.mark.rules]
USERS = "/api/v1/scim/v2/Users"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Directory:
    """A client as directories are: the SCIM media type, one bearer token."""

    def __init__(self, cast: Cast, owner: str, scopes: list[str]) -> None:
        self.client, self.headers = Client(), token(cast, owner, scopes)

    def get(self, path: str = USERS, **query: Any) -> Any:
        return self.client.get(path, query, **self.headers)  # type: ignore[arg-type]

    def send(self, method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body) if body is not None else ""
        return self.client.generic(method, path, data, content_type="application/scim+json", **self.headers)

    def deactivate(self, pk: Any, value: Any = False, **shape: Any) -> Any:
        operation = {"op": "Replace", "path": "active", "value": value} | shape
        return self.send("PATCH", f"{USERS}/{pk}", {"schemas": [PATCH], "Operations": [operation]})


def test_a_deactivated_person_loses_roles_tokens_deputyships_and_sessions_at_once(cast: Cast) -> None:
    directory = Directory(cast, "dana", ["people"])
    listed = directory.get(filter='userName eq "RUI@rui.example"').json()
    assert (listed["totalResults"], listed["itemsPerPage"]) == (1, 1)
    rui = listed["Resources"][0]
    assert rui["active"]
    assert rui["roles"] == [{"value": "reviewer"}]
    organisations.change_roles(place(cast, "rui").pk, actor=cast.actor("dana"), roles=["reviewer", "steward"])
    browser, program = client(cast, "rui"), token(cast, "rui", ["read"])
    stand_in(cast, "rui", "ines")
    assert browser.get("/inbox/").status_code == 200
    assert Client().get("/api/v1/me", **program).status_code == 200  # type: ignore[arg-type]
    done = directory.deactivate(rui["id"], "False")
    assert done.status_code == 200
    assert done["Content-Type"] == "application/scim+json"
    assert done.json()["active"] is False
    assert done.json()["roles"] == []
    assert browser.get("/inbox/").status_code == 302
    assert Client().get("/api/v1/me", **program).status_code == 401  # type: ignore[arg-type]
    assert cast.actor("ines").roles == {"auditor"}
    event = Event.objects.get(subject_id=rui["id"], action="deprovision")
    assert event.door == "api"
    assert "directory" in event.reason
    # Again it changes nothing; back it does not come this way; deleted, the directory finds it no more.
    assert directory.deactivate(rui["id"]).status_code == 200
    back = directory.deactivate(rui["id"], True)
    assert (back.status_code, back.json()["scimType"]) == (400, "mutability")
    assert directory.get(filter="active eq false").json()["totalResults"] == 1
    assert directory.send("DELETE", f"{USERS}/{rui['id']}").status_code == 204
    assert directory.get(f"{USERS}/{rui['id']}").status_code == 404
    assert directory.get().json()["totalResults"] == 2
    assert Event.objects.filter(subject_id=rui["id"], to_state="removed").count() == 1


def test_who_acts_for_others_too_stays_signed_in_there(cast: Cast) -> None:
    organisations.found(actor=cast.actor("rui"), name="Rui's own")
    hudson = cast.organisations["hudson"]
    pk = hudson.members.get(user=cast.users["rui"]).pk
    browser = client(cast, "rui")
    assert browser.get("/inbox/").wsgi_request.actor.organisation_id == hudson.pk
    assert Directory(cast, "dana", ["people"]).send("DELETE", f"{USERS}/{pk}").status_code == 204
    assert browser.get("/inbox/").wsgi_request.actor.organisation_name == "Rui's own"


def test_a_directory_sees_and_ends_its_own_people_only(cast: Cast) -> None:
    sam, hudson = place(cast, "sam"), Directory(cast, "dana", ["people"])
    names = {user["userName"] for user in hudson.get().json()["Resources"]}
    assert names == {"dana@dana.example", "rui@rui.example", "ines@ines.example"}
    assert hudson.get(filter='userName eq "sam@sam.example"').json()["totalResults"] == 0
    for answer in (
        hudson.get(f"{USERS}/{sam.pk}"),
        hudson.deactivate(sam.pk),
        hudson.send("DELETE", f"{USERS}/{sam.pk}"),
    ):
        assert answer.status_code == 404
        assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    # Without the scope nobody, without a token nobody; and the last owner stays.
    assert Directory(cast, "dana", ["read", "organisation"]).get().status_code == 403
    assert Client().get(USERS).status_code == 401
    last = hudson.deactivate(place(cast, "dana").pk)
    assert last.status_code == 409
    assert "only owner" in last.json()["detail"]
    assert Event.objects.filter(action="deprovision", detail__has_key="refused").count() == 1
    organisations.change_roles(place(cast, "rui").pk, actor=cast.actor("dana"), roles=["steward"])
    assert Directory(cast, "rui", ["people"]).deactivate(place(cast, "ines").pk).status_code == 403
    assert place(cast, "ines").state == "active"


def test_what_is_not_offered_is_said_as_the_standard_says_it(cast: Cast) -> None:
    directory, ines = Directory(cast, "dana", ["people"]), place(cast, "ines").pk
    assert directory.get("/api/v1/scim/v2/ServiceProviderConfig").json()["patch"] == {"supported": True}
    page = directory.get(startIndex=2, count=1).json()
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, 2, 1)
    assert directory.get(count=0).json()["Resources"] == []
    for text in ('userName co "dana"', 'emails eq "x"', "userName eq true", "", 'userName eq "\\x"'):
        wrong = directory.get(filter=text)
        assert (wrong.status_code, wrong.json()["scimType"]) == (400, "invalidFilter"), text
    assert directory.get(startIndex="one").status_code == 400
    assert directory.send("POST", USERS, {"userName": "new@hudson.example"}).status_code == 501
    assert directory.send("PUT", f"{USERS}/{ines}", {"active": False}).status_code == 405
    bodies: list[Any] = [
        {"schemas": [PATCH]},
        {"Operations": []},
        {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "active"}]},
        {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "userName", "value": "x"}]},
        {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": "perhaps"}}]},
        {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": False, "userName": "x"}}]},
        [1],
        "text",
    ]
    for body in bodies:
        assert directory.send("PATCH", f"{USERS}/{ines}", body).status_code == 400, body
    assert (
        directory.client.generic(
            "PATCH", f"{USERS}/{ines}", "{", content_type="application/scim+json", **directory.headers
        ).status_code
        == 400
    )
    assert place(cast, "ines").state == "active"
    assert directory.deactivate(ines, path=None, value={"active": False}).json()["active"] is False
