"""Values between JSON and the model: numbers keep their kind, and every value has one way to be written."""

from __future__ import annotations

import json
from typing import Any

from contracts.policies.language.context import RDF, XSD_NAME, compact_iri
from contracts.policies.language.faults import refuse
from contracts.policies.language.model import Iri, Literal, Value
from contracts.policies.language.vocabulary import XSD
from kernel.canonical import canonical_bytes

INTEGER, BOOLEAN, DOUBLE, STRING = XSD + "integer", XSD + "boolean", XSD + "double", XSD + "string"
JSON = RDF + "JSON"
I18N = (
    "https://www.w3.org/ns/i18n#"  # JSON-LD 1.1 writes the direction of text as a datatype of this namespace
)
NODE = "@node"  # a value that is a description of its own; its text is the description as canonical JSON
EXACT = 2**53 - 1  # JSON numbers beyond this are not the same everywhere, so they are written as typed text


def canonical_text(value: Any) -> str:
    """Canonical JSON as text; a number with a fraction is refused."""
    try:
        return canonical_bytes(value).decode()
    except TypeError as error:
        raise refuse(
            "", f"A JSON value holds what canonical JSON cannot: {error}", "Write it as text"
        ) from None


def literal_of(given: Any, pointer: str = "") -> Literal:
    """The literal for a JSON scalar or a JSON-LD value object."""
    if isinstance(given, str):
        return Literal(given)
    if isinstance(given, bool):
        return Literal("true" if given else "false", BOOLEAN)
    if isinstance(given, int):
        return Literal(str(given), INTEGER)
    if isinstance(given, float):
        whole = given.is_integer() and abs(given) <= EXACT
        return Literal(str(int(given)), INTEGER) if whole else Literal(repr(given), DOUBLE)
    value, kind = given.get("@value"), given.get("@type")
    if kind == "@json":
        return Literal(canonical_text(value), JSON)
    language, direction = str(given.get("@language") or "").lower(), given.get("@direction")
    if direction:
        return Literal(str(value), f"{I18N}{language}_{direction}")
    if language:
        return Literal(str(value), language=language)
    if value is None or isinstance(value, (dict, list)):
        raise refuse(pointer, "A value is empty or is not a simple one", "Give text, a number, true or false")
    plain = literal_of(value)
    if not kind:
        return plain
    datatype = compact_iri(str(kind))
    return Literal(plain.value, "" if datatype == STRING else datatype)


def json_of(value: Value) -> Any:
    """The one way to write a value: a JSON string, integer or boolean where that says it all, else an object."""
    if isinstance(value, Iri):
        return {"@id": value.value}
    text, datatype = value.value, value.datatype
    if value.language:
        return {"@language": value.language, "@value": text}
    if not datatype:
        return text
    if datatype == INTEGER and _exact(text):
        return int(text)
    if datatype == BOOLEAN and text in ("true", "false"):
        return text == "true"
    if datatype == NODE:
        return json.loads(text)
    if datatype == JSON:
        return {"@type": "@json", "@value": json.loads(text)}
    if datatype.startswith(I18N):
        language, _, direction = datatype.removeprefix(I18N).rpartition("_")
        spoken = {"@language": language} if language else {}
        return {"@direction": direction, **spoken, "@value": text}
    name = XSD_NAME + datatype.removeprefix(XSD) if datatype.startswith(XSD) else datatype
    return {"@type": name, "@value": text}


def _exact(text: str) -> bool:
    digits = text.removeprefix("-")
    return (
        digits.isascii() and digits.isdigit() and len(digits) < 17
        and str(int(text)) == text and abs(int(text)) <= EXACT
    )  # fmt: skip


def value_of(given: Any, pointer: str = "") -> Value:
    """The value for what stands in a compact document: a scalar, a value object, an IRI, or a description."""
    if isinstance(given, dict) and "@value" not in given:
        if set(given) == {"@id"} and isinstance(given["@id"], str):
            return Iri(compact_iri(given["@id"]))
        return Literal(canonical_text(given), NODE)
    if isinstance(given, list) or given is None:
        raise refuse(pointer, "A value is a list within a list, or is empty", "Give simple values")
    return literal_of(given, pointer)
