"""Before and after of an entry as people read it: words for codes, what was added to and taken from lists, texts word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.utils import timezone
from django.utils.formats import date_format

from contracts.policies.clauses import CLAUSES
from kernel import registry
from kernel.actor import Actor
from kernel.audit.models import NAMED, Event
from kernel.roles import ROLE_LABELS
from portal.trail import known
from trusts.organisations.models import Organisation

MANY_WORDS, MOST_WORDS, MOST_ITEMS = 8, 1_200, 100
ERASED = "Erased at the person’s request; the commitment stays"
PARTS = {"before": "before", "after": "after", "detail": "besides"}
# Fields whose name says little.
LABELS = {"kind": "Kind", "until": "Until", "person": "Person", "object": "Object", "odrl": "Terms (ODRL)", "policy_hash": "Fingerprint of the terms"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text: `how` is same, gone or new."""

    how: str
    text: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One field. `pieces`: a long text word by word. `gone`, `new`: items of a list. Else `before` and `after`."""

    label: str
    before: str = ""
    after: str = ""
    pieces: tuple[Piece, ...] = ()
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    more: int = 0
    erased: bool = False

    @property
    def is_list(self) -> bool:
        return bool(self.gone or self.new)


class Words:
    """Says values of one machine's objects in words, with the names of people and organisations that the reader may know."""

    def __init__(self, event: Event, actor: Actor) -> None:
        self.actor, self.names = actor, dict[str, str]()
        try:
            entry = registry.entry(event.machine)
        except KeyError:
            self.machine, self.model = None, None
        else:
            self.machine, self.model = entry.machine, entry.model
        self._learn(event)

    def _learn(self, event: Event) -> None:
        """Names for the ids in it, in two queries however many there are."""
        ids = {i for part in (event.before, event.after, event.detail) for i in _ids(part)}
        if not ids:
            return
        self.names = {str(o.pk): o.name for o in Organisation.objects.filter(pk__in=ids)}
        left = [i for i in ids if str(i) not in self.names]
        if left:
            self.names |= {str(u.pk): u.get_full_name() for u in known.people_of(self.actor, left)}

    def label(self, path: tuple[str, ...]) -> str:
        said = []
        for at, name in enumerate(path):
            if name in CLAUSES:
                said.append(CLAUSES[name].label)
            elif at == 0 and name not in LABELS and self.model is not None:
                said.append(self._of_field(name))
            else:
                said.append(LABELS.get(name) or name.replace("_", " "))
        text = ": ".join(said)
        return text[:1].upper() + text[1:]

    def _of_field(self, name: str) -> str:
        try:
            return str(self.model._meta.get_field(name).verbose_name).replace("_", " ")  # type: ignore[union-attr]
        except (FieldDoesNotExist, AttributeError):
            return name.replace("_", " ")

    def value(self, path: tuple[str, ...], value: Any) -> str:
        """One value in words. Nothing is an en dash."""
        if value is None or value == "" or value == [] or value == {}:
            return "–"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list):
            return ", ".join(self.value(path, item) for item in value)
        if isinstance(value, dict):
            return "; ".join(
                f"{self.label((*path[:1], key))[:80]} {self.value(path, item)}" for key, item in value.items()
            )
        if isinstance(value, str):
            return self._text(path, value)
        return str(value)

    def _text(self, path: tuple[str, ...], value: str) -> str:
        if path == ("state",) and self.machine is not None:
            try:
                return self.machine.state(value).label
            except (KeyError, StopIteration):
                return value
        if value in self.names:
            return self.names[value]
        choices = self._choices(path)
        if value in choices:
            return choices[value]
        if path[-1] in ("role", "roles") and value in ROLE_LABELS:
            return ROLE_LABELS[value].partition(":")[0]
        return _moment(value) or value

    def _choices(self, path: tuple[str, ...]) -> dict[str, str]:
        if self.model is None or len(path) != 1:
            return {}
        try:
            return {str(k): str(v) for k, v in self.model._meta.get_field(path[0]).flatchoices}  # type: ignore[union-attr]
        except (FieldDoesNotExist, AttributeError):
            return {}


