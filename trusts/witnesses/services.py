"""Verbs: a witness is registered or withdrawn; the operator answers for two versions of the log."""

from __future__ import annotations

import hmac
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from kernel import jws
from kernel.actor import Actor
from kernel.audit import notes
from kernel.audit.models import PortalKey
from kernel.decision import Refused
from kernel.keys import derive
from kernel.public_keys import KeyFault, bytes_of, read_public_key
from kernel.registry import loads_facts, performs
from kernel.transition import creation, transition
from trusts.organisations.models import Organisation
from trusts.witnesses.machines import SPLIT_VIEW, WITNESS
from trusts.witnesses.models import SplitView, Witness
from trusts.witnesses.rules import WitnessFacts


@loads_facts(WITNESS)
def witness_facts(witness: Witness, actor: Actor) -> WitnessFacts:
    return WitnessFacts(witness.organisation_id, actor.organisation_id)


def challenge(organisation_id: UUID | None) -> str:
    """The line whose signature proves possession of a witness's key: for this log, this party, one registration."""
    count = Witness.objects.filter(organisation_id=organisation_id).count()
    whose = f"urn:uuid:{organisation_id}" if organisation_id else "an outside party"
    nonce = hmac.digest(derive("witness challenge"), f"{whose}/{count}".encode(), "sha256").hex()[:32]
    return f"I register a witness of {settings.PORTAL_ORIGIN} for {whose}. {nonce}"


@performs(WITNESS, "register")
def register(*, actor: Actor, verifier_key: str, signature: str) -> Witness:
    """A witness of the organisation acted for. Raises Refused, with the field that is wrong."""
    return _make("register", actor.organisation_id, actor, verifier_key, signature)


@performs(WITNESS, "admit")
def admit(*, actor: Actor, verifier_key: str, signature: str) -> Witness:
    """A witness of an outside party, made known by the operator. Raises Refused."""
    return _make("admit", None, actor, verifier_key, signature)


def _make(action: str, organisation_id: UUID | None, actor: Actor, verifier_key: str, signature: str) -> Witness:  # fmt: skip
    made = Witness(organisation_id=organisation_id)
    try:
        with creation(WITNESS, action, made, actor=actor):
            made.name, made.public_hex = _read(verifier_key)
            _prove(made, signature)
            _refuse_known(made)
    except IntegrityError as problem:
        raise _known("name or key") from problem
    return made


def _read(verifier_key: str) -> tuple[str, str]:
    try:
        name, public = notes.read_verifier_key(verifier_key.strip(), notes.WITNESS)
        read_public_key(public.hex())
    except (notes.NoteError, KeyFault) as problem:
        raise Refused.because("witness.key", str(problem), remedy="Paste the line that witness.py printed", field="verifier_key") from problem  # fmt: skip
    if name == settings.PORTAL_ORIGIN:
        raise Refused.because("witness.name", "This is the name of the log itself", remedy="Choose a name of your own, such as hudson.example/witness", field="verifier_key")  # fmt: skip
    return name, public.hex()


def _prove(made: Witness, signature: str) -> None:
    line = challenge(made.organisation_id)
    try:
        holds = jws.holds(bytes.fromhex(made.public_hex), line.encode(), bytes_of(signature))
    except ValueError:
        holds = False
    if not holds:
        raise Refused.because(
            "witness.possession", "The signature does not fit the line shown here and this key",
            remedy="Run the command shown here once more and paste both lines that it prints", field="signature",
        )  # fmt: skip


def _refuse_known(made: Witness) -> None:
    if PortalKey.objects.filter(public_key=made.public_hex).exists():
        raise Refused.because("witness.log", "This is the key of the log itself", remedy="A witness has a key of its own", field="verifier_key")  # fmt: skip
    for what in ("name", "public_hex"):
        if Witness.objects.filter(**{what: getattr(made, what)}).exists():
            raise _known("name" if what == "name" else "key")


def _known(what: str) -> Refused:
    return Refused.because("witness.known", f"There is or was a witness with this {what}", remedy="Choose another name and make a new key", field="verifier_key")  # fmt: skip


@performs(WITNESS, "withdraw")
def withdraw(witness_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Witness:
    """It signs no more; what it signed stays. Raises Refused."""
    with transition(WITNESS, "withdraw", witness_id, actor=actor, seen=seen, reason=reason) as change:
        change.subject.withdrawn_because = reason
    return change.subject  # type: ignore[no-any-return]


def everyone() -> set[UUID]:
    """Every organisation: what befalls the log concerns them all."""
    return set(Organisation.objects.values_list("pk", flat=True))


@performs(SPLIT_VIEW, "acknowledge")
def acknowledge(split_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Any:
    """The operator says why two checkpoints disagree; everybody reads it, and the warning ends. Raises Refused."""
    with transition(SPLIT_VIEW, "acknowledge", split_id, actor=actor, seen=seen, reason=reason) as change:
        found: SplitView = change.subject
        found.answer = reason
        change.also_parties = everyone()
    return found
