"""Worlds at a point of the road, reached by walking it with the real verbs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from contracts.charters import services as charters
from contracts.charters.models import Exemption
from contracts.negotiations import offers
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement, Negotiation
from contracts.policies.clauses import CLAUSES
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from jobs.runs import runner
from jobs.runs.models import Job
from jobs.trials.models import Trial
from kernel import outbox, registry
from kernel.actor import Actor
from kernel.audit import notes
from kernel.audit.keyring import portal_key
from kernel.audit.models import Checkpoint
from kernel.audit.seal import seal_all
from tests.cast import PEOPLE, Cast
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.membership import parting
from trusts.membership import services as membership
from trusts.mergers import services as mergers
from trusts.mergers.models import Merger
from trusts.organisations import keys
from trusts.organisations import services as organisations_
from trusts.organisations.models import Organisation, User
from trusts.rights import emergencies
from trusts.rights import services as rights
from trusts.rights.models import Emergency, Grant
from trusts.witnesses import handing_in
from trusts.witnesses import services as watching
from trusts.witnesses.models import SplitView, Witness

CSV = b"""carrier,tailnum,dest,distance,arr_delay,note
UA,N1,IAH,1400,11,ok
UA,N1,IAH,1400,20,late
UA,N2,IAH,1400,,=cmd()
AA,N3,MIA,1089,33,ok
AA,N4,MIA,1089,-18,ok
B6,N5,BQN,1576,-25,alone
"""


def upload(content: bytes = CSV, name: str = "flights.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def drain() -> None:
    """Deliver topics and run queued jobs in this process, as the worker would."""
    for _ in range(20):
        outbox.dispatch()
        waiting = list(Job.objects.filter(state="queued").values_list("pk", flat=True))
        for pk in waiting:
            runner.run(pk, worker="test-worker")
        if not waiting:
            return


def registered(
    cast: Cast, content: bytes = CSV, name: str = "flights.csv", title: str = "Flights 2013"
) -> DatasetVersion:
    dataset = datasets.register(actor=cast.actor("dana"), title=title, summary="Departures from New York")
    version = datasets.add_version(dataset.pk, actor=cast.actor("dana"), file=upload(content, name))
    drain()
    version.refresh_from_db()
    return version


def terms(**changes: Any) -> dict[str, Any]:
    today = timezone.now().date()
    base: dict[str, Any] = {
        "purpose": {"any_of": ["research", "statistics"]},
        "recipient": {"who": "named_people"},
        "place": {"any_of": ["EU"]},
        "period": {"from": str(today - timedelta(days=1)), "until": str(today + timedelta(days=100)), "zone": "Europe/Berlin"},
        "columns": {"only": ["carrier", "tailnum", "dest", "distance", "arr_delay"]},
        "exports": {"at_most": 3},
        "min_group_size": {"k": 2, "by": ["carrier", "dest"]},
        "pseudonymise": {"columns": ["tailnum"]},
        "no_onward_transfer": {}, "no_reidentification": {}, "delete_within": {"days": 30},
        "attribution": {"text": "Hudson Carriers"},
    }  # fmt: skip
    return {k: v for k, v in {**base, **changes}.items() if v is not None}


def offered(cast: Cast, **changes: Any) -> Dataset:
    version = registered(cast)
    offers.publish(version.dataset_id, actor=cast.actor("dana"), terms=terms(**changes), trust=cast.trust)
    return Dataset.objects.get(pk=version.dataset_id)


def asked(cast: Cast, **changes: Any) -> Negotiation:
    dataset = offered(cast)
    return negotiations.ask(
        actor=cast.actor("piotr"), dataset=dataset, terms=terms(**changes), note="May we?"
    )


def agreed(cast: Cast, **changes: Any) -> Agreement:
    negotiation = asked(cast, **changes)
    newest = negotiation.proposals.order_by("-number").first()
    # By someone who has read every term, also those that need care.
    return negotiations.accept_request(
        negotiation.pk, actor=cast.actor("dana"), policy_hash=newest.policy_hash, confirmed=CLAUSES
    )


def exempted(cast: Cast, dataset: Dataset) -> Exemption:
    """An exception that a second person and a trustee still have to agree to."""
    rules = {
        "limits": {"place": {"any_of": ["EEA"]}, "exports": {"at_most": 5}},
        "needs": {"exports": "second_person"},
    }
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), rules=rules)
    wide = terms(place={"any_of": ["US"]}, exports={"at_most": 9})
    return charters.ask(
        actor=cast.actor("dana"), dataset=dataset, trust=cast.trust, terms=wide, why="A partner abroad."
    )


def registers_key(cast: Cast, owner: str) -> Ed25519PrivateKey:
    """From now on this owner's organisation signs with its own key, the one given."""
    actor = cast.actor(owner)
    organisation, key = Organisation.objects.get(pk=actor.organisation_id), Ed25519PrivateKey.generate()
    keys.register(
        organisation.pk, actor=actor, public_key=key.public_key().public_bytes_raw(),
        signature=key.sign(keys.challenge(organisation).encode()),
    )  # fmt: skip
    return key


@contextmanager
def own_key(cast: Cast, owner: str) -> Iterator[Ed25519PrivateKey]:
    """This owner's organisation signs with its own key, the one given, until the block ends."""
    yield registers_key(cast, owner)
    actor = cast.actor(owner)
    assert actor.organisation_id is not None
    keys.let_portal_sign(actor.organisation_id, actor=actor)


