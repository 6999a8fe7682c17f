"""Any JSON-LD form of one ODRL policy, brought to one compact form. Nothing is resolved over the network.

The work is a JSON-LD processor's; what is added here: limits, names that no context knows stay as they are written
instead of being dropped, and nodes that stand beside the policy are put where the policy names them.
"""

from __future__ import annotations

import json
from typing import Any

from contracts.policies.language.context import KNOWN, context
from contracts.policies.language.faults import PolicyError, refuse
from contracts.policies.language.gathering import gathered

BYTES, DEPTH, NODES = 1_000_000, 40, 5_000
CONTEXTS, TERMS = 20, 1_000
GROWN = 10_000_000  # in the expanded form, where every name is an IRI
UNKNOWN = "x-unknown-term:"  # what an unknown name is expanded with, and cut off again afterwards
_KEYWORDS = frozenset([
    "@base", "@container", "@context", "@default", "@direction", "@graph", "@id", "@import", "@included", "@index",
    "@json", "@language", "@list", "@nest", "@none", "@prefix", "@propagate", "@protected", "@reverse", "@set", "@type",
    "@value", "@version", "@vocab",
])  # fmt: skip


def parsed(document: dict[str, Any] | list[Any] | str | bytes) -> dict[str, Any] | list[Any]:
    """The document as JSON values within the limits; PolicyError for anything else."""
    given: Any = document
    if isinstance(document, (str, bytes)):
        if len(document) > BYTES:
            raise _large(f"{len(document):,} bytes")
        try:
            given = json.loads(document, object_pairs_hook=_pairs)
        except PolicyError:
            raise
        except (ValueError, RecursionError) as error:
            raise refuse("", f"This is not JSON: {error}", "Send the policy as JSON-LD") from None
    if not isinstance(given, (dict, list)):
        raise refuse("", "A policy is a JSON object", "Send the policy as JSON-LD")
    within_limits(given)
    return given


def within_limits(given: Any, most: int = BYTES) -> None:
    """PolicyError if the values are too large or too deep, or not JSON at all.

    A node is an object that says something: neither a value nor a mere reference.
    """
    size = nodes = 0
    stack: list[tuple[Any, int, _Place]] = [(given, 1, None)]
    while stack:
        holder, depth, place = stack.pop()
        if isinstance(holder, dict) and "@value" not in holder and (len(holder) > 1 or "@id" not in holder):
            nodes += 1
        if depth > DEPTH:
            raise refuse("", f"The document is nested deeper than {DEPTH} levels", "Make it flatter")
        if nodes > NODES:
            raise _large(f"more than {NODES:,} nodes")
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, value in pairs:
            if isinstance(key, str):
                size += 6 + (len(key) if key.isascii() else _length(key, place))
                if key[:1] == "@" and key not in _KEYWORDS and key[1:].isalpha():
                    raise refuse(
                        _pointer((place, key)), f"“{key}” is no word of JSON-LD", "Correct or remove it"
                    )
            elif isinstance(holder, dict):
                raise refuse(_pointer(place), f"A key is not text: {key!r}", "JSON has text keys only")
            else:
                size += 2
            if isinstance(value, str):
                size += 3 + (len(value) if value.isascii() else _length(value, (place, key)))
            elif isinstance(value, (dict, list)):
                stack.append((value, depth + 1, (place, key)))
            else:
                _scalar(value, (place, key))
        if size > most:
            raise _large(f"more than {most // 1_000_000} MB")


_Place = Any  # nested pairs (place above, key): a pointer is only written out when something is wrong there


def _pointer(place: _Place) -> str:
    keys: list[str] = []
    while place is not None:
        place, key = place
        keys.append("/" + str(key).replace("~", "~0").replace("/", "~1"))
    return "".join(reversed(keys))


def _scalar(value: Any, place: _Place) -> None:
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise refuse(_pointer(place), "A number is not finite", "Give a finite number")
    elif isinstance(value, int):  # true and false among them
        if value.bit_length() > 1024:
            raise refuse(_pointer(place), "A number has more than 300 digits", "Give a smaller number")
    elif value is not None:
        raise refuse(_pointer(place), f"A value is not JSON: {type(value).__name__}", "Send plain JSON")


def _length(text: str, place: _Place) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise refuse(
            _pointer(place), "Text holds half a character (a lone surrogate)", "Correct the text"
        ) from None


