"""Rules that cannot stand together, each with a request that shows it where there is one.

Sound, not complete: what is reported is so. Not looked for: values whose kind, unit or operator is not understood,
values kept elsewhere, a trust's own clauses, members of collections that only the world knows, inherited rules, conflicts that need three
rules, and alternatives (`or`, `xone`) beyond a few thousand combinations.
Give only policies that are meant to hold together: an offer alone, an offer with its charter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, combinations, islice, product
from typing import Any

from contracts.policies.language import phrases
from contracts.policies.language.model import Action, Asset, Condition, Party, Policy, Rule
from contracts.policies.language.satisfying import as_json, fitting, impossible, window
from contracts.policies.language.vocabulary import ACTIONS, BROADER, FORBIDDEN_WITH, NS, ODRL, broader, short

_ASSIGNEE, _TIME = ODRL + "assignee", ODRL + "dateTime"
ANYONE, ANYTHING = "urn:example:anyone", "urn:example:anything"
# Done once and for all: two such duties on the same data cannot be met one after the other.
_ONCE = frozenset(ODRL + name for name in ("delete", "uninstall"))
_OWN = NS + "own"
_DEADLINES = (_TIME, ODRL + "delayPeriod", ODRL + "elapsedTime")
_DECIDED = frozenset(ODRL + name for name in ("perm", "prohibit"))
PAIRS, MOST = 2_000, 100  # pairs of rules that are looked at, conflicts that are named
_KINDS: dict[str, tuple[str, str]] = {
    "permission": ("permission", "Erlaubnis"), "prohibition": ("prohibition", "Verbot"),
    "obligation": ("obligation", "Pflicht"), "duty": ("duty", "Auflage"), "remedy": ("remedy", "Abhilfe"),
    "consequence": ("consequence", "Folge"),
}  # fmt: skip
_TEXTS: dict[str, tuple[str, str]] = {
    "permission_prohibition": (
        "{a} allows what {b} forbids: to {do}.",
        "{a} gestattet, was {b} untersagt: {do}.",
    ),
    "exception": (
        "{b} takes something out of {a}: to {do}.",
        "{b} nimmt etwas aus von {a}: {do}.",
    ),
    "impossible": (
        "{a} can never apply: no value of “{left}” satisfies all its conditions.",
        "{a} kann nie zutreffen: kein Wert für „{left}“ erfüllt alle Bedingungen.",
    ),
    "windows": (
        "{a} and {b} never apply at the same time.",
        "{a} und {b} gelten nie zur selben Zeit.",
    ),
    "duty_forbidden": (
        "{a} demands what {b} always forbids: to {do}.",
        "{a} verlangt, was {b} immer untersagt: {do}.",
    ),
    "deadlines": (
        "{a} and {b} cannot both be met: their times for “{do}” exclude each other.",
        "{a} und {b} lassen sich nicht beide erfüllen: ihre Fristen für „{do}“ schließen sich aus.",
    ),
}
_REMEDIES: dict[str, tuple[str, str]] = {
    "permission_prohibition": (
        "Take one of them out, narrow one, or say which wins (conflict: prohibit).",
        "Nehmen Sie eines davon heraus, schränken Sie es ein, oder sagen Sie, was vorgeht (conflict: prohibit).",
    ),
    "exception": ("Nothing to do if it is meant so.", "Nichts zu tun, wenn das so gemeint ist."),
    "impossible": (
        "Change or remove one of the conditions.",
        "Ändern oder entfernen Sie eine der Bedingungen.",
    ),
    "windows": ("Change one of the periods.", "Ändern Sie einen der Zeiträume."),
    "duty_forbidden": (
        "Take the duty or the prohibition out.",
        "Nehmen Sie die Pflicht oder das Verbot heraus.",
    ),
    "deadlines": ("Change one of the two deadlines.", "Ändern Sie eine der beiden Fristen."),
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two rules that disagree, or one that contradicts itself.

    `rules` are their uids (as `Policy.complete` names them), the permitting or demanding one first. `witness` is a
    request as `evaluate_policy` takes it that the first rule covers and the second forbids (for *windows*: that the
    second does not cover); its left operands stand beside assignee, action and target. `blocks`: sending must wait;
    an exception, and a policy that says itself which rule wins, do not block.
    """

    kind: str
    rules: tuple[str, ...]
    texts: tuple[str, str]
    witness: dict[str, Any] | None = None
    blocks: bool = True

    def text(self, language: str = "en") -> str:
        return self.texts[language == "de"]

    def remedy(self, language: str = "en") -> str:
        return _REMEDIES[self.kind][language == "de"]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A rule with what it is called, and the policy that it stands in. `under`: the permission of a duty."""

    rule: Rule
    names: tuple[str, str]
    policy: int
    under: Rule | None = None
    conflict: str = ""

    @property
    def targets(self) -> tuple[Asset, ...]:
        return self.rule.targets or (self.under.targets if self.under else ())

    @property
    def assignees(self) -> tuple[Party, ...]:
        own = self.rule.with_function(_ASSIGNEE)
        return own or (self.under.with_function(_ASSIGNEE) if self.under else ())


def find_conflicts(policies: Sequence[Policy]) -> list[Conflict]:
    """Every conflict within and between these policies that can be shown, in the order of their rules."""
    placed = list(_placed(policies))
    of_kind = {kind: [p for p in placed if p.rule.kind == kind] for kind in _KINDS}
    demands = of_kind["duty"] + of_kind["obligation"]
    searches = chain(
        (one for p in placed for one in _impossible(p)),
        (one for a, b in _pairs(of_kind["permission"], of_kind["prohibition"]) for one in _forbidden(a, b)),
        (one for a, b in _pairs(demands, of_kind["prohibition"]) for one in _demanded(a, b)),
        (one for a, b in islice(combinations(demands, 2), PAIRS) for one in _deadlines(a, b)),
        _apart(of_kind["permission"], len(policies)),
    )
    return list(islice(searches, MOST))


def _pairs(first: list[_Placed], second: list[_Placed]) -> Iterator[tuple[_Placed, _Placed]]:
    return islice(product(first, second), PAIRS)


def _placed(policies: Sequence[Policy]) -> Iterator[_Placed]:
    for at, policy in enumerate(policies):
        whose = f" ({policy.uid or at + 1})" if len(policies) > 1 else ""
        counts: dict[str, int] = {}
        for rule in policy.complete().rules:
            counts[rule.kind] = counts.get(rule.kind, 0) + 1
            english, german = (f"{word} {counts[rule.kind]}" for word in _KINDS[rule.kind])
            yield _Placed(rule, (english + whose, german + whose), at, None, policy.conflict)
            above = rule if rule.kind == "permission" else None
            for number, duty in enumerate(rule.duties, 1):
                names = (f"{english}, duty {number}{whose}", f"{german}, Auflage {number}{whose}")
                yield _Placed(duty, names, at, above, policy.conflict)


def _said(kind: str, a: _Placed, b: _Placed | None = None, **parts: tuple[str, str]) -> tuple[str, str]:
    made = []
    for at, template in enumerate(_TEXTS[kind]):
        names = {"a": a.names[at], "b": b.names[at] if b else ""} | {
            key: said[at] for key, said in parts.items()
        }
        text = template.format_map(names)
        made.append(text[:1].upper() + text[1:])
    return made[0], made[1]


def _doing(action: str) -> tuple[str, str]:
    known = phrases.ACTIONS.get(action)
    if known is None:
        return short(action), short(action)
    english, german = phrases.PLAIN["data"][0], phrases.PLAIN["data"][1]
    dative = phrases.PLAIN["data dative"][1]
    return known[0].format(what=english), known[1].format(what=german, dative=dative)


# ---------------------------------------------------------------------------------------------- one rule by itself


def _impossible(placed: _Placed) -> Iterator[Conflict]:
    """A rule whose conditions exclude each other, be it at the rule, its action, its data or its party."""
    rule, every = placed.rule, placed.rule.kind != "prohibition"
    for conditions in (rule.constraints, *_refinements(rule.actions, rule.targets, rule.parties)):
        clash = impossible(conditions, every)
        if clash:
            left = phrases.LEFT_OPERANDS.get(clash[0].left, (short(clash[0].left),) * 2)
            yield Conflict("impossible", (rule.uid,), _said("impossible", placed, left=left))
            return


def _refinements(
    actions: Sequence[Action], targets: Sequence[Asset], parties: Sequence[Party]
) -> list[tuple[Condition, ...]]:
    return [
        *(one.refinement for one in actions), *(one.refinement for one in targets), *(one.refinement for one in parties)
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------- permission, prohibition


def _forbidden(a: _Placed, b: _Placed) -> Iterator[Conflict]:
    """What the permission permits and the prohibition forbids, if a request shows it."""
    for permitted in a.rule.actions:
        for forbidden in b.rule.actions:
            for action in _both(permitted, forbidden):
                witness = _witness(a, b, action, (*permitted.refinement, *forbidden.refinement))
                if witness is None:
                    continue
                narrower = permitted.iri not in _reached(forbidden.iri, True)
                kind = "exception" if narrower else "permission_prohibition"
                # The policy itself may have said which rule wins; two policies have said so only together.
                decided = a.conflict == b.conflict and a.conflict in _DECIDED
                texts = _said(kind, a, b, do=_doing(action))
                yield Conflict(kind, (a.rule.uid, b.rule.uid), texts, witness, not (narrower or decided))
                return


@lru_cache(maxsize=1024)
def _reached(action: str, forbidding: bool) -> frozenset[str]:
    """The actions that this one includes, itself among them; a trust's own clauses mean what their words say."""
    if action == _OWN:
        return frozenset()
    tree = FORBIDDEN_WITH if forbidding else BROADER
    return frozenset({action, *(one for one in ACTIONS if action in broader(one, tree))})