def moved(event: Event, words: Words) -> list[Moved]:
    """What changed, field by field, terms by their clauses; erased values last."""
    before, after = dict(_flat(event.before)), dict(_flat(event.after))
    paths = sorted(before.keys() | after.keys(), key=lambda path: (path != ("state",), path))
    found = [
        _moved(words, path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    ]
    gone = sorted({path.partition("/")[2] for path in event.erased if path.startswith(("before/", "after/"))})
    return found + [Moved(words.label((name,)), erased=True) for name in gone]


def besides(event: Event, words: Words) -> list[tuple[str, str]]:
    """What else was noted: (label, value), decisions left out; they are shown as reasons."""
    rows = [
        (words.label((name,)), words.value((name,), value))
        for name, value in sorted(event.detail.items())
        if name not in ("decision", "refused")
    ]
    gone = [path.partition("/")[2] for path in event.erased if path.startswith("detail/")]
    return rows + [(words.label((name,)), ERASED) for name in sorted(gone)]


def erased_names(event: Event) -> list[str]:
    """Which of the entry's own texts were erased, in words."""
    called = {"title": "the object’s title", "actor_name": "the name of who acted", "organisation_name": "the organisation’s name", "reason": "the reason"}  # fmt: skip
    return [called[path] for path in NAMED if path in event.erased]


def reasons(event: Event) -> list[dict[str, Any]]:
    """Why it was refused, or what was noted though it was allowed."""
    said = event.detail.get("refused") or event.detail.get("decision") or {}
    found = said.get("reasons") if isinstance(said, dict) else None
    return [one for one in found or [] if isinstance(one, dict)]


def _moved(words: Words, path: tuple[str, ...], old: Any, new: Any) -> Moved:
    label = words.label(path)
    if isinstance(old, list) or isinstance(new, list):
        olds = [words.value(path, item) for item in old] if isinstance(old, list) else []
        news = [words.value(path, item) for item in new] if isinstance(new, list) else []
        gone, added = [i for i in olds if i not in set(news)], [i for i in news if i not in set(olds)]
        if gone or added:
            more = max(0, len(gone) - MOST_ITEMS) + max(0, len(added) - MOST_ITEMS)
            return Moved(label, gone=tuple(gone[:MOST_ITEMS]), new=tuple(added[:MOST_ITEMS]), more=more)
        return Moved(
            label, before=words.value(path, old), after=f"{words.value(path, new)} (in another order)"
        )
    if isinstance(old, str) and isinstance(new, str) and old and new:
        both = re.findall(r"\s+|[^\s]+", old), re.findall(r"\s+|[^\s]+", new)
        if max(map(len, both)) > 2 * MANY_WORDS and max(map(len, both)) <= 2 * MOST_WORDS:
            return Moved(label, pieces=tuple(_pieces(*both)))
    return Moved(label, before=words.value(path, old), after=words.value(path, new))


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    for how, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if how == "equal":
            yield Piece("same", "".join(old[a:b]))
            continue
        if b > a:
            yield Piece("gone", "".join(old[a:b]))
        if d > c:
            yield Piece("new", "".join(new[c:d]))


def _flat(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Path → value, down to three levels; what lies deeper is compared as a whole."""
    for name, value in values.items():
        if isinstance(value, dict) and value and len(path) < 2:
            yield from _flat(value, (*path, str(name)))
        else:
            yield (*path, str(name)), value


def _ids(value: Any) -> Iterator[UUID]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _ids(item)
    elif isinstance(value, list):
        for item in value[:MOST_ITEMS]:
            yield from _ids(item)
    elif isinstance(value, str) and len(value) == 36:
        try:
            yield UUID(value)
        except ValueError:
            return


def _moment(value: str) -> str:
    """A day or a moment as people write it; empty if it is none."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T[\d:.]+([+-]\d{2}:\d{2}|Z)?)?", value):
        return ""
    try:
        if "T" not in value:
            return date_format(date.fromisoformat(value), "j F Y")
        moment = datetime.fromisoformat(value)
    except ValueError:
        return ""
    return date_format(timezone.localtime(moment) if moment.tzinfo else moment, "j F Y H:i")
