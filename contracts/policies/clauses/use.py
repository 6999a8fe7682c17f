"""What the partner may do with the data, who, where, when and how often."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.policies.clauses.base import (
    Allow,
    ClauseError,
    ClauseKind,
    Field,
    Limit,
    Said,
    Special,
    Value,
    codes,
    day,
    longer_list_is_wider,
    more_is_narrower,
    more_is_wider,
    names,
    sets,
    whole,
)
from contracts.policies.clauses.words import (
    FORMATS,
    LEVELS,
    MODES,
    between,
    columns_in_words,
    either,
    long_day,
)
from contracts.policies.language.vocabulary import NS
from contracts.policies.taxonomy import (
    COUNTRIES,
    GROUPS,
    PURPOSES,
    countries_within,
    place_label,
    purpose_label,
    purposes_within,
)


def _recipient(value: Value) -> Value:
    who = value.get("who")
    if who not in ("organisation", "named_people"):
        raise ClauseError(
            "recipient", "who", "Choose who may receive the data.", "The organisation, or named people."
        )
    return {"who": who}


def _period(value: Value) -> Value:
    start, end = day("period", "from", value.get("from")), day("period", "until", value.get("until"))
    zone = str(value.get("zone") or "UTC")
    wrong = ClauseError("period", "zone", f"{zone!r} is not a time zone.", "For example Europe/Berlin.")
    if not re.fullmatch(r"[A-Za-z0-9_+\-/]{1,60}", zone):
        raise wrong
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong from None
    if end < start:
        raise ClauseError(
            "period", "until", f"The last day {end} is before the first day {start}.", "Correct one."
        )
    return {"from": start, "until": end, "zone": zone}


def _who(value: Value, language: str) -> str:
    named = value["who"] == "named_people"
    if language == "de":
        return "sie nur Personen geben, die in der jeweiligen Anfrage genannt sind" if named else "sie in der eigenen Organisation verwenden"  # fmt: skip
    return "let only people named in each request receive it" if named else "use it within its own organisation"  # fmt: skip


def _within_places(old: Value, new: Value) -> str:
    return sets(countries_within(old["any_of"]), countries_within(new["any_of"]))


def _within_purposes(old: Value, new: Value) -> str:
    return sets(purposes_within(old["any_of"]), purposes_within(new["any_of"]))


def _periods(old: Value, new: Value) -> str:
    a, b = between(old), between(new)
    inside, around = b[0] >= a[0] and b[1] <= a[1], b[0] <= a[0] and b[1] >= a[1]
    if inside and around:
        return "same" if old == new else "changed"
    return "changed" if inside == around else "narrower" if inside else "wider"


def _processors(value: Value) -> Value:
    found = [" ".join(n.split()) for n in names("onward_to", "names", value.get("names"), "name")]
    if any(not 2 <= len(n) <= 120 for n in found) or len(found) > 40:
        raise ClauseError("onward_to", "names", "Each name has 2 to 120 characters; at most 40 names.", "Shorten it.")  # fmt: skip
    return {"names": sorted(set(found))}


_PURPOSE_CHOICES = tuple((c, Said(purpose_label(c), purpose_label(c, "de"))) for c in PURPOSES)
PLACES = {**GROUPS, **COUNTRIES}

USE = (
    ClauseKind(
        "purpose", Said("Purpose", "Zweck"), "may", "enforced",
        Said("What the data may be used for. Anything else is not allowed.", "Wofür die Daten verwendet werden dürfen. Alles andere ist nicht erlaubt."),
        Said("each request must name one of these purposes", "jede Anfrage muss einen dieser Zwecke nennen"),
        lambda v: {"any_of": codes("purpose", "any_of", v.get("any_of"), PURPOSES, "purpose")},
        lambda v, lang: f"die Daten für {either((purpose_label(c, 'de') for c in v['any_of']), lang)} verwenden" if lang == "de"
        else f"use the data for {either((purpose_label(c) for c in v['any_of']), lang)}",
        Limit("purpose", "isAnyOf", "any_of"), _within_purposes,
        (Field("any_of", "choices", Said("Purposes", "Zwecke"), _PURPOSE_CHOICES),), required=True,
        law="GDPR Art. 5(1)(b) purpose limitation; Data Act Art. 8", default={"any_of": ["research"]}, added="changed",
        care=Said("Uses for more purposes", "Nutzung für mehr Zwecke"),
    ),
    ClauseKind(
        "recipient", Said("Who receives it", "Wer es erhält"), "may", "enforced",
        Said("Whether any person of the partner or only named people fetch exports.", "Ob jede Person des Partners oder nur genannte Personen Exporte abholen."),
        Said("downloads are open to the people named in the request only", "Downloads stehen nur den in der Anfrage genannten Personen offen"),
        _recipient, _who,
        Limit("recipient", "isA", "who", lambda v: f"{NS}{v}", lambda v: str(v).removeprefix(NS)),
        lambda old, new: "same" if old == new else "narrower" if new["who"] == "named_people" else "wider",
        (Field("who", "choice", Said("Who", "Wer"), (("named_people", Said("Named people only", "Nur genannte Personen")),
               ("organisation", Said("Anyone in the organisation", "Alle in der Organisation")))),),
        law="GDPR Art. 32 access on a need-to-know basis", default={"who": "named_people"},
    ),
    ClauseKind(
        "place", Said("Place", "Ort"), "may", "enforced",
        Said("Where the data may be stored and looked at.", "Wo die Daten gespeichert und angesehen werden dürfen."),
        Said("each request must name a place inside these", "jede Anfrage muss einen Ort darin nennen"),
        lambda v: {"any_of": codes("place", "any_of", v.get("any_of"), PLACES, "place")},
        lambda v, lang: f"sie nur {either((place_label(c, 'de') for c in v['any_of']), lang)} aufbewahren und ansehen" if lang == "de"
        else f"keep and look at it in {either((place_label(c) for c in v['any_of']), lang)} only",
        Limit("spatial", "isAnyOf", "any_of"), _within_places, (Field("any_of", "places", Said("Places", "Orte")),),
        law="GDPR Ch. V transfers to third countries; Data Act Art. 32", default={"any_of": ["EEA"]},
        care=Said("Data may go to more places", "Daten dürfen an mehr Orte"),
    ),
    ClauseKind(
        "period", Said("Period", "Zeitraum"), "may", "enforced",
        Said("First and last day, both included, in the zone named.", "Erster und letzter Tag, beide eingeschlossen, in der genannten Zeitzone."),
        Said("requests, jobs and downloads outside the period are refused", "Anfragen, Aufträge und Downloads außerhalb werden abgelehnt"),
        _period,
        lambda v, lang: f"sie vom {long_day(v['from'], lang)} bis {long_day(v['until'], lang)} verwenden, beide Tage eingeschlossen (Zeit: {v['zone']})" if lang == "de"
        else f"use it from {long_day(v['from'], lang)} until {long_day(v['until'], lang)}, both days included ({v['zone']} time)",
        Special("period"), _periods,
        (Field("from", "day", Said("First day", "Erster Tag")), Field("until", "day", Said("Last day", "Letzter Tag")),
         Field("zone", "zone", Said("Time zone", "Zeitzone"))), required=True, law="GDPR Art. 5(1)(e) storage limitation", added="changed",
    ),
    ClauseKind(
        "columns", Said("Columns", "Spalten"), "may", "enforced",
        Said("Which columns may leave. Leave out to allow all.", "Welche Spalten herausgegeben werden dürfen. Ohne diese Klausel alle."),
        Said("every other column is dropped by the job", "jede andere Spalte wird vom Auftrag entfernt"),
        lambda v: {"only": names("columns", "only", v.get("only"))},
        lambda v, lang: f"{columns_in_words(v['only'], lang)} erhalten" if lang == "de" else f"receive {columns_in_words(v['only'], lang)}",
        Limit(f"{NS}columns", "isAnyOf", "only", refines=True), longer_list_is_wider("only"),
        (Field("only", "columns", Said("Columns", "Spalten")),), law="GDPR Art. 5(1)(c) data minimisation",
        care=Said("More columns leave", "Mehr Spalten werden herausgegeben"),
    ),
    ClauseKind(
        "exports", Said("Number of exports", "Anzahl der Exporte"), "may", "enforced",
        Said("How many exports can be made under the contract.", "Wie viele Exporte unter dem Vertrag gemacht werden können."),
        Said("counted under a lock when a request is approved", "unter einer Sperre gezählt, wenn eine Anfrage genehmigt wird"),
        lambda v: {"at_most": whole("exports", "at_most", v.get("at_most"), 1, 100_000)},
        lambda v, lang: f"höchstens {v['at_most']} Export{'e' if v['at_most'] != 1 else ''} erhalten" if lang == "de"
        else f"receive at most {v['at_most']} export{'s' if v['at_most'] != 1 else ''}",
        Limit("count", "lteq", "at_most"), more_is_wider("at_most"), (Field("at_most", "number", Said("At most", "Höchstens")),),
        default={"at_most": 12},
    ),
    ClauseKind(
        "rows_total", Said("Rows in all", "Zeilen insgesamt"), "may", "enforced",
        Said("How many rows may be delivered in all exports together.", "Wie viele Zeilen in allen Exporten zusammen herausgegeben werden dürfen."),
        Said("counted under a lock; an export that would go over the limit is not delivered", "unter einer Sperre gezählt; ein Export über der Grenze wird nicht herausgegeben"),
        lambda v: {"at_most": whole("rows_total", "at_most", v.get("at_most"), 1, 1_000_000_000_000)},
        lambda v, lang: f"insgesamt höchstens {v['at_most']:,} Zeilen erhalten".replace(",", ".") if lang == "de" else f"receive at most {v['at_most']:,} rows in all",
        Limit(f"{NS}rows", "lteq", "at_most"), more_is_wider("at_most"), (Field("at_most", "number", Said("At most so many rows", "Höchstens so viele Zeilen")),),
        default={"at_most": 1_000_000},
    ),
    ClauseKind(
        "formats", Said("File formats", "Dateiformate"), "may", "enforced",
        Said("In which formats exports are made.", "In welchen Formaten Exporte gemacht werden."),
        Said("the request form and the job refuse other formats", "Anfrageformular und Auftrag lehnen andere Formate ab"),
        lambda v: {"any_of": codes("formats", "any_of", v.get("any_of"), FORMATS, "format")},
        lambda v, lang: f"Exporte als {either((FORMATS[c].de for c in v['any_of']), lang)} erhalten" if lang == "de"
        else f"receive exports as {either((FORMATS[c].en for c in v['any_of']), lang)}",
        Limit("fileFormat", "isAnyOf", "any_of"), longer_list_is_wider("any_of"),
        (Field("any_of", "choices", Said("Formats", "Formate"), tuple(FORMATS.items())),), default={"any_of": ["csv", "parquet"]},
    ),
    ClauseKind(
        "download_within", Said("Download time", "Abholfrist"), "may", "enforced",
        Said("How long each export can be fetched after it was made.", "Wie lange jeder Export nach seiner Erstellung abgeholt werden kann."),
        Said("the download closes after so many days", "der Download schließt nach so vielen Tagen"),
        lambda v: {"days": whole("download_within", "days", v.get("days"), 1, 365)},
        lambda v, lang: f"jeden Export innerhalb von {v['days']} {'Tagen' if v['days'] != 1 else 'Tag'} nach seiner Erstellung abholen" if lang == "de"
        else f"fetch each export within {v['days']} day{'s' if v['days'] != 1 else ''} after it was made",
        Limit("elapsedTime", "lteq", "days", lambda n: f"P{n}D", lambda p: str(p)[1:-1]), more_is_wider("days"),
        (Field("days", "number", Said("Days", "Tage")),), default={"days": 14},
    ),
    ClauseKind(
        "access_mode", Said("Way of access", "Art des Zugangs"), "may", "enforced",
        Said("Whether rows may leave, or only results that were summed up inside the portal.", "Ob Zeilen herausgegeben werden dürfen oder nur im Portal zusammengefasste Ergebnisse."),
        Said("a request whose result is of another kind is refused", "eine Anfrage mit anderem Ergebnis wird abgelehnt"),
        lambda v: {"any_of": codes("access_mode", "any_of", v.get("any_of"), MODES, "way of access")},
        lambda v, lang: f"{either((MODES[c].de for c in v['any_of']), lang)} erhalten" if lang == "de" else f"receive {either((MODES[c].en for c in v['any_of']), lang)}",
        Limit(f"{NS}accessMode", "isAnyOf", "any_of"), longer_list_is_wider("any_of"),
        (Field("any_of", "choices", Said("Ways", "Arten"), tuple(MODES.items())),), law="GDPR Art. 25 data protection by design",
        default={"any_of": ["clean_room"]}, care=Said("Rows leave the portal", "Zeilen verlassen das Portal"),
    ),
    ClauseKind(
        "security_level", Said("Security level", "Sicherheitsniveau"), "may", "enforced",
        Said("Which level the trust must have attested of the partner, 1 (basic) to 5 (highest).", "Welches Niveau der Trust dem Partner bescheinigt haben muss, 1 (einfach) bis 5 (höchstes)."),
        Said("requests are refused below the level that the trust attests", "Anfragen unter dem bescheinigten Niveau werden abgelehnt"),
        lambda v: {"at_least": whole("security_level", "at_least", v.get("at_least"), 1, 5)},
        lambda v, lang: f"sie nur verwenden, solange der Trust dem Partner mindestens Sicherheitsniveau {v['at_least']} bescheinigt" if lang == "de"
        else f"use it only while the trust attests at least security level {v['at_least']}",
        Limit(f"{NS}securityLevel", "gteq", "at_least"), more_is_narrower("at_least"),
        (Field("at_least", "choice", Said("At least", "Mindestens"), LEVELS),), law="GDPR Art. 32 security of processing",
        default={"at_least": 3}, care=Said("A lower security level is enough", "Ein niedrigeres Sicherheitsniveau genügt"),
    ),
    ClauseKind(
        "onward_to", Said("Named processors", "Genannte Auftragsverarbeiter"), "may", "promised",
        Said("Who else may receive the data on the partner's behalf, by name, one a line.", "Wer die Daten im Auftrag des Partners noch erhalten darf, mit Namen, einer je Zeile."),
        Said("the contract; nobody else is named in exports", "der Vertrag; sonst ist in Exporten niemand genannt"),
        _processors,
        lambda v, lang: f"sie an {either(v['names'], lang, 'und')} weitergeben, die in seinem Auftrag arbeiten, sonst an niemanden" if lang == "de"
        else f"pass it to {either(v['names'], lang, 'and')}, who work on its behalf, and to nobody else",
        Allow("distribute", (Limit("recipient", "isAnyOf", "names"),)), longer_list_is_wider("names"),
        (Field("names", "lines", Said("Names", "Namen")),), law="GDPR Art. 28 processors", added="wider",
        care=Said("Data is passed on", "Daten werden weitergegeben"),
    ),
)  # fmt: skip
