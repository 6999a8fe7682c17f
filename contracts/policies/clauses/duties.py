"""What must be done: before, while and after the data is used; and what follows when it is not."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.policies.clauses.base import (
    ClauseError,
    ClauseKind,
    Duty,
    Field,
    Limit,
    Said,
    Special,
    Value,
    any_change,
    codes,
    longer_list_is_narrower,
    more_is_wider,
    text,
    whole,
)
from contracts.policies.clauses.words import CONSEQUENCES, either
from contracts.policies.language.phrases import OPERATORS
from contracts.policies.language.vocabulary import NS, full
from kernel.canonical import canonical_bytes

CURRENCIES = ("CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "JPY", "NOK", "PLN", "SEK", "USD")


def _payment(value: Value) -> Value:
    given = str(value.get("amount") or "").strip()
    wrong = ClauseError(
        "compensate", "amount", f"{given!r} is not an amount.", "Write it like 1200.00, above 0."
    )
    if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", given):
        raise wrong
    try:
        amount = Decimal(given).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise wrong from None
    if amount <= 0:
        raise wrong
    currency = str(value.get("currency") or "").upper()
    if currency not in CURRENCIES:
        raise ClauseError(
            "compensate", "currency", f"{currency!r} is not a known currency.", "For example EUR."
        )
    return {"amount": format(amount, "f"), "currency": currency}


def _prices(old: Value, new: Value) -> str:
    if old == new:
        return "same"
    if old["currency"] != new["currency"]:
        return "changed"
    return "narrower" if Decimal(new["amount"]) > Decimal(old["amount"]) else "wider"


def _own(value: Value) -> Value:
    """A trust's own clauses: each with its code, mood and both texts, kept whole in the contract."""
    given = value.get("clauses")
    if not isinstance(given, (list, tuple)) or not 1 <= len(given) <= 40:
        raise ClauseError(
            "own", "clauses", "Choose at least one clause of the trust.", "Or leave the clause out."
        )
    found: dict[str, Value] = {}
    for one in given:
        if not isinstance(one, dict) or not re.fullmatch(
            r"[a-z0-9][a-z0-9-]{1,60}", str(one.get("code", ""))
        ):
            raise ClauseError("own", "clauses", "A clause of the trust has no code.", "Choose from the trust's clauses.")  # fmt: skip
        if one.get("mood") not in ("may", "may_not", "must"):
            raise ClauseError(
                "own", "clauses", f"{one['code']}: says neither may, may not nor must.", "Choose one."
            )
        found[one["code"]] = {
            "code": one["code"],
            "mood": one["mood"],
            "en": text("own", "clauses", one.get("en"), 5, 600, f"Write {one['code']} in English"),
            "de": text(
                "own", "clauses", one.get("de") or one.get("en"), 5, 600, f"Write {one['code']} in German"
            ),
        }
    return {"clauses": [found[code] for code in sorted(found)]}


def _own_in_words(value: Value, language: str) -> str:
    verbs = {"may": ("may", "darf"), "may_not": ("may not", "darf nicht"), "must": ("must", "muss")}
    at = 1 if language == "de" else 0
    return "; ".join(f"{verbs[c['mood']][at]} {c['de' if at else 'en']}" for c in value["clauses"])


PLACES_OF_PARTS = ("policy", "permission", "constraint", "duty", "prohibition", "obligation")


def _unexplained(value: Value) -> Value:
    """Parts of an imported policy that this portal cannot explain, word for word."""
    given = value.get("parts")
    if not isinstance(given, (list, tuple)) or not 1 <= len(given) <= 200:
        raise ClauseError("unexplained", "parts", "There is nothing here to keep.", "Leave the clause out.")
    found = []
    for one in given:
        if not isinstance(one, dict) or one.get("at") not in PLACES_OF_PARTS or "node" not in one:
            raise ClauseError("unexplained", "parts", "A part does not say where it stood.", "Import the policy again.")  # fmt: skip
        try:
            canonical_bytes(one["node"])
        except TypeError as problem:
            raise ClauseError("unexplained", "parts", str(problem), "Write decimals as text.") from None
        found.append({"at": one["at"], "node": one["node"]})
    return {"parts": sorted(found, key=canonical_bytes)}


