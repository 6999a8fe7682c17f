"""What is done to the data before it leaves, and what nobody may do with it."""

from __future__ import annotations

from contracts.policies.clauses.base import (
    ClauseKind,
    Duty,
    Field,
    Forbid,
    Limit,
    Said,
    Value,
    any_change,
    longer_list_is_narrower,
    more_is_narrower,
    names,
    nothing,
    sets,
    whole,
)
from contracts.policies.clauses.lines import (
    coarser,
    coarser_in_words,
    conditions,
    conditions_in_words,
)
from contracts.policies.clauses.words import either
from contracts.policies.language.vocabulary import NS
from kernel.canonical import canonical_bytes


def _group(value: Value) -> Value:
    return {
        "k": whole("min_group_size", "k", value.get("k"), 2, 1_000_000),
        "by": names("min_group_size", "by", value.get("by")),
    }


def _groups(old: Value, new: Value) -> str:
    """Larger groups are stricter; telling groups apart by more columns makes more of them small, so it is too."""
    if old == new:
        return "same"
    size = (new["k"] > old["k"]) - (new["k"] < old["k"])
    by = {"same": 0, "wider": 1, "narrower": -1}.get(sets(set(old["by"]), set(new["by"])))
    if by is None or size * by < 0:
        return "changed"
    return "narrower" if size + by > 0 else "wider"


def _written(found: list[Value]) -> list[str]:
    """Each part as canonical JSON: ODRL's right operands are values, not objects."""
    return [canonical_bytes(one).decode() for one in found]


def _read(given: object) -> list[Value]:
    import json

    try:
        return [json.loads(str(one)) for one in given] if isinstance(given, list) else []
    except ValueError:
        return []


def _as_sets(key: str) -> object:
    def verdict(old: Value, new: Value) -> str:
        return sets(set(_written(new[key])), set(_written(old[key])))

    return verdict


