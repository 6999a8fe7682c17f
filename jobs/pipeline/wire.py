"""What travels between a worker and its child: JSON, with paths and bytes marked."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any


def arguments(value: Any) -> Any:
    """Arguments as JSON-able data; `revived` is the inverse (tuples and sets come back as lists)."""
    if isinstance(value, Path):
        return {"$path": str(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return arguments(_fields(value))
    if isinstance(value, Mapping):
        return {str(k): arguments(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [arguments(v) for v in value]
    return value


def revived(value: Any) -> Any:
    """Arguments as they were before `arguments`."""
    if isinstance(value, dict):
        if value.keys() == {"$path"}:
            return Path(value["$path"])
        if value.keys() == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        return {k: revived(v) for k, v in value.items()}
    return [revived(v) for v in value] if isinstance(value, list) else value


def result(value: Any) -> Any:
    """A result as plain JSON: dataclasses become dicts, paths and decimals text, dates ISO text."""
    if isinstance(value, (Path, Decimal)):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return result(_fields(value))
    if isinstance(value, Mapping):
        return {str(k): result(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [result(v) for v in value]
    return value


def _fields(value: Any) -> Any:
    """The object's own `as_dict` if it has one, else its fields, one level deep."""
    own = getattr(value, "as_dict", None)
    return own() if own else {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
