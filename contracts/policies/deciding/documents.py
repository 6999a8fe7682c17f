"""From three JSON documents to the answer: what the command, the API and replay share."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any

from contracts.policies.deciding.evaluate import Prepared
from contracts.policies.deciding.facts import InputFault, Request, World, full_name
from contracts.policies.deciding.report import Decision
from contracts.policies.deciding.turning import Turning, turning
from contracts.policies.deciding.values import instant
from contracts.policies.language.read import read
from contracts.policies.language.vocabulary import ODRL
from contracts.policies.language.write import digest

BYTES = 256 * 1024  # of a request, and of a world
KEPT = 512
_prepared: OrderedDict[str, Prepared] = OrderedDict()
_lock = Lock()


def prepared_as(sha256: str, document: Callable[[], Any]) -> Prepared:
    """A policy made ready, kept by the hash of its document. Raises PolicyError when it is read first."""
    with _lock:
        found = _prepared.get(sha256)
        if found is not None:
            _prepared.move_to_end(sha256)
            return found
    made = Prepared(read(document()), sha256)
    with _lock:
        _prepared[sha256] = made
        while len(_prepared) > KEPT:
            _prepared.popitem(last=False)
    return made


def is_prepared(sha256: str) -> bool:
    """Whether the policy of this hash is at hand."""
    return sha256 in _prepared


def prepared_from(document: Any) -> Prepared:
    """A policy made ready; its hash is that of its canonical form, however it was written. Raises PolicyError."""
    policy = read(document, any_action=True)
    return Prepared(policy, digest(policy))


def loaded(where: str, text: str) -> Any:
    """A request or world from its text. Raises InputFault with line and column."""
    if len(text) > BYTES:
        raise InputFault(
            where, f"is larger than {BYTES // 1024} kB", "Leave out what the policy does not mention"
        )
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise InputFault(where, f"is not JSON: {problem}", "Correct it there") from None


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def asked_in(request: Any, world: Any) -> tuple[Request, World, datetime | None]:
    """Both inputs and the moment: the world's `now`, else the request's dateTime, else not known. Raises InputFault."""
    for name, given in (("request", request), ("world", world)):
        try:
            small = len(json.dumps(given, ensure_ascii=False, allow_nan=False).encode()) <= BYTES
        except (TypeError, ValueError, RecursionError):
            raise InputFault(
                name, "is not JSON that can be compared", "Use texts, numbers, lists and objects"
            ) from None
        if not small:
            raise InputFault(
                name, f"is larger than {BYTES // 1024} kB", "Leave out what the policy does not mention"
            )
    asked, known = Request.from_json(request), World.from_json(world)
    moment = known.now
    if moment is None:
        said = next((v for k, v in asked.given.items() if full_name(str(k)) == ODRL + "dateTime"), None)
        text = said.get("@value") if isinstance(said, Mapping) else said
        moment = instant(text) if isinstance(text, str) else None
    return asked, known, moment


def decide(policy: Any, request: Any, world: Any) -> tuple[Decision, Turning | None]:
    """The decision and the smallest change that would turn it. Raises PolicyError or InputFault."""
    prepared = prepared_from(policy)
    asked, known, moment = asked_in(request, world)
    decision = prepared.decide(asked, known, as_of=moment)
    return decision, smallest_change(prepared, asked, known, moment)


def smallest_change(
    prepared: Prepared, request: Request, world: World, as_of: datetime | None
) -> Turning | None:
    """What would turn a no; None for a yes, and where it would take too long to find."""
    return turning(prepared, request, world, as_of=as_of)


def answer(policy: Any, request: Any, world: Any) -> dict[str, Any]:
    """The decision as JSON, with `turning` beside it. Raises PolicyError or InputFault."""
    decision, turned = decide(policy, request, world)
    return {**decision.as_dict(), "turning": turned.as_dict() if turned else None}