def named_terms(node: Any) -> list[str]:
    """What to call an unexplained part: its action, left operand, or keys."""
    if isinstance(node, dict):
        for key in ("leftOperand", "action"):
            if isinstance(node.get(key), str):
                return [node[key]]
        return sorted(str(k) for k in node if k not in ("operator", "rightOperand"))[:3] or ["?"]
    return [json.dumps(node, ensure_ascii=False)[:80]]


def _part_in_words(node: Any, language: str) -> str:
    """A foreign condition with what it asks for, since a person has to read it; anything else by its name."""
    name = " / ".join(named_terms(node))
    known = isinstance(node, dict) and OPERATORS.get(full(str(node.get("operator", ""))))
    if not known or "leftOperand" not in node:
        return name
    right = node.get("rightOperand")
    values = [
        r.get("@id") or r.get("@value") if isinstance(r, dict) else r
        for r in (right if isinstance(right, list) else [right])
    ]
    return f"{name} {known[language == 'de']} " + ", ".join(f"“{one}”" for one in values)


def _unexplained_in_words(value: Value, language: str) -> str:
    parts = ", ".join(_part_in_words(p["node"], language) for p in value["parts"])
    if language == "de":
        return f"an Begriffe gebunden, die dieses Portal nicht erklären kann: {parts}"
    return f"bound by terms this portal cannot explain: {parts}"


