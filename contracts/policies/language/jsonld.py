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
UNKNOWN = "x-unknown-term:"  # what an unknown name is expanded with, and cut off again afterwards
_KEYWORDS = frozenset([
    "@base", "@container", "@context", "@default", "@direction", "@graph", "@id", "@import", "@included", "@index",
    "@json", "@language", "@list", "@nest", "@none", "@prefix", "@propagate", "@protected", "@reverse", "@set", "@type",
    "@value", "@version", "@vocab",
])  # fmt: skip


def parsed(document: dict[str, Any] | str | bytes) -> dict[str, Any] | list[Any]:
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


def within_limits(given: Any) -> None:
    """PolicyError if the values are too large or too deep, or not JSON at all."""
    size = nodes = 0
    stack: list[tuple[Any, int, str]] = [(given, 1, "")]
    while stack:
        value, depth, pointer = stack.pop()
        if isinstance(value, (dict, list)):
            nodes += 1
            if depth > DEPTH:
                raise refuse(
                    pointer[:200], f"The document is nested deeper than {DEPTH} levels", "Make it flatter"
                )
            if nodes > NODES:
                raise _large(f"more than {NODES:,} objects and lists")
        if isinstance(value, dict):
            for key, item in value.items():
                if not isinstance(key, str):
                    raise refuse(pointer, f"A key is not text: {key!r}", "JSON has text keys only")
                if key[:1] == "@" and key not in _KEYWORDS and key[1:].isalpha():
                    raise refuse(f"{pointer}/{key}", f"“{key}” is no word of JSON-LD", "Correct or remove it")
                size += _length(key, pointer) + 4
                stack.append((item, depth + 1, f"{pointer}/{key}"))
        elif isinstance(value, list):
            stack.extend((item, depth + 1, f"{pointer}/{at}") for at, item in enumerate(value))
        elif isinstance(value, str):
            size += _length(value, pointer) + 3
        elif isinstance(value, float):
            if value != value or value in (float("inf"), float("-inf")):
                raise refuse(pointer, "A number is not finite", "Give a finite number")
        elif isinstance(value, int):
            if value.bit_length() > 1024:
                raise refuse(pointer, "A number has more than 300 digits", "Give a smaller number")
        elif value is not None:
            raise refuse(pointer, f"A value is not JSON: {type(value).__name__}", "Send plain JSON")
        size += 4
        if size > BYTES:
            raise _large("more than 1 MB")


def _length(text: str, pointer: str) -> int:
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise refuse(pointer, "Text holds half a character (a lone surrogate)", "Correct the text") from None


def _large(what: str) -> PolicyError:
    return refuse(
        "", f"The document is too large: {what}", "A policy may have 1 MB, 40 levels, 5,000 objects and lists"
    )


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise refuse("", f"The key “{twice}” stands twice in one object", "Keep one of them")
    return found


def compacted(document: dict[str, Any] | str | bytes) -> dict[str, Any]:
    """The policy in compact form under ODRL's context (without the `@context` entry itself).

    Raises PolicyError: not JSON or JSON-LD, an unknown context, no policy or several in it, too large.
    """
    return gathered(expanded(parsed(document)))


def expanded(document: dict[str, Any] | list[Any]) -> list[dict[str, Any]]:
    """The document in JSON-LD's expanded form; names that no context knows stand in it as they were written."""
    from pyld import jsonld  # read only when a foreign document comes: it takes a fifth of a second

    options: dict[str, Any] = {"base": None, "documentLoader": _load}
    foreign = isinstance(document, dict) and "@context" in document
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
    within_limits(found)
    return _restored(found)  # type: ignore[no-any-return]


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
    text = str(getattr(error, "args", [error])[0]).split("\n")[0].strip()
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