def granted(cast: Cast, kind: str, person: str, subject: Any, by: str = "dana", days: int = 30) -> Grant:
    """A right of this kind on one object, given by a colleague."""
    return rights.grant(
        actor=cast.actor(by), machine=registry.machine_for(subject).name, object_id=subject.pk, kind=kind,
        person=cast.users[person], until=timezone.now() + timedelta(days=days), reason="For this project only.",
    )  # fmt: skip


def opened(cast: Cast, subject: Any, operator: str = "olga") -> Emergency:
    """An emergency opening of this object by somebody who runs the portal; the first organisation's entry."""
    actor = Actor(user_id=cast.users[operator].pk, name=PEOPLE[operator][0], is_operator=True)
    machine = registry.machine_for(subject).name
    reason = "A page that the partner needs today stays empty, and only its content can say why."
    return emergencies.open_up(actor=actor, machine=machine, subject=subject, reason=reason)[0]


ANSWERS: dict[str, Any] = {
    "purpose": "academic_research", "purpose_note": "A study of delays.", "place": "DE",
    "columns": ["carrier", "tailnum", "dest", "arr_delay"], "row_filter": [], "format": "csv",
    "recipe": [{"name": "drop_missing", "params": {"columns": ["arr_delay"]}}],
}  # fmt: skip


def drafted(cast: Cast, agreement: Agreement | None = None, **answers: Any) -> Request:
    found = agreement or agreed(cast)
    return sharing.draft(
        actor=cast.actor("piotr"), agreement=found, people=[cast.users["piotr"].pk], **{**ANSWERS, **answers}
    )


def submitted(cast: Cast, agreement: Agreement | None = None, **answers: Any) -> Request:
    return sharing.submit(drafted(cast, agreement, **answers).pk, actor=cast.actor("piotr"))


# Long enough to approve in spite of a warning, too.
IN_ORDER = "In order: it stays within the contract, and few columns go out."


def approved(cast: Cast, agreement: Agreement | None = None, **answers: Any) -> Request:
    return sharing.approve(submitted(cast, agreement, **answers).pk, actor=cast.actor("rui"), reason=IN_ORDER)


AGAINST = "The same people received the same columns last month, and nothing says what became of them."


def refused(cast: Cast, request: Request) -> Request:
    """Refused though the contract permits it: by two people, who both say why at length."""
    sharing.refuse(request.pk, actor=cast.actor("rui"), reason=AGAINST)
    return sharing.refuse(request.pk, actor=cast.actor("dana"), reason=AGAINST)


def delivered(cast: Cast, agreement: Agreement | None = None, **answers: Any) -> Request:
    request = approved(cast, agreement, **answers)
    drain()
    request.refresh_from_db()
    return request


def tried(cast: Cast, request: Request, by: str = "rui") -> Trial:
    """The request's dry run, asked for by this person and done by the worker."""
    verb = sharing.try_out if by in ("piotr", "sam") else sharing.examine
    verb(request.pk, actor=cast.actor(by))
    drain()
    found: Trial = request.trials.order_by("-created").first()  # type: ignore[assignment]
    return found


def heard(cast: Cast, membership_id: UUID, by: str, on: str = "ada") -> None:
    """The hearing before an expulsion: grounds by the trustee, a reply by the member's owner."""
    parting.hear(membership_id, actor=cast.actor(on), grounds="They passed data on.")
    parting.reply(membership_id, actor=cast.actor(by), text="It was a mistake.")


def forged(size: int, root: bytes) -> str:
    """A checkpoint that this log's key signs and that this log never wrote."""
    return notes.sign(settings.PORTAL_ORIGIN, size, root, portal_key())


def disagreed(root: bytes = b"\1" * 32) -> SplitView:
    """Somebody hands in a forged checkpoint of the newest size."""
    seal_all()
    head = Checkpoint.objects.first()
    assert head is not None
    try:
        handing_in.take(forged(head.size, root))
    except handing_in.Disagrees as found:
        return found.split
    raise AssertionError("It did not disagree")


def witness(actor: Actor, name: str = "", key: Ed25519PrivateKey | None = None) -> Witness:
    """A witness of the organisation, registered as its owner would; `outside` for an operator without one."""
    key = key or Ed25519PrivateKey.generate()
    vkey = notes.verifier_key(name or f"w{uuid4().hex[:8]}.example/witness", key.public_key(), notes.WITNESS)
    make = watching.admit if actor.organisation_id is None else watching.register
    line = watching.challenge(actor.organisation_id)
    return make(actor=actor, verifier_key=vkey, signature=key.sign(line.encode()).hex())


def merging(cast: Cast, leaving: str = "ada", into: str = "hudson-carriers") -> Merger:
    """The weather office is to go over into Hudson; nobody has answered."""
    return mergers.propose(actor=cast.actor(leaving), into=into, reason="We have become one company.")


def company_that_merges() -> Merger:
    """A company of its own, with one owner, that is to go over into Hudson."""
    user = User.objects.create_user(f"{uuid4().hex[:8]}@small.example", name="Owner of the small one")
    organisation = organisations_.found(
        actor=Actor(user_id=user.pk, name="Owner"),
        name=f"Small {uuid4().hex[:6]}",
        country="US",
        kind="company",
    )
    owner = Actor(
        user_id=user.pk,
        name="Owner",
        organisation_id=organisation.pk,
        organisation_name=organisation.name,
        roles=frozenset({"owner"}),
    )
    return mergers.propose(actor=owner, into="hudson-carriers", reason="We have become one company.")