def _both(permitted: Action, forbidden: Action) -> list[str]:
    """Actions that the permission reaches and the prohibition too, the permitted one itself first if it is one."""
    both = _reached(permitted.iri, False) & _reached(forbidden.iri, True)
    first = [iri for iri in (permitted.iri, forbidden.iri) if iri in both]
    return [*first, *sorted(both - set(first))][:3]


def _witness(a: _Placed, b: _Placed, action: str, refined: tuple[Condition, ...]) -> dict[str, Any] | None:
    """A request that certainly falls under both rules, with the facts that it needs."""
    party = _common(a.assignees, b.assignees, ANYONE)
    target = _common(a.targets, b.targets, ANYTHING)
    if party is None or target is None:
        return None
    conditions = (*a.rule.constraints, *b.rule.constraints, *refined, *party[1], *target[1])
    facts = fitting(conditions)
    if facts is None:
        return None
    told = {short(operand): as_json(fact) for operand, fact in facts.items()}
    return {"assignee": party[0], "action": short(action), "target": target[0], **told}


Things = Sequence[Asset | Party]


def _common(ours: Things, theirs: Things, other: str) -> tuple[str, tuple[Condition, ...]] | None:
    """Someone, or something, that both name, with the conditions on it. Who is named by nobody is named by all."""
    if not ours and not theirs:
        return other, ()
    named = [name for one in (*ours, *theirs) for name in (one.iri, one.source) if name]
    above = {one.iri: one.part_of for one in (*ours, *theirs) if one.iri}
    for name in dict.fromkeys([*named, other]):
        conditions: list[Condition] = []
        for things in (ours, theirs):
            fits = [one for one in things if _is(name, one, above)]
            if things and not fits:
                break
            if fits:
                # If it is named twice, the plainer place is enough.
                plainest: tuple[Condition, ...] = min((one.refinement for one in fits), key=len)
                conditions += plainest
        else:
            return name, tuple(conditions)
    return None


