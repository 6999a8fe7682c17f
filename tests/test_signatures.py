"""Signatures: own keys by both sides, renewed and stolen keys, strange algorithms, three parties, and offline proof."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from joserfc import jws as jose
from joserfc.jwk import OKPKey

import verify as verifier
from contracts.negotiations import agreements, signatures, signing
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement
from kernel import jws
from kernel.actor import system
from kernel.audit.models import Event
from kernel.canonical import canonical_bytes
from kernel.decision import Refused
from portal import notify
from portal.inbox import items
from tests import worlds
from tests.cast import Cast
from tests.test_access import token
from tests.test_recipes import client
from trusts.organisations import keys
from trusts.organisations.models import Organisation, SigningKey

pytestmark = pytest.mark.django_db


def agreed(cast: Cast) -> Agreement:
    """A dataset listed, asked for, accepted by the provider."""
    return worlds.agreed(cast)


def again(cast: Cast, agreement: Agreement) -> Agreement:
    asked = negotiations.ask(actor=cast.actor("piotr"), dataset=agreement.dataset, terms=worlds.terms())
    return negotiations.accept_request(
        asked.pk, actor=cast.actor("dana"), policy_hash=asked.proposals.get().policy_hash
    )


def sha(agreement: Agreement) -> str:
    return signing.payload_sha256(agreement)


def compact(key: Ed25519PrivateKey, agreement: Agreement, **header: Any) -> bytes:
    """A detached compact JWS with a header of the signer's own."""
    row = keys.valid(agreement.consumer_id, "own")[0]
    head = {"alg": "Ed25519", "kid": row.key_id, "iat": int(timezone.now().timestamp()), **header}
    one = jws.sign(key, {k: v for k, v in head.items() if v is not None}, canonical_bytes(agreement.payload))
    return f"{one['protected']}..{one['signature']}".encode()


