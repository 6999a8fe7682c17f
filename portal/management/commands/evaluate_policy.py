"""What a policy decides about a request, on the command line."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contracts.policies.deciding.documents import BYTES, decide, loaded
from contracts.policies.deciding.facts import InputFault
from contracts.policies.deciding.parts import Premise
from contracts.policies.deciding.report import Decision
from contracts.policies.deciding.wording import duty_words, label, reason_of, requirement, said, verdict_words
from contracts.policies.language.faults import PolicyError

MARK = {True: "+", False: "-", None: "?"}


class Command(BaseCommand):
    help = (
        "Decides POLICY (ODRL JSON-LD) for a request in a state of the world: permit, deny or needs information, "
        "with every premise. A file named - is standard input. Exit code 1 for what cannot be read."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("policy", metavar="POLICY", help="a policy as ODRL JSON-LD")
        parser.add_argument(
            "--request", required=True, help="who asks for which action on what, and further left operands"
        )
        parser.add_argument(
            "--world", help="now, members, duties, counters, facts; left out: nothing is known"
        )
        parser.add_argument("--json", action="store_true", help="the decision as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        names = [options["policy"], options["request"], options["world"]]
        if names.count("-") > 1:
            raise CommandError("Only one of the three can be standard input.")
        texts = [_read(name) if name else "{}" for name in names]
        names = ["standard input" if name == "-" else name for name in names]
        policy = texts[0]
        try:
            request, world = loaded(names[1], texts[1]), loaded(names[2], texts[2])
            decision, turned = decide(policy, request, world)
        except PolicyError as problem:
            raise CommandError("\n".join(f"{names[0]}: {fault}" for fault in problem.faults)) from None
        except InputFault as problem:
            # The place begins with which of the two it is; people know the files.
            place = problem.where
            for part, name in (("request", names[1]), ("world", names[2] or "world")):
                if place == part or place.startswith((f"{part}.", f"{part}[")):
                    place = f"{name}: {place}"
            raise CommandError(f"{place} {problem.text}. {problem.remedy}".strip()) from None
        if options["json"]:
            found = {**decision.as_dict(), "turning": turned.as_dict() if turned else None}
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
            return
        self.stdout.write("\n".join(_lines(decision)))
        if turned:
            self.stdout.write(f"Would be a yes if: {turned.text}.")


def _read(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read(BYTES * 64) if name == "-" else Path(name).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as problem:
        raise CommandError(f"{name} cannot be read: {problem.strerror or problem}.") from None
    except UnicodeDecodeError as problem:
        raise CommandError(f"{name} is not UTF-8 text (byte {problem.start}). Save it as UTF-8.") from None


def _lines(decision: Decision) -> list[str]:
    lines = [verdict_words(decision.verdict)]
    for rule in decision.rules:
        lines += [
            "",
            f"{rule.kind.capitalize()} {rule.uid}: {'in effect' if rule.active else 'not in effect'}",
            f"  {reason_of(rule)}",
        ]
        for premise in rule.premises:
            lines += _premise(premise, "  ")
    lines += [""]
    for title, duties in (("Now", decision.duties_now), ("Later", decision.duties_later)):
        lines += [f"{title} to do: {duty_words(duty)}" for duty in duties]
    lines += [
        f"To reserve: {one['add']} of {label(one['left_operand'])}" for one in decision.counters_to_reserve
    ]
    if decision.missing_facts:
        lines.append(f"Not known: {', '.join(label(name) for name in decision.missing_facts)}")
    return lines


def _premise(premise: Premise, indent: str) -> list[str]:
    value = "not known" if premise.value is None else said(premise.left, premise.value)
    text = f"{label(premise.left)} {value}; {requirement(premise)}" if premise.left else requirement(premise)
    found = [f"{indent}{MARK[premise.holds]} {text} ({premise.source})"]
    return found + [line for part in premise.parts for line in _premise(part, indent + "    ")]