def _is(name: str, thing: Asset | Party, above: dict[str, tuple[str, ...]]) -> bool:
    mine = {one for one in (thing.iri, thing.source) if one}
    # A collection without a name is whoever fits its conditions.
    return not mine or name in mine or bool(mine & set(above.get(name, ())))


# --------------------------------------------------------------------------------------------------------- duties


def _demanded(a: _Placed, b: _Placed) -> Iterator[Conflict]:
    """A duty to do what a prohibition without conditions forbids: there is no way left to meet it."""
    bare = not b.rule.constraints and not any(_refinements(b.rule.actions, b.targets, b.assignees))
    if not bare or impossible(a.rule.constraints):
        return
    for duty in a.rule.actions:
        for forbidden in b.rule.actions:
            if duty.iri not in _reached(forbidden.iri, True):
                continue
            if not _all_within(a.assignees, b.assignees) or not _all_within(a.targets, b.targets):
                continue
            party = _common(a.assignees, b.assignees, ANYONE)
            target = _common(a.targets, b.targets, ANYTHING)
            if party is None or target is None:
                continue
            witness = {"assignee": party[0], "action": short(duty.iri), "target": target[0]}
            texts = _said("duty_forbidden", a, b, do=_doing(duty.iri))
            yield Conflict("duty_forbidden", (a.rule.uid, b.rule.uid), texts, witness)
            return


