"""What an attempt finished, written down beside its files, so that the next attempt does not do it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = "$folder"


def digest(function: str, args: Any, folder: Path) -> str:
    """Names a call: the same function with the same arguments, wherever the folder is; secrets left out."""
    text = json.dumps([function, _moved(args, str(folder), HERE, secrets=False)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def remember(folder: Path, name: str, result: Any) -> None:
    """Keep the result of a finished call, with the sizes of the files that it speaks of."""
    kept = {"result": _moved(result, str(folder), HERE), "files": {}}
    for path in set(_files(result, folder)):
        kept["files"][str(path.relative_to(folder))] = path.stat().st_size
    target = folder / "finished" / f"{name}.json"
    target.parent.mkdir(exist_ok=True)
    half = target.with_suffix(".half")
    half.write_text(json.dumps(kept))
    half.replace(target)


def recall(folder: Path, name: str) -> dict[str, Any] | None:
    """{"result": …} of an earlier, finished call whose files are all still there; else None."""
    try:
        kept = json.loads((folder / "finished" / f"{name}.json").read_text())
        for file, size in kept["files"].items():
            if (folder / file).stat().st_size != size:
                return None
    except (OSError, ValueError, KeyError):
        return None
    return {"result": _moved(kept["result"], HERE, str(folder))}


def _moved(value: Any, old: str, new: str, *, secrets: bool = True) -> Any:
    if isinstance(value, str):
        return new + value[len(old) :] if value == old or value.startswith(old + "/") else value
    if isinstance(value, dict):
        if not secrets and value.keys() == {"$bytes"}:
            return "secret"
        return {k: _moved(v, old, new, secrets=secrets) for k, v in value.items()}
    return [_moved(v, old, new, secrets=secrets) for v in value] if isinstance(value, list) else value


def _files(value: Any, folder: Path) -> Iterator[Path]:
    if isinstance(value, str):
        path = Path(value) if value.startswith(f"{folder}/") else None
        if path is not None and path.is_file():
            yield path
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _files(inner, folder)
    elif isinstance(value, list):
        for inner in value:
            yield from _files(inner, folder)