def _large(what: str) -> PolicyError:
    return refuse("", f"The document is too large: {what}", "A policy may have 1 MB, 40 levels, 5,000 nodes")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise refuse("", f"The key “{twice}” stands twice in one object", "Keep one of them")
    return found


def compacted(document: dict[str, Any] | list[Any] | str | bytes) -> dict[str, Any]:
    """The policy in compact form under ODRL's context (without the `@context` entry itself).

    Raises PolicyError: not JSON or JSON-LD, an unknown context, no policy or several in it, too large.
    """
    return gathered(expanded(parsed(document)))


def expanded(document: dict[str, Any] | list[Any]) -> list[dict[str, Any]]:
    """The document in JSON-LD's expanded form; names that no context knows stand in it as they were written."""
    from pyld import jsonld  # read only when a foreign document comes: it takes a fifth of a second

    options: dict[str, Any] = {"base": None, "documentLoader": _load}
    foreign = isinstance(document, dict) and "@context" in document
    _few_contexts(document)
    given = _prepared(document)
    keep: list[Any] = [{"@vocab": UNKNOWN}]
    if not foreign:
        keep.append(context())
    try:
        found = jsonld.expand(given, {**options, "expandContext": {"@context": keep}})
    except jsonld.JsonLdError as error:
        raise _said(error) from None
    # A processor of JSON-LD may trip over shapes that it does not expect; whatever it says, the document is at fault.
    except (TypeError, KeyError, ValueError, AttributeError, IndexError, RecursionError, Warning) as error:
        raise refuse(
            "", f"The document is not valid JSON-LD: {error}", "Check it with a JSON-LD tool"
        ) from None
    within_limits(found, GROWN)
    return _restored(found)  # type: ignore[no-any-return]


def _few_contexts(document: Any) -> None:
    """A processor works through every context anew at every place: many of them would keep it busy for minutes."""
    contexts = terms = 0
    stack = [document]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack += value
        elif isinstance(value, dict):
            given = value.get("@context")
            several = given if isinstance(given, list) else [given] if given is not None else []
            contexts += len(several)
            terms += sum(len(one) for one in several if isinstance(one, dict))
            stack += value.values()
    if contexts > CONTEXTS or terms > TERMS:
        what = f"The document has {contexts} contexts with {terms} terms of its own"
        raise refuse(
            "/@context",
            what,
            f"At most {CONTEXTS} contexts with {TERMS:,} terms are read; use one at the top",
        )


def _load(address: str, _options: dict[str, Any]) -> dict[str, Any]:
    if address in KNOWN:
        return {"contextUrl": None, "documentUrl": address, "document": {"@context": context()}}
    raise refuse(
        "/@context", f"The context {address} is not known here, and nothing is fetched over the network",
        "Write its terms into the document, or use http://www.w3.org/ns/odrl.jsonld",
    )  # fmt: skip


def _said(error: Exception) -> PolicyError:
    """The innermost cause: our own refusal of a context, or what the processor says."""
    cause: Any = error
    while cause is not None:
        if isinstance(cause, PolicyError):
            return cause
        cause = getattr(cause, "cause", None) or cause.__cause__
    text = str(getattr(error, "args", [error])[0]).split("\n")[0].strip(" .")
    return refuse("", f"The document is not valid JSON-LD: {text}", "Check it with a JSON-LD tool")


def _prepared(value: Any) -> Any:
    """The document with contexts that keep unknown names: where one forgets everything, it forgets all but that."""
    if isinstance(value, list):
        return [_prepared(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _kept(item) if key == "@context" else item if key == "@value" else _prepared(item)
        for key, item in value.items()
    }


def _kept(given: Any) -> Any:
    if given is None:
        return [None, {"@vocab": UNKNOWN}]
    if isinstance(given, list):
        found: list[Any] = []
        for one in given:
            kept = _kept(one)
            found.extend(kept if isinstance(kept, list) else [kept])
        return found
    if isinstance(given, dict):
        return {
            key: UNKNOWN if key == "@vocab" and not item
            else {k: _kept(v) if k == "@context" else v for k, v in item.items()} if isinstance(item, dict)
            else item
            for key, item in given.items()
        }  # fmt: skip
    return given


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, item in value.items():
        if key in ("@id", "@type") and isinstance(item, str):
            found[key] = item.removeprefix(UNKNOWN)
        elif key == "@type":
            found[key] = [t.removeprefix(UNKNOWN) for t in item]
        elif key == "@value":
            found[key] = item
        else:
            found[key.removeprefix(UNKNOWN)] = _restored(item)
    return found