def verified(document: Any, *arguments: str, folder: Path) -> tuple[int, str]:
    """What `verify.py` says of this document, in a process of its own."""
    path = folder / "signed.json"
    path.write_text(json.dumps(document))
    command = [sys.executable, str(Path(settings.BASE_DIR) / "verify.py"), str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert not done.stderr
    return done.returncode, done.stdout


def test_both_sides_sign_with_keys_of_their_own(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    """Registered on the page, accepted, signed by file and by API; in force with the last signature."""
    private = {name: Ed25519PrivateKey.generate() for name in ("dana", "piotr")}
    for name, key in private.items():
        browser, organisation = (
            client(cast, name),
            Organisation.objects.get(pk=cast.actor(name).organisation_id),
        )
        address = f"/do/organisation/{organisation.pk}/register_key/"
        page = browser.get(address).content.decode()
        line = keys.challenge(organisation)
        assert line in page
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        other = base64.b64encode(Ed25519PrivateKey.generate().sign(line.encode())).decode()
        wrong = browser.post(address, {"public_key": public, "signature": other})
        assert wrong.status_code == 409
        assert "does not fit the text shown here" in wrong.content.decode()
        assert "BEGIN PUBLIC KEY" in wrong.content.decode(), "what was typed is kept"
        assert organisation.custody == "portal"
        signature = base64.encodebytes(key.sign(line.encode())).decode()
        assert browser.post(address, {"public_key": public, "signature": signature}).status_code == 302
        assert organisation.custody == "own"
        assert keys.challenge(organisation) != line, "a proof is good once"
    page = client(cast, "olga").get("/organisations/hudson-carriers/").content.decode()
    assert "the portal cannot sign for it" in page
    found = client(cast, "olga").get("/organisations/hudson-carriers/keys.json").json()
    assert [k["held_by"] for k in found["keys"]] == ["own", "portal"]
    assert found["keys"][1]["valid_until"] is not None

    negotiation = worlds.asked(cast)
    page = client(cast, "dana").get(negotiation.get_absolute_url()).content.decode()
    assert "signs with its own key" in page
    agreement = negotiations.accept_request(
        negotiation.pk, actor=cast.actor("dana"), policy_hash=negotiation.proposals.get().policy_hash
    )
    assert (agreement.state, agreement.negotiation.state) == ("signing", "accepted")
    assert (
        "Hudson Carriers signs with its own key; this portal cannot sign for it."
        in agreement.payload["words"]
    )
    with pytest.raises(Refused, match="not signed by all parties yet"):
        worlds.submitted(cast, agreement)
    assert notify.send("agreement.to_sign", {"id": str(agreement.pk)}) == 2
    assert {m.to[0] for m in mail.outbox[-2:]} == {cast.users["dana"].email, cast.users["piotr"].email}
    assert "Sign the contract" in [item.verb for item in items(cast.actor("piotr"))]

    # The consumer first, by API: the provider's signature is still what the negotiation waits for.
    api = {"content_type": "application/json", **token(cast, "piotr", ["negotiations"])}
    base = f"/api/v1/agreements/{agreement.pk}"
    text = Client().get(f"{base}/to-sign", **api).json()[0]
    value = base64.b64encode(private["piotr"].sign(text["signing_input"].encode())).decode()
    body = {"payload_sha256": text["payload_sha256"], "signature": value}
    answer = Client().post(f"{base}/actions/sign", body, **api)
    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "signing"
    assert Client().post(f"{base}/actions/sign", body, **api).status_code in (403, 409)
    agreement.refresh_from_db()
    assert agreement.negotiation.state == "accepted"

    # The provider in the browser: download, sign, upload the file.
    browser, address = client(cast, "dana"), f"/do/agreement/{agreement.pk}/sign/"
    page = browser.get(address).content.decode()
    assert sha(agreement) in page
    assert "openssl pkeyutl -sign -rawin" in page
    got = browser.get(f"/contracts/{agreement.pk}/to-sign.txt").content
    assert got == browser.get(f"/contracts/{agreement.pk}/to-sign.txt").content, (
        "the same whenever it is fetched"
    )
    payload = browser.get(f"/contracts/{agreement.pk}/payload.bin").content
    assert got.split(b".")[1].decode() == jws.b64(payload)
    file = SimpleUploadedFile("signature.bin", private["dana"].sign(got))
    moved = browser.post(address, {"payload_sha256": "0" * 64, "file": file})
    assert "not the one you were shown" in moved.content.decode()
    file.seek(0)
    assert browser.post(address, {"payload_sha256": sha(agreement), "file": file}).status_code == 302
    agreement.refresh_from_db()
    assert (agreement.state, agreement.negotiation.state) == ("in_force", "finalized")
    steps = (
        Event.objects.filter(subject_id=agreement.negotiation_id)
        .exclude(action="refused")
        .order_by("subject_version")
    )
    assert [e.to_state for e in steps] == ["requested", "accepted", "agreed", "verified", "finalized"]
    assert [c["holds"] for c in signing.check(agreement)] == [True, True]
    page = browser.get(agreement.get_absolute_url()).content.decode()
    assert page.count("Signed with its own key") == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        Agreement.objects.filter(pk=agreement.pk).update(jws={})

    # Without the portal: with the keys that both organisations gave out themselves.
    document = browser.get(f"/contracts/{agreement.pk}/signed.json").json()
    files = []
    for slug in ("hudson-carriers", "meridian-insurance"):
        files += ["--keys", str(tmp_path / f"{slug}.json")]
        (tmp_path / f"{slug}.json").write_bytes(browser.get(f"/organisations/{slug}/keys.json").content)
    code, said = verified(document, *files, folder=tmp_path)
    assert code == 0, said
    assert said.count("its own key\n") == 2
    assert agreement.policy_hash in said
    # Another implementation of JOSE reads it too.
    for one, name in zip(agreement.jws["signatures"], ("piotr", "dana"), strict=True):
        public = private[name].public_key().public_bytes_raw()
        oracle = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": jws.b64(public)})
        registry = jose.JWSRegistry(algorithms=["Ed25519"], strict_check_header=False)
        value = {"payload": agreement.jws["payload"], "signatures": [one]}
        assert jose.deserialize_json(value, oracle, registry=registry).payload == payload  # type: ignore[arg-type]


@pytest.fixture
def waiting(cast: Cast) -> Iterator[tuple[Agreement, Ed25519PrivateKey]]:
    """A contract that waits for Meridian's own signature, and Meridian's key."""
    first = agreed(cast)
    with worlds.own_key(cast, "piotr") as key:
        yield again(cast, first), key


def test_a_signature_that_does_not_fit_says_what_does_not(
    cast: Cast, waiting: tuple[Agreement, Ed25519PrivateKey]
) -> None:
    agreement, key = waiting
    assert (agreement.state, agreement.negotiation.state) == ("signing", "agreed"), "the provider's is on it"
    body, piotr, stranger = (
        canonical_bytes(agreement.payload),
        cast.actor("piotr"),
        Ed25519PrivateKey.generate(),
    )
    text = signing.to_sign(agreement, piotr.organisation_id)[0].text
    other = again(cast, agreement)
    mallory = f"{jws.b64(b'{}')}..{jws.b64(bytes(64))}".encode()
    row = keys.valid(agreement.consumer_id, "own")[0]
    old = SigningKey.objects.filter(organisation_id=agreement.consumer_id, held_by="portal").first()
    assert old is not None
    cases: list[tuple[bytes, str]] = [
        (b"no signature", "64 are needed"),
        (key.sign(text)[:63], "63 bytes"),
        (key.sign(body), "over payload.bin alone"),
        (key.sign(text + b"\n"), "line break was signed"),
        (key.sign(signing.to_sign(other, piotr.organisation_id)[0].text), f"another contract, {other.ref}"),
        (stranger.sign(text), "fits none of Meridian Insurance's valid keys"),
        (mallory, "names no algorithm"),
        (compact(key, agreement, alg="none"), "names none"),
        (compact(key, agreement, alg="HS256"), "names HS256"),
        (compact(key, agreement, alg="Ed448"), "names Ed448"),
        (compact(key, agreement, crit=["b64"], b64=False), "does not know: b64, crit"),
        (compact(key, agreement, jwk={"kty": "OKP"}), "does not know: jwk"),
        (compact(key, agreement, kid="urn:ed25519:0000"), "names no key of Meridian"),
        (compact(key, agreement, kid=old.key_id), "names no key of Meridian"),
        (compact(key, agreement, iat=None), "iat is missing"),
        (compact(key, agreement, iat=int(timezone.now().timestamp()) + 900), "not between the making"),
        (compact(key, agreement, iat=int(timezone.now().timestamp()) - 900), "not between the making"),
        (compact(key, agreement, party=agreement.provider.iri), "another party than yours"),
        (compact(key, other, kid=row.key_id).replace(b"..", b"." + jws.b64(b"{}").encode() + b"."), "another payload"),
        (compact(key, other), "does not fit this contract"),
        (compact(stranger, agreement), "does not fit this contract"),
        (compact(key, agreement) + b"=", "last part cannot be read"),
        (b"a.b", "has 2 parts"),
    ]  # fmt: skip
    for given, says in cases:
        with pytest.raises(Refused, match=says):
            signatures.sign(agreement.pk, actor=piotr, payload_sha256=sha(agreement), signature=given)
    agreement.refresh_from_db()
    assert len(agreement.jws["signatures"]) == 1
    # The older name of the algorithm is read, a header of the signer's own too.
    done = signatures.sign(
        agreement.pk,
        actor=piotr,
        payload_sha256=sha(agreement),
        signature=compact(key, agreement, alg="EdDSA"),
    )
    assert done.state == "in_force"
    assert done.negotiation.state == "finalized"
    assert all(c["holds"] for c in signing.check(done))


def test_a_contract_that_is_not_signed_binds_nobody(
    cast: Cast, waiting: tuple[Agreement, Ed25519PrivateKey]
) -> None:
    agreement, key = waiting
    assert signatures.lapse_unsigned(timezone.now() + timedelta(days=13)) == 0
    assert signatures.lapse_unsigned(timezone.now() + timedelta(days=15)) == 1
    agreement.refresh_from_db()
    assert (agreement.state, agreement.negotiation.state) == ("unsigned", "lapsed")
    assert agreement.ended_because == "Meridian Insurance did not sign in time."
    refused = again(cast, agreement)
    late = signing.to_sign(refused, refused.consumer_id)[0].text
    page = client(cast, "piotr").post(
        f"/do/agreement/{refused.pk}/refuse_signature/", {"reason": "We changed our mind."}
    )
    assert page.status_code == 302
    refused.refresh_from_db()
    assert (refused.state, refused.negotiation.state) == ("unsigned", "rejected")
    assert "We changed our mind." in client(cast, "dana").get(refused.get_absolute_url()).content.decode()
    mail.outbox.clear()
    assert notify.send("agreement.unsigned", {"id": str(refused.pk)}) == 2
    with pytest.raises(Refused):
        signatures.sign(
            refused.pk, actor=cast.actor("piotr"), payload_sha256=sha(refused), signature=key.sign(late)
        )
    # One side's own key is no other person's: who may not sign for Meridian cannot.
    third = again(cast, agreement)
    for name in ("dana", "sam", "olga"):
        with pytest.raises(Refused):
            signatures.sign(
                third.pk, actor=cast.actor(name), payload_sha256=sha(third), signature=key.sign(b"")
            )


def test_contracts_hold_after_their_keys_are_renewed_and_until_they_were_stolen(
    cast: Cast, tmp_path: Path
) -> None:
    first, dana = agreed(cast), cast.actor("dana")
    used = signing.check(first)[0]["key"]
    said = StringIO()
    call_command("rotate_keys", "--organisation", "hudson-carriers", "--dry-run", stdout=said)
    call_command("rotate_keys", "--organisation", "hudson-carriers", "--older-than", "30", stdout=said)
    assert keys.valid(dana.organisation_id, "portal")[0].key_id == used  # type: ignore[arg-type]
    call_command("rotate_keys", stdout=said)
    assert "4 renewed" in said.getvalue()
    second = again(cast, first)
    assert signing.check(second)[0]["key"] not in ("", used)
    for one in (first, second):
        assert all(c["holds"] for c in signing.check(one))
        assert verified(signing.bundle(one), folder=tmp_path)[0] == 0
    # Stolen a while before the first contract was signed: its signature counts no more, the second's does.
    row = SigningKey.objects.get(public_hex__startswith=used.rsplit(":", 1)[1])
    browser, address = client(cast, "dana"), f"/do/organisation/{dana.organisation_id}/revoke_key/"
    assert used in browser.get(address).content.decode()
    zone = ZoneInfo(cast.users["dana"].zone)
    early = timezone.localtime(row.valid_from - timedelta(days=1), zone).strftime("%Y-%m-%dT%H:%M:%S")
    form = {"key": row.pk, "since": early, "reason": "A laptop was lost."}
    assert "must lie between" in browser.post(address, form).content.decode()
    form["since"] = timezone.localtime(row.valid_from, zone).strftime("%Y-%m-%dT%H:%M:%S")
    assert browser.post(address, form).status_code == 302
    marked = signing.check(first)[0]
    assert not marked["holds"]
    assert "reported stolen" in marked["why"]
    assert "reported stolen" in browser.get(first.get_absolute_url()).content.decode()
    assert signing.check(second)[0]["holds"]
    code, text = verified(signing.bundle(first), folder=tmp_path)
    assert code == 1
    assert "DOES NOT HOLD: the signature of Hudson Carriers: the key was reported stolen" in text
    # A key that the portal signs with is replaced at once when it is stolen.
    now = keys.valid(dana.organisation_id, "portal")[0]  # type: ignore[arg-type]
    keys.revoke(dana.organisation_id, actor=dana, key=now.pk, since=now.valid_from, reason="Stolen.")  # type: ignore[arg-type]
    assert keys.valid(dana.organisation_id, "portal")[0].key_id != now.key_id  # type: ignore[arg-type]
    # A thief who dates a signature back is judged by when it came in.
    entry = {"header": {"received": timezone.now().isoformat()}, "protected": "x"}
    row.revoked = timezone.now() - timedelta(minutes=1)
    before = row.revoked - timedelta(days=1)
    row.valid_from = before
    real = Ed25519PrivateKey.generate()
    row.public_hex = real.public_key().public_bytes_raw().hex()
    value = real.sign(jws.signing_input("x", b""))
    assert "stolen" in signing._why_not(entry, {}, [row], b"", value, before)
    with pytest.raises(DatabaseError), transaction.atomic():
        SigningKey.objects.update(public_hex="0" * 64)


def test_keys_are_taken_in_every_usual_form_and_weak_or_private_ones_are_not(cast: Cast) -> None:
    from kernel.public_keys import KeyFault, read_public_key

    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes_raw()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": jws.b64(raw)}
    for text in (raw.hex(), base64.b64encode(raw).decode(), jws.b64(raw), pem, f"\n{pem}\n", json.dumps(jwk)):
        assert read_public_key(text) == raw
    for text, says in (
        (secret, "private key"), (json.dumps({**jwk, "d": jws.b64(raw)}), "private key"), (json.dumps({"keys": [jwk]}), "set of keys"),
        (json.dumps({**jwk, "crv": "X25519"}), "another kind"), ("{", "not JSON"), ("[1]", "no public key"), ("{}", "another kind"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public key"), (raw.hex()[:-2], "no public key|31 bytes|has"),
        ("00" * 32, "anyone could sign"), ("01" + "00" * 31, "anyone could sign"), ("ec" + "ff" * 30 + "ff", "anyone could sign"), ("ff" * 32, "anyone could sign"),
    ):  # fmt: skip
        with pytest.raises(KeyFault, match=says):
            read_public_key(text)
    browser, dana = client(cast, "dana"), cast.actor("dana")
    address = f"/do/organisation/{dana.organisation_id}/register_key/"
    for public, signature, says in (
        (secret, "AA", "it was not kept"), (raw.hex(), "", "Paste the signature"), (raw.hex(), "§§", "no signature that can be read"),
    ):  # fmt: skip
        answer = browser.post(address, {"public_key": public, "signature": signature})
        assert answer.status_code == 422
        assert says in answer.content.decode()
    # A token that may only read changes nothing of the organisation.
    reader = token(cast, "dana", ["read"])
    one = f"/api/v1/organisations/{dana.organisation_id}"
    assert Client().post(f"{one}/actions/rotate_key", **reader).status_code == 403
    assert Client().get(f"{one}/keys", **reader).json()["keys"][0]["held_by"] == "portal"
    assert (
        Client().post(f"{one}/actions/rotate_key", **token(cast, "dana", ["organisation"])).status_code == 200
    )
    with worlds.own_key(cast, "piotr") as taken:
        hudson = Organisation.objects.get(pk=dana.organisation_id)
        with pytest.raises(Refused, match="registered already"):
            keys.register(hudson.pk, actor=dana, public_key=taken.public_key().public_bytes_raw(),
                          signature=taken.sign(keys.challenge(hudson).encode()))  # fmt: skip


def test_three_parties_sign_one_contract_and_it_waits_for_the_third(cast: Cast, tmp_path: Path) -> None:
    negotiation, weather = worlds.asked(cast), cast.organisations["weather"]
    with worlds.own_key(cast, "ada") as key:
        parties = [
            ("provider", negotiation.provider),
            ("consumer", negotiation.consumer),
            ("consumer", weather),
        ]
        proposal = negotiation.proposals.get()
        agreement = agreements.conclude(negotiation, proposal, actor=system(), accepted_by=cast.actor("dana"), parties=parties)  # fmt: skip
        assert [c["holds"] for c in signing.check(agreement)] == [True, True, False]
        code, text = verified(signing.bundle(agreement), folder=tmp_path)
        assert (code, "DOES NOT HOLD: the signature of Tri-State Weather Office: has not signed" in text) == (
            1,
            True,
        )
        signed = signatures.sign(
            agreement.pk, actor=cast.actor("ada"), payload_sha256=sha(agreement),
            signature=key.sign(signing.to_sign(agreement, weather.pk)[0].text),
        )  # fmt: skip
        assert [c["holds"] for c in signing.check(signed)] == [True, True, True]
        assert verified(signing.bundle(signed), folder=tmp_path)[0] == 0


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every text, number and empty value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inner or not value:
        yield path
    for key, item in inner:
        yield from leaves(item, (*path, key))


def changed(value: Any) -> list[Any]:
    """The value with its first and with its last byte flipped, or otherwise another one."""
    if isinstance(value, str) and value:
        return [chr(ord(value[0]) ^ 1) + value[1:], value[:-1] + chr(ord(value[-1]) ^ 1)]
    if isinstance(value, bool) or value is None:
        return ["x"]
    return [value + 1] if isinstance(value, int) else [{"x": 1}]


def test_every_change_of_a_signed_document_is_found(cast: Cast, tmp_path: Path, capsys: Any) -> None:
    """Each field of the whole document, its first and its last byte; and each member taken away or added."""
    with worlds.own_key(cast, "piotr") as key:
        agreement = agreed(cast)
        text = signing.to_sign(agreement, agreement.consumer_id)[0].text
        agreement = signatures.sign(agreement.pk, actor=cast.actor("piotr"), payload_sha256=sha(agreement), signature=key.sign(text))  # fmt: skip
    good = json.loads(json.dumps(signing.bundle(agreement)))
    path = tmp_path / "signed.json"

    def holds(document: Any) -> bool:
        path.write_text(json.dumps(document))
        with pytest.raises(SystemExit) if document != good else transaction.atomic():
            verifier.main([str(path)])
            return True
        return False

    assert holds(good)
    tried = 0
    for where in leaves(good):
        spoilt = copy.deepcopy(good)
        *before, last = where
        place = spoilt
        for step in before:
            place = place[step]
        value = place[last]
        for other in changed(value):
            place[last] = other
            assert not holds(spoilt), where
            tried += 1
        if isinstance(place, dict):
            del place[last]
            assert not holds(spoilt), where
            place[last] = value
    assert tried > 200
    extra = copy.deepcopy(good)
    extra["jws"]["signatures"].append(extra["jws"]["signatures"][0])
    assert not holds(extra)
    assert not holds({**good, "note": "unsigned"})
    # The same document under another portal's word: `--key` says which portal one trusts.
    with pytest.raises(SystemExit):
        verifier.main([str(path), "--key", "0" * 64])


def test_contracts_from_before_own_keys_still_verify(cast: Cast, tmp_path: Path) -> None:
    """Two portal-held signatures without time or custody, as they were made until now."""
    agreement = agreed(cast)
    payload = {k: v for k, v in agreement.payload.items() if k != "signers"}
    payload["accepted"]["at"] = timezone.now().replace(microsecond=0).isoformat()
    made = []
    for side in ("provider", "consumer"):
        row, key = keys.portal_signer(getattr(agreement, side))
        head = {"alg": "Ed25519", "kid": row.key_id, "side": side, "party": row.organisation.iri}
        made.append(jws.sign(key, head, canonical_bytes(payload)))
    agreement.payload = payload
    agreement.jws = {"payload": jws.b64(canonical_bytes(payload)), "signatures": made}
    keys.rotate(agreement.provider_id, actor=cast.actor("dana"))
    assert [c["holds"] for c in signing.check(agreement)] == [True, True]
    assert {c["held_by"] for c in signing.check(agreement)} == {"portal"}
    code, text = verified(signing.bundle(agreement), folder=tmp_path)
    assert code == 0, text
    agreement.payload = {**payload, "ends": "2099-01-01T00:00:00+00:00"}
    assert [c["why"] for c in signing.check(agreement)] == [
        "the signed text is not that of this contract"
    ] * 2