PROTECT = (
    ClauseKind(
        "only_rows", Said("Rows", "Zeilen"), "must", "enforced",
        Said("Which rows may leave: one condition a line, as column; sign; value. All must hold.",
             "Welche Zeilen herausgegeben werden: eine Bedingung je Zeile, als Spalte; Zeichen; Wert. Alle müssen gelten."),
        Said("every other row is removed by the job before anything else", "jede andere Zeile wird vom Auftrag zuerst entfernt"),
        lambda v: {"conditions": conditions(v.get("conditions"))},
        lambda v, lang: f"nur Zeilen erhalten, in denen {conditions_in_words(v['conditions'], lang)}" if lang == "de"
        else f"receive only rows where {conditions_in_words(v['conditions'], lang)}",
        Limit(f"{NS}rowFilter", "isAllOf", "conditions", _written, _read, refines=True), _as_sets("conditions"),  # type: ignore[arg-type]
        (Field("conditions", "conditions", Said("Conditions", "Bedingungen"), help=Said("For example: carrier; in; UA, AA", "Zum Beispiel: carrier; in; UA, AA")),),
        law="GDPR Art. 5(1)(c) data minimisation", voice="will", care=Said("More rows leave", "Mehr Zeilen werden herausgegeben"),
    ),
    ClauseKind(
        "min_group_size", Said("Smallest group", "Kleinste Gruppe"), "must", "enforced",
        Said("Rows in groups smaller than this are removed, so that nobody stands out.", "Zeilen in kleineren Gruppen werden entfernt, damit niemand heraussticht."),
        Said("the job removes smaller groups and a gate checks the result", "der Auftrag entfernt kleinere Gruppen, und das Ergebnis wird geprüft"),
        _group,
        lambda v, lang: f"nur Gruppen von mindestens {v['k']} Zeilen mit gleichen Werten in {either(v['by'], lang, 'und')} erhalten; kleinere Gruppen werden entfernt" if lang == "de"
        else f"receive only groups of at least {v['k']} rows that share {either(v['by'], lang, 'and')}; smaller groups are removed",
        Duty("aggregate", "pre", (Limit(f"{NS}minGroupSize", "gteq", "k"), Limit(f"{NS}groupColumns", "isAllOf", "by"))), _groups,
        (Field("k", "number", Said("At least so many rows", "Mindestens so viele Zeilen")), Field("by", "columns", Said("that share", "mit gleichen Werten in"))),
        law="GDPR Recital 26; ISO/IEC 20889 k-anonymity", voice="will", default={"k": 5},
        care=Said("Smaller groups can be told apart", "Kleinere Gruppen werden erkennbar"),
    ),
    ClauseKind(
        "pseudonymise", Said("Pseudonyms", "Pseudonyme"), "must", "enforced",
        Said("Values of these columns are replaced by tokens that are the same within the contract and unlinkable across contracts.",
             "Werte dieser Spalten werden durch Kennzeichen ersetzt, die innerhalb des Vertrags gleich und über Verträge hinweg nicht verknüpfbar sind."),
        Said("the job replaces them with HMAC-SHA-256 under the contract's own key", "der Auftrag ersetzt sie durch HMAC-SHA-256 mit dem Schlüssel des Vertrags"),
        lambda v: {"columns": names("pseudonymise", "columns", v.get("columns"))},
        lambda v, lang: f"{either(v['columns'], lang, 'und')} nur als Pseudonyme erhalten" if lang == "de" else f"receive {either(v['columns'], lang, 'and')} only as pseudonyms",
        Duty("anonymize", "pre", (Limit(f"{NS}pseudonymisedColumns", "isAllOf", "columns"),)), longer_list_is_narrower("columns"),
        (Field("columns", "secret_columns", Said("Columns", "Spalten")),), law="GDPR Art. 4(5) and 25", voice="will",
        care=Said("Real values leave instead of pseudonyms", "Echte Werte statt Pseudonymen werden herausgegeben"),
    ),
    ClauseKind(
        "generalise", Said("Coarser values", "Gröbere Werte"), "must", "enforced",
        Said("Columns that leave only coarser: one rule a line, as column; year, column; band 10, column; first 2, or column; at most 90.",
             "Spalten, die nur gröber herausgegeben werden: eine Regel je Zeile, als Spalte; year, Spalte; band 10, Spalte; first 2 oder Spalte; at most 90."),
        Said("the job makes them coarser before anything else is done with them", "der Auftrag vergröbert sie, bevor etwas anderes geschieht"),
        lambda v: {"rules": coarser(v.get("rules"))},
        lambda v, lang: f"nur gröber erhalten: {coarser_in_words(v['rules'], lang)}" if lang == "de" else f"receive {coarser_in_words(v['rules'], lang)}",
        Duty("anonymize", "pre", (Limit(f"{NS}generalisation", "isAllOf", "rules", _written, _read),)), _as_sets("rules"),  # type: ignore[arg-type]
        (Field("rules", "coarser", Said("Rules", "Regeln"), help=Said("For example: born; year", "Zum Beispiel: geboren; year")),),
        law="GDPR Recital 26; ISO/IEC 20889 generalisation", voice="will", care=Said("Finer values leave", "Feinere Werte werden herausgegeben"),
    ),
    ClauseKind(
        "aggregate_only", Said("Results only", "Nur Ergebnisse"), "must", "enforced",
        Said("Only figures that were summed up leave, never single rows, and none that stands for fewer rows than this.",
             "Nur zusammengefasste Zahlen werden herausgegeben, nie einzelne Zeilen, und keine, hinter der weniger Zeilen stehen."),
        Said("a recipe that does not sum up is refused; small counts are blanked, and what would give them away", "ein Rezept, das nicht zusammenfasst, wird abgelehnt; kleine Zahlen werden geleert"),
        lambda v: {"k": whole("aggregate_only", "k", v.get("k"), 2, 1_000_000)},
        lambda v, lang: f"nur zusammengefasste Zahlen erhalten, hinter denen jeweils mindestens {v['k']} Zeilen stehen" if lang == "de"
        else f"receive only figures that were summed up from at least {v['k']} rows each",
        Duty(f"{NS}summarise", "pre", (Limit(f"{NS}minGroupSize", "gteq", "k"),)), more_is_narrower("k"),
        (Field("k", "number", Said("From at least so many rows", "Aus mindestens so vielen Zeilen")),), law="GDPR Recital 162 statistical results", voice="will",
        default={"k": 10}, care=Said("Single rows or smaller groups leave", "Einzelne Zeilen oder kleinere Gruppen werden herausgegeben"),
    ),
    ClauseKind(
        "watermark", Said("Tracing mark", "Kennzeichnung"), "must", "enforced",
        Said("About one row in a hundred is left out, other ones in each delivery, so that a leaked copy can be traced.",
             "Etwa eine von hundert Zeilen fehlt, in jeder Lieferung andere, damit eine durchgesickerte Kopie zugeordnet werden kann."),
        Said("the job marks each delivery of 10,000 rows or more; no value is changed", "der Auftrag kennzeichnet jede Lieferung ab 10.000 Zeilen; kein Wert wird verändert"),
        nothing, lambda v, lang: "eine Kopie erhalten, in der etwa eine von hundert Zeilen fehlt, in jeder Lieferung andere, damit eine weitergegebene Kopie zugeordnet werden kann" if lang == "de"
        else "receive a copy that lacks about one row in a hundred, other ones in each delivery, so that a leaked copy can be traced",
        Duty("watermark", "pre"), any_change, law="GDPR Art. 32 security of processing", voice="will",
        care=Said("Leaked copies can no longer be traced", "Kopien können nicht mehr zugeordnet werden"),
    ),
    ClauseKind(
        "no_onward_transfer", Said("No onward transfer", "Keine Weitergabe"), "may_not", "promised",
        Said("The partner keeps the data to itself.", "Der Partner behält die Daten für sich."),
        Said("the contract; exports name their receipt", "der Vertrag; Exporte nennen ihre Quittung"), nothing,
        lambda v, lang: "die Daten nicht an andere weitergeben" if lang == "de" else "pass the data on to anyone else", Forbid("distribute"), any_change,
        law="Data Act Art. 6(2)(c) onward sharing", care=Said("Data may be passed on", "Daten dürfen weitergegeben werden"),
    ),
    ClauseKind(
        "no_reidentification", Said("No re-identification", "Keine Re-Identifizierung"), "may_not", "promised",
        Said("No attempt to find out who someone is.", "Kein Versuch herauszufinden, wer jemand ist."),
        Said("the contract; pseudonyms and group size make it hard", "der Vertrag; Pseudonyme und Gruppengröße erschweren es"), nothing,
        lambda v, lang: "nicht versuchen, eine Person zu erkennen oder einen Datensatz herauszugreifen" if lang == "de" else "try to identify any person or single out a record",
        Forbid(f"{NS}reidentify"), any_change, law="DGA Art. 5(5); EHDS Art. 61(3)", care=Said("People may be identified", "Personen dürfen erkannt werden"),
    ),
    ClauseKind(
        "no_ai_training", Said("No AI training", "Kein KI-Training"), "may_not", "enforced",
        Said("No model is trained on the data.", "Mit den Daten wird kein Modell trainiert."),
        Said("requests whose purpose is to train a model are refused", "Anfragen zum Training eines Modells werden abgelehnt"), nothing,
        lambda v, lang: "mit den Daten keine KI-Modelle trainieren" if lang == "de" else "train AI models on the data", Forbid(f"{NS}train"), any_change,
        law="AI Act Art. 10 and 53(1)(c); DSM Directive Art. 4", care=Said("Models may be trained", "Modelle dürfen trainiert werden"),
    ),
)  # fmt: skip