def _all_within(ours: Things, theirs: Things) -> bool:
    """Whether whatever the first may be about is certainly what the second is about."""
    if not theirs:
        return True
    names = {name for one in theirs for name in (one.iri, one.source) if name}
    return bool(ours) and all({one.iri, one.source} & names - {""} for one in ours)


def _deadlines(a: _Placed, b: _Placed) -> Iterator[Conflict]:
    """Two duties to do the same once, whose times exclude each other."""
    same = [x.iri for x in a.rule.actions for y in b.rule.actions if x.iri == y.iri and x.iri in _ONCE]
    if not same or any(action.refinement for one in (a, b) for action in one.rule.actions):
        return
    if not (
        a.targets and b.targets and _all_within(a.targets, b.targets) and _all_within(b.targets, a.targets)
    ):
        return
    if not (_all_within(a.assignees, b.assignees) and _all_within(b.assignees, a.assignees)):
        return
    if not _together(a, b):
        return
    for operand in _DEADLINES:
        alone = [window(one.rule.constraints, operand) for one in (a, b)]
        both = window((*a.rule.constraints, *b.rule.constraints), operand)
        if both.empty and not any(one.empty for one in alone):
            texts = _said("deadlines", a, b, do=_doing(same[0]))
            yield Conflict("deadlines", (a.rule.uid, b.rule.uid), texts)
            return


def _together(a: _Placed, b: _Placed) -> bool:
    """Whether one use can bring both duties: they stand at the same permission, or at two that share a request."""
    if a.under is None or b.under is None or a.under is b.under:
        return True
    ours, theirs = _Placed(a.under, a.names, a.policy), _Placed(b.under, b.names, b.policy)
    return any(
        _witness(ours, theirs, action, (*x.refinement, *y.refinement)) is not None
        for x in a.under.actions for y in b.under.actions for action in _reached(x.iri, False) & _reached(y.iri, False)
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------------- windows


def _apart(permissions: list[_Placed], count: int) -> Iterator[Conflict]:
    """Two policies that permit the same, but never at the same time."""
    for first in range(count):
        for second in range(first + 1, count):
            ours, theirs = ([p for p in permissions if p.policy == at] for at in (first, second))
            if len(ours) * len(theirs) > PAIRS:
                continue  # it is said of all pairs, or not at all
            pairs = [(a, b, action) for a in ours for b in theirs for action in _shared(a, b)]
            if pairs and all(_disjoint(a, b) for a, b, _ in pairs):
                a, b, action = pairs[0]
                nobody = _Placed(Rule("permission"), ("", ""), second)
                witness = _witness(_Placed(a.rule, a.names, first), nobody, action.iri, action.refinement)
                yield Conflict("windows", (a.rule.uid, b.rule.uid), _said("windows", a, b), witness)


def _shared(a: _Placed, b: _Placed) -> list[Action]:
    """Actions of the first that the second permits too, of someone with something that both name."""
    if _common(a.assignees, b.assignees, ANYONE) is None or _common(a.targets, b.targets, ANYTHING) is None:
        return []
    theirs: frozenset[str] = frozenset().union(*(_reached(y.iri, False) for y in b.rule.actions))
    return [x for x in a.rule.actions if x.iri in theirs]


def _disjoint(a: _Placed, b: _Placed) -> bool:
    ours, theirs = window(a.rule.constraints, _TIME), window(b.rule.constraints, _TIME)
    return (
        not ours.empty
        and not theirs.empty
        and window((*a.rule.constraints, *b.rule.constraints), _TIME).empty
    )


def moment_of(witness: dict[str, Any]) -> datetime:
    """When the request of a witness is made: its `dateTime`, else some moment."""
    given = witness.get("dateTime")
    return datetime.fromisoformat(given) if isinstance(given, str) else datetime(2027, 1, 1, 12, tzinfo=UTC)