DUTIES = (
    ClauseKind(
        "compensate", Said("Payment", "Bezahlung"), "must", "enforced",
        Said("What is paid before the first export. The provider records the payment; the portal moves no money.",
             "Was vor dem ersten Export bezahlt wird. Der Anbieter verbucht die Zahlung; das Portal bewegt kein Geld."),
        Said("no request is approved before the provider has recorded the payment", "keine Anfrage wird genehmigt, bevor der Anbieter die Zahlung verbucht hat"),
        _payment,
        lambda v, lang: f"vor dem ersten Export {v['amount'].replace('.', ',')} {v['currency']} bezahlen" if lang == "de" else f"pay {v['amount']} {v['currency']} before the first export",
        Duty("compensate", "pre", (Limit("payAmount", "eq", "amount", more={"unit": "currency"}),)), _prices,
        (Field("amount", "text", Said("Amount", "Betrag")), Field("currency", "choice", Said("Currency", "Währung"), tuple((c, Said(c, c)) for c in CURRENCIES))),
        law="Data Act Art. 9 reasonable compensation", default={"amount": "100.00", "currency": "EUR"},
    ),
    ClauseKind(
        "report_use", Said("Report of use", "Nutzungsbericht"), "must", "watched",
        Said("How often the partner says what the data was used for.", "Wie oft der Partner sagt, wofür die Daten verwendet wurden."),
        Said("a duty with a date opens again and again while the contract runs", "eine Pflicht mit Frist entsteht immer wieder, solange der Vertrag läuft"),
        lambda v: {"every_days": whole("report_use", "every_days", v.get("every_days"), 7, 1_096)},
        lambda v, lang: f"alle {v['every_days']} Tage hier berichten, wofür die Daten verwendet wurden" if lang == "de"
        else f"report here every {v['every_days']} days what the data was used for",
        Duty("inform", "ongoing", (Limit("timeInterval", "eq", "every_days", lambda n: f"P{n}D", lambda p: str(p)[1:-1]),)), more_is_wider("every_days"),
        (Field("every_days", "number", Said("Every so many days", "Alle so viele Tage")),), law="Data Act Art. 8 transparency", default={"every_days": 90},
    ),
    ClauseKind(
        "inform_breach", Said("Notice of a breach", "Meldung einer Verletzung"), "must", "promised",
        Said("How soon the partner tells the provider when data was lost, leaked or misused.", "Wie schnell der Partner dem Anbieter meldet, wenn Daten verloren, durchgesickert oder missbraucht sind."),
        Said("the contract", "der Vertrag"),
        lambda v: {"hours": whole("inform_breach", "hours", v.get("hours"), 1, 720)},
        lambda v, lang: f"den Anbieter innerhalb von {v['hours']} {'Stunden' if v['hours'] != 1 else 'Stunde'} unterrichten, wenn Daten verloren, durchgesickert oder missbraucht sind" if lang == "de"
        else f"tell the provider within {v['hours']} hour{'s' if v['hours'] != 1 else ''} when data was lost, leaked or misused",
        Duty(f"{NS}notifyBreach", "ongoing", (Limit("delayPeriod", "lteq", "hours", lambda n: f"PT{n}H", lambda p: str(p)[2:-1]),)), more_is_wider("hours"),
        (Field("hours", "number", Said("Hours", "Stunden")),), law="GDPR Art. 33(2)", default={"hours": 24},
    ),
    ClauseKind(
        "attribution", Said("Attribution", "Namensnennung"), "must", "promised",
        Said("The credit line for publications.", "Die Quellenangabe für Veröffentlichungen."), Said("the contract; the line is in each package", "der Vertrag; die Angabe liegt jedem Paket bei"),
        lambda v: {"text": text("attribution", "text", v.get("text"), 3, 300, "Write the credit line")},
        lambda v, lang: f"die Quelle als „{v['text']}“ nennen" if lang == "de" else f"credit the source as “{v['text']}”",
        Duty("attribute", "ongoing", (Limit(f"{NS}creditLine", "eq", "text"),)), any_change,
        (Field("text", "text", Said("Credit line", "Quellenangabe")),), default={"text": "Data provided through Commonhold"},
    ),
    ClauseKind(
        "delete_within", Said("Delete afterwards", "Danach löschen"), "must", "watched",
        Said("Copies are deleted within so many days of the end.", "Kopien werden innerhalb so vieler Tage nach dem Ende gelöscht."),
        Said("a duty with a date opens when the contract ends", "eine Pflicht mit Frist entsteht, wenn der Vertrag endet"),
        lambda v: {"days": whole("delete_within", "days", v.get("days"), 1, 3_650)},
        lambda v, lang: f"alle Kopien innerhalb von {v['days']} Tagen nach dem Ende des Vertrags löschen und es hier erklären" if lang == "de"
        else f"delete all its copies within {v['days']} days after the contract ends and say so here",
        Duty("delete", "post", (Limit("delayPeriod", "lteq", "days", lambda n: f"P{n}D", lambda p: str(p)[1:-1]),)), more_is_wider("days"),
        (Field("days", "number", Said("Days after the end", "Tage nach dem Ende")),), law="GDPR Art. 17 and 28(3)(g)", default={"days": 30},
        care=Said("Copies need not be deleted, or later", "Kopien müssen nicht oder später gelöscht werden"),
    ),
    ClauseKind(
        "if_late", Said("If a duty is late", "Wenn eine Pflicht versäumt wird"), "must", "enforced",
        Said("What follows when a watched duty is not done in time.", "Was folgt, wenn eine überwachte Pflicht nicht rechtzeitig erfüllt wird."),
        Said("the portal does it by itself on the day after the date", "das Portal tut es von selbst am Tag nach der Frist"),
        lambda v: {"then": codes("if_late", "then", v.get("then"), CONSEQUENCES, "consequence")},
        lambda v, lang: f"hinnehmen, was folgt, wenn eine Pflicht versäumt wird: {either((CONSEQUENCES[c].de for c in v['then']), lang, 'und')}" if lang == "de"
        else f"accept what follows when a duty is late: {either((CONSEQUENCES[c].en for c in v['then']), lang, 'and')}",
        Special("if_late"), longer_list_is_narrower("then"),
        (Field("then", "choices", Said("What follows", "Was folgt"), tuple(CONSEQUENCES.items())),), default={"then": ["suspend_downloads"]},
    ),
    ClauseKind(
        "own", Said("Clauses of the trust", "Klauseln des Trusts"), "must", "promised",
        Said("Clauses that the trust has written itself.", "Klauseln, die der Trust selbst geschrieben hat."), Said("the contract", "der Vertrag"),
        _own, _own_in_words, Special("own"), any_change, (Field("clauses", "own", Said("Clauses", "Klauseln")),), added="changed", voice="own",
        care=Said("A clause of the trust changes", "Eine Klausel des Trusts ändert sich"),
    ),
    ClauseKind(
        "unexplained", Said("Terms that cannot be explained", "Nicht erklärbare Begriffe"), "must", "promised",
        Said("Parts of an imported policy that this portal does not know. They bind as they are written.", "Teile einer eingelesenen Richtlinie, die dieses Portal nicht kennt. Sie binden, wie sie geschrieben sind."),
        Said("nobody: a person has to read and confirm them", "niemand: eine Person muss sie lesen und bestätigen"),
        _unexplained, _unexplained_in_words, Special("unexplained"), any_change, added="changed", voice="is",
        care=Said("Terms that this portal cannot explain", "Begriffe, die dieses Portal nicht erklären kann"),
    ),
)  # fmt: skip
