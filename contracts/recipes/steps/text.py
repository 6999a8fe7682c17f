"""Every kind of value as the text of one form field, and back. `read_text(show_text(v)) == v`."""

from __future__ import annotations

import json
from typing import Any

from contracts.recipes.steps.faults import StepFault


def _quoted(item: str) -> str:
    plain = item and item == item.strip() and not set(item) & set(',"\n\r')
    return item if plain else '"' + item.replace('"', '""') + '"'


def _join(items: list[str]) -> str:
    return ", ".join(_quoted(item) for item in items)


def _split(name: str, text: str) -> list[str]:
    """Parts between commas; a part in double quotes is taken as it stands, quotes inside are doubled."""
    parts: list[str] = []
    index = 0
    while index < len(text):
        while index < len(text) and text[index] in " \t\r\n":
            index += 1
        if text[index : index + 1] == '"':
            part, index = _inside(name, text, index + 1)
            parts.append(part)
            while index < len(text) and text[index] in " \t\r\n":
                index += 1
            if index < len(text) and text[index] != ",":
                raise StepFault(
                    name,
                    f"After the quote at character {index + 1} a comma is missing.",
                    "Separate values by commas.",
                )
        else:
            end = text.find(",", index)
            end = len(text) if end < 0 else end
            parts.append(text[index:end].strip())
            index = end
        index += 1
    return parts


def _inside(name: str, text: str, index: int) -> tuple[str, int]:
    part = ""
    while True:
        end = text.find('"', index)
        if end < 0:
            raise StepFault(
                name, "A quote is opened and never closed.", "Close it, or write two quotes for one."
            )
        part += text[index:end]
        if text[end + 1 : end + 2] != '"':
            return part, end + 1
        part, index = part + '"', end + 2


def _pair(old: str, new: str) -> str:
    return f"{old.replace(chr(92), chr(92) * 2).replace('=', chr(92) + '=')}={new}"


def _unpair(name: str, part: str) -> tuple[str, str]:
    old, index = "", 0
    while index < len(part):
        sign = part[index]
        if sign == "\\" and index + 1 < len(part):
            old, index = old + part[index + 1], index + 2
        elif sign == "=":
            return old, part[index + 1 :]
        else:
            old, index = old + sign, index + 1
    raise StepFault(name, f"{part!r} has no equals sign.", "Write pairs like old=new, separated by commas.")


def show_text(kind: str, value: Any) -> str:
    if value is None or value in ([], {}):
        return ""
    if kind in ("columns", "list", "order"):
        return _join([str(v) for v in value]) if isinstance(value, list) else str(value)
    if kind == "mapping" and isinstance(value, dict):
        return _join([_pair(str(old), str(new)) for old, new in value.items()])
    if kind in ("rules", "measures"):
        return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def read_text(kind: str, name: str, label: str, text: str) -> Any:
    if kind in ("columns", "list", "order"):
        return [part for part in _split(name, text) if part]
    if kind == "mapping":
        return dict(sorted(_unpair(name, part) for part in _split(name, text) if part))
    if kind in ("rules", "measures"):
        try:
            return json.loads(text) if text.strip() else []
        except json.JSONDecodeError as problem:
            raise StepFault(name, f"{label} is not a list in JSON: {problem.msg} at character {problem.pos + 1}.",
                            "Write a list of objects in square brackets.") from None  # fmt: skip
        except RecursionError:
            raise StepFault(name, f"{label} is nested too deeply.", "Write a flat list of objects.") from None
    if kind == "boolean":
        return text.strip().lower() in ("yes", "true", "on", "1")
    if kind in ("text", "regex"):
        return text
    return text.strip()
